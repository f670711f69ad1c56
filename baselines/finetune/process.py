"""The parent's side of the training process."""

import json
import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from baselines.finetune.spec import Begun, RunResult, RunSpec
from baselines.finetune.store import writing
from harness.child import Child, module_command
from harness.engine.faults import memory_kills, was_for_memory
from harness.errors import ArmError, StoreError
from harness.records import LossPoint, Weights

LOG_NAME = "trainer.log"
LAST_LINES = 8
CLOSING_SECONDS = 10.0
KILLED = -9
# Nothing may be fetched or reported while training, and a set's order must not depend on the run.
ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONHASHSEED": "0"}


class OutOfMemory(ArmError):
    """The training process ran out of memory, or was killed as if it had."""


class Killed(OutOfMemory):
    """It was killed, and the system, which counts what it kills for memory, does not say that it did."""


class TrainingProcess:
    """A process that holds one base and trains adapters on it; started when first needed, and again after a death.

    `micro_tokens` is what one pass may hold once memory has run out; every later run keeps to it.
    """

    def __init__(self, folder: Path, base: Weights) -> None:
        self.folder = folder
        self.base = base
        self.micro_tokens: int | None = None
        self._process: Child | None = None
        self._memory_kills: int | None = None  # of the whole system, when the process began

    def __enter__(self) -> "TrainingProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> int | None:
        """End the process, if there is one, and return its exit code."""
        process, self._process = self._process, None
        if process is None:
            return None
        return process.stop(CLOSING_SECONDS)

    def keep_to(self, micro_tokens: int | None) -> None:
        """Keep to what an earlier attempt came to once memory had run out, where that is less."""
        known = [tokens for tokens in (micro_tokens, self.micro_tokens) if tokens is not None]
        self.micro_tokens = min(known, default=None)

    def run(
        self,
        spec: RunSpec,
        on_step: Callable[[LossPoint], None],
        on_checkpoint: Callable[[int, float, Path], bool],
        on_begun: Callable[[Begun], None] = lambda begun: None,
        latest: int | None = None,
    ) -> RunResult:
        """Train once, from the newest usable resume point in the run's folder if there is one.

        Args:
            spec: What to train.
            on_step: Called after every optimiser step.
            on_checkpoint: Called with step, epoch and adapter folder; says whether to continue.
            on_begun: Called once before the first step.
            latest: The last step from which this run can continue; its end when not given.

        Raises:
            OutOfMemory: If memory ran out, or the process was killed; the next run starts another.
            ArmError: If training failed, or its process died.
            StoreError: If the disk is full or refuses.
        """
        self._start()
        self._send({"run": spec.to_json(), "latest": spec.steps if latest is None else latest})
        while True:
            event = self._receive()
            kind = event.pop("event")
            if kind == "step":
                on_step(LossPoint(**event))
            elif kind == "checkpoint":
                continues = on_checkpoint(event["step"], event["epoch"], Path(event["folder"]))
                self._send({"continue": continues})
            elif kind == "begun":
                on_begun(Begun.from_json(event))
            elif kind == "failed":
                raise self._failed(**event)
            else:
                return RunResult(**event)

    def _start(self) -> None:
        if self._process is not None:
            return
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            log = (self.folder / LOG_NAME).open("ab")
        self._memory_kills = memory_kills()
        with log:
            command = module_command("baselines.finetune.trainer")
            self._process = Child(command, errors=log, environment=ENVIRONMENT)
        self._send({"load": {"model": self.base.model, "quantization": self.base.quantization}})
        self._receive()

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process
        if not self._process.send(json.dumps(message)):
            raise self._died()

    def _receive(self) -> dict[str, Any]:
        assert self._process
        event = self._process.receive_object(math.inf, self._note)  # whoever runs the arm sees that it says nothing
        if event is None:
            raise self._died()
        return event

    def _note(self, line: str) -> None:
        """Keep a line that is not an event."""
        with suppress(OSError), (self.folder / LOG_NAME).open("a", encoding="utf-8") as log:
            log.write(line)

    def _failed(self, kind: str, reason: str) -> ArmError | StoreError:
        if kind == "storage":
            return StoreError(reason)
        if kind == "out_of_memory":
            self.close()  # what it still holds goes with it
            return OutOfMemory(reason)
        return ArmError(reason)

    def _died(self) -> ArmError:
        code = self.close()
        if code == KILLED:
            kind = OutOfMemory if was_for_memory(self._memory_kills) else Killed
            hint = " (often lack of memory)" if kind is OutOfMemory else ""
            return kind(f"the training process was killed by signal 9{hint}; {self._said()}")
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"
        return ArmError(f"the training process {how}; {self._said()}")

    def _said(self) -> str:
        log = self.folder / LOG_NAME
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        return f"last lines of {LOG_NAME}: " + " | ".join(lines[-LAST_LINES:])
