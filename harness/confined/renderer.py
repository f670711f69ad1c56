"""Runs templates and patterns in a child that is kept, and replaced when a template brought it to its limit."""

import atexit
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from harness.child import Child, module_command
from harness.confined.process import SECONDS
from harness.confined.sandbox import Kind, TemplateFault, TooLong, only_copies, text_of, undeclared

# Seconds without a word, besides ten times its limit of processor time, which ends a child before unless it is held up.
PATIENCE = 60.0
ORDER_ROWS, ORDER_CHARACTERS = 500, 1_000_000  # in one order to the child


def render_prompts(template: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[str | TemplateFault]:
    """Render a prompt's template with each row: its text, or why there is none.

    Behind a row that it does not come to an end with no further one is tried: they have the same fault.

    Args:
        template: Jinja.
        rows: `input`, `passages` and `columns` (by name, as JSON has them) of each.
    """
    if only_copies(template):
        return _copied(template, rows)
    return _rendered("prompt", template, rows)


def render_chats(template: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[str | TemplateFault]:
    """Render a chat template with each row's variables, as `render_prompts` does."""
    return _rendered("chat", template, rows)


@lru_cache(maxsize=256)
def names_in(template: str) -> frozenset[str]:
    """Return the names that a prompt's template wants besides `input` and `passages`; none of one that is not Jinja."""
    if only_copies(template):
        return frozenset(undeclared(template))
    [reply] = _RENDERER.replies(json.dumps({"kind": "names", "source": template}), 1)
    return frozenset(reply.get("names", ()))


def pattern_groups(pattern: str) -> int:
    """Return how many groups a regular expression has.

    Raises:
        TemplateFault: If it is none, or takes too long to compile.
    """
    [reply] = _RENDERER.replies(json.dumps({"kind": "pattern", "source": pattern}), 1)
    if "fault" in reply:
        raise TemplateFault(reply["fault"], is_endless=bool(reply.get("is_endless")))
    return int(reply["groups"])


def called(function: str, values: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
    """Call a function of ours in the child.

    Args:
        function: As `module:name`; it takes `values` and returns what JSON can hold.
        values: What it is called with.
        seconds: Of processor time, at most.

    Raises:
        TemplateFault: If it raises, or takes too much time or memory.
    """
    order = {"kind": "call", "source": function, "rows": [values], "seconds": seconds}
    [reply] = _RENDERER.replies(json.dumps(order), 1, seconds)
    if "fault" in reply:
        raise TemplateFault(reply["fault"], is_endless=bool(reply.get("is_endless")))
    found: Mapping[str, Any] = reply["found"]
    return found


def _copied(template: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[str | TemplateFault]:
    """Render in this process, to the same length as the child."""
    endless: TemplateFault | None = None
    for values in rows:
        found = endless or _here(template, values)
        if isinstance(found, TemplateFault) and found.is_endless:
            endless = found
        yield found


def _here(template: str, values: Mapping[str, Any]) -> str | TemplateFault:
    try:
        return text_of("prompt", template, values)
    except TooLong as fault:
        return TemplateFault(str(fault), is_endless=True)
    except Exception as fault:  # a name that is not there, for one
        return TemplateFault(str(fault) or type(fault).__name__)


def _rendered(kind: Kind, template: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[str | TemplateFault]:
    endless: TemplateFault | None = None
    for batch in _batches(rows):
        order = f'{{"kind": "{kind}", "source": {json.dumps(template)}, "rows": [{", ".join(batch)}]}}'
        found = [] if endless else [_result(reply) for reply in _RENDERER.replies(order, len(batch))]
        yield from found
        if found and isinstance(found[-1], TemplateFault) and found[-1].is_endless:
            endless = found[-1]
        if endless:
            yield from [endless] * (len(batch) - len(found))


def _batches(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[str]]:
    """Yield rows as JSON, so many that neither side holds much of them."""
    batch: list[str] = []
    size = 0
    for row in rows:
        batch.append(json.dumps(row))
        size += len(batch[-1])
        if len(batch) == ORDER_ROWS or size > ORDER_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _result(reply: Mapping[str, Any]) -> str | TemplateFault:
    if "text" in reply:
        return str(reply["text"])
    return TemplateFault(str(reply["fault"]), is_endless=bool(reply.get("is_endless")))


class _Renderer:
    """The child, started at the first order; one order at a time."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._lock = threading.Lock()

    def replies(self, order: str, count: int, seconds: float = SECONDS) -> list[Mapping[str, Any]]:
        """Return the replies to an order, `count` of them, or fewer that end with what stopped the child."""
        found: list[Mapping[str, Any]] = []
        with self._lock:
            try:
                child = self._ready()
                child.send(order)
                while len(found) < count:
                    reply = child.receive_object(PATIENCE + 10 * seconds, aside=lambda line: None)
                    found.append(_stopped(self.stop(), seconds) if reply is None else reply)
                    if found[-1].get("is_endless"):
                        self.stop()
                        break
            except BaseException:  # replies that nobody has read belong to no later order
                self.stop()
                raise
        return found

    def stop(self) -> int:
        """End the child; returns its exit code, 0 where there is none."""
        child, self._child = self._child, None
        return child.stop(0) if child else 0

    def forget(self) -> None:
        """Leave the child to the process that started it, of which this one is a fork."""
        self._child, self._lock = None, threading.Lock()

    def _ready(self) -> Child:
        if self._child is None:
            command = module_command("harness.confined.process")
            self._child = Child(command, errors=subprocess.DEVNULL, leads_group=True)
        return self._child


def _stopped(code: int, seconds: float) -> Mapping[str, Any]:
    if code == -signal.SIGPROF:
        return {"fault": f"takes more than {seconds:g} seconds of processor time", "is_endless": True}
    return {"fault": f"ends the process that runs it (exit code {code})", "is_endless": True}


_RENDERER = _Renderer()
atexit.register(_RENDERER.stop)
os.register_at_fork(after_in_child=_RENDERER.forget)
