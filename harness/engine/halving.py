"""Memory that ran out: the batch is done in halves."""

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
    try:
        return do(items)
    except (RuntimeError, MemoryError) as fault:
        if not is_out_of_memory(fault):
            raise  # after a CUDA error of another kind the process cannot continue
        said = str(fault).splitlines()[0] if str(fault) else "out of memory"
    # Out of the handler, so that the failed pass's tensors are no longer held by its traceback.
    free_memory()
    if len(items) == 1:
        raise ItemError(
            f"{describe(items[0])} needs more memory than there is ({said}); "
            "end other programs, shorten the prompt, or take a smaller model"
        )
    middle = len(items) // 2
    return [result for part in (items[:middle], items[middle:]) for result in in_halves(do, part, describe)]


def free_memory() -> None:
    """Give back what nothing holds any more."""
    give_back()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
