"""Memory that ran out: the batch is done in halves, or fewer at a time."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from harness.engine.faults import is_out_of_memory
from harness.errors import ItemError
from harness.memory import give_back

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_halves(
    do: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item], describe: Callable[[Item], str]
) -> list[Result]:
    """Do a batch; where memory runs out, free what is held and do its two halves, down to single items.

    Args:
        do: Does any part of the batch; one result an item, in order.
        items: The batch, at least one item.
        describe: Names one item's size in the error.

    Raises:
        ItemError: If one item alone does not fit.
    """
    found, lack = _tried(lambda: do(items))
    if found is not None:
        return found
    if len(items) == 1:
        raise _too_large(describe(items[0]), lack)
    middle = len(items) // 2
    return [result for part in (items[:middle], items[middle:]) for result in in_halves(do, part, describe)]


def with_fewer(do: Callable[[int], Result], number: int, described: str) -> Result:
    """Do something whose memory grows with a number; where it runs out, with half of it, down to 1.

    Args:
        do: Does it with any number from 1 to this one, to the same result.
        number: At least 1.
        described: Names the size of what is done one at a time, in the error.

    Raises:
        ItemError: If it does not fit with 1.
    """
    found, lack = _tried(lambda: do(number))
    if found is not None:
        return found
    if number == 1:
        raise _too_large(described, lack)
    return with_fewer(do, number // 2, described)


def _tried(do: Callable[[], Result]) -> tuple[Result | None, str]:
    """Return what came of it; None and what was said where memory ran out, with all that was held freed."""
    try:
        return do(), ""
    except (RuntimeError, MemoryError) as fault:
        if not is_out_of_memory(fault):
            raise  # after a CUDA error of another kind the process cannot continue
        said = str(fault).splitlines()[0] if str(fault) else "out of memory"
    # Out of the handler, so that the failed pass's tensors are no longer held by its traceback.
    free_memory()
    return None, said


def _too_large(described: str, said: str) -> ItemError:
    return ItemError(
        f"{described} needs more memory than there is ({said}); "
        "end other programs, shorten the prompt, or take a smaller model"
    )


def free_memory() -> None:
    """Give back what nothing holds any more."""
    give_back()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
