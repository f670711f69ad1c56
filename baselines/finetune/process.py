"""The parent's side of the training process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from baselines.finetune.spec import RunResult, RunSpec
from harness.errors import ArmError
from harness.records import LossPoint, Weights

LOG_NAME = "trainer.log"
LAST_LINES = 8
# Nothing may be fetched or reported while training, and a set's order must not depend on the run.
ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONHASHSEED": "0"}


class TrainingProcess:
    """A process that holds one base and trains adapters on it; started when first needed."""

    def __init__(self, folder: Path, base: Weights) -> None:
        self.folder = folder
        self.base = base
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "TrainingProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            assert self._process.stdin and self._process.stdout
            with suppress(BrokenPipeError):
                self._process.stdin.close()  # tells it to end
            self._process.wait()
            self._process.stdout.close()

    def run(
        self,
        spec: RunSpec,
        on_step: Callable[[LossPoint], None],
        on_checkpoint: Callable[[int, float, Path], bool],
    ) -> RunResult:
        """Train once.

        Args:
            spec: What to train.
            on_step: Called after every optimiser step.
            on_checkpoint: Called with step, epoch and adapter folder; says whether to go on.

        Raises:
            ArmError: If training failed or its process died.
        """
        self._start()
        self._send({"run": spec.to_json()})
        while True:
            event = self._receive()
            kind = event.pop("event")
            if kind == "step":
                on_step(LossPoint(event["step"], event["loss"], event["learning_rate"], event["grad_norm"]))
            elif kind == "checkpoint":
                goes_on = on_checkpoint(event["step"], event["epoch"], Path(event["folder"]))
                self._send({"continue": goes_on})
            elif kind == "failed":
                raise ArmError(event["reason"])
            else:
                return RunResult(**event)

    def _start(self) -> None:
        if self._process is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LOG_NAME).open("ab") as log:
            self._process = subprocess.Popen(
                # -P: the user's folder may hold a `baselines` of its own
                [sys.executable, "-P", "-m", "baselines.finetune.trainer"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                env={**os.environ, **ENVIRONMENT},
            )
        self._send({"load": {"model": self.base.model, "quantization": self.base.quantization}})
        self._receive()

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process and self._process.stdin
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._died() from None

    def _receive(self) -> dict[str, Any]:
        assert self._process and self._process.stdout
        line = self._process.stdout.readline()
        if not line.endswith("\n"):
            raise self._died()
        event: dict[str, Any] = json.loads(line)
        return event

    def _died(self) -> ArmError:
        assert self._process
        code = self._process.wait()
        log = self.folder / LOG_NAME
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        how = f"was killed by signal {-code} (9 is often lack of memory)" if code < 0 else f"ended with code {code}"
        return ArmError(f"the training process {how}; last lines of {LOG_NAME}: " + " | ".join(lines[-LAST_LINES:]))
