"""The process with limits, started by `harness.confined.renderer`: it takes one order a line.

An order is a JSON object with `kind` and `source`: of a template with `rows`, the values of a rendering each, it gets a
reply a row, else one. A reply has `text`, `names`, `groups`, `found` or `fault`. What takes more than its share of
processor time ends the process, which no template can prevent; memory and output have limits too.
"""

import json
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any

import regex

from harness.confined.sandbox import TooLong, text_of, undeclared

SECONDS = 2  # of processor time for a row
MEMORY = 1 << 30  # bytes of address space of the whole process; Python and Jinja take a twentieth of it


def main() -> None:
    """Answer orders until there are no more."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(ValueError, OSError):  # a lower limit stands already, or the system has none
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for line in sys.stdin.buffer:
        order = json.loads(line)
        for make in _makers(order["kind"], order["source"], order.get("rows", ())):
            signal.setitimer(signal.ITIMER_PROF, order.get("seconds", SECONDS))
            reply = _reply(make)
            signal.setitimer(signal.ITIMER_PROF, 0)
            sys.stdout.write(reply + "\n")
            sys.stdout.flush()


def _makers(kind: Any, source: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Callable[[], Any]]:
    if kind == "names":
        yield lambda: {"names": undeclared(source)}
    elif kind == "pattern":
        yield lambda: {"groups": regex.compile(source).groups}
    elif kind == "call":
        module, _, name = source.partition(":")
        yield lambda: {"found": getattr(import_module(module), name)(rows[0])}
        return
    for values in rows:
        yield partial(_rendering, kind, source, values)


def _rendering(kind: Any, source: str, values: Mapping[str, Any]) -> dict[str, str]:
    return {"text": text_of(kind, source, values)}


def _reply(make: Callable[[], Mapping[str, Any]]) -> str:
    """Return what comes of an order, or why nothing does, as JSON."""
    try:
        return json.dumps(make())
    except MemoryError:
        return json.dumps({"fault": f"takes more than {MEMORY >> 30} GB of memory", "is_endless": True})
    except TooLong as fault:
        return json.dumps({"fault": str(fault), "is_endless": True})
    except (RecursionError, IndentationError):  # of Jinja, and of Python where it compiles what Jinja wrote
        return json.dumps({"fault": "nests too deeply, or calls itself without end", "is_endless": True})
    except Exception as fault:  # a template is a small program, and may fail in any way
        return json.dumps({"fault": (str(fault) or type(fault).__name__)[:2_000]})


if __name__ == "__main__":
    main()
