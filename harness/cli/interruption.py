"""Ctrl-C and `kill`: the command ends in good order, says how to continue, and exits as a shell expects."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_heard: list["Stopped"] = []  # since `stoppable` began


class Stopped(BaseException):
    """Somebody asked the command to stop. No KeyboardInterrupt, which click would turn into exit code 1."""

    def __init__(self, number: int) -> None:
        self.exit_code = 128 + number  # the shell's convention: 130 after Ctrl-C, 143 after kill
        super().__init__(number)


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn signals into `Stopped` inside the block; behind it there is nothing left to stop, and they are ignored.

    A signal that was ignored from the start, as under nohup, stays so.
    """
    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    _heard.clear()
    try:
        for number in heard:
            signal.signal(number, _stop)
        yield
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_IGN)


def heard_stop() -> Stopped | None:
    """Return the first signal that was heard.

    Libraries in C can turn the exception that a signal raises into a fault of their own: after a signal, any fault may
    be one.
    """
    return _heard[0] if _heard else None


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    _heard.append(Stopped(number))
    raise _heard[-1]
