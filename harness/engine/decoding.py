"""Greedy or sampled decoding in which a finished answer leaves its place to the next prompt.

Rows are aligned on the right: all write their next token into the same column, and a mask hides what lies before a
row's own first one. Keys and values stand in buffers that are written in place. The beginning that all prompts share is
a trunk (`harness.engine.trunk`), so that rows hold only what is their own.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import Cache, DynamicCache
from transformers.cache_utils import DynamicLayer

from harness.engine.token_tree import Ids
from harness.engine.trunk import Trunk, additive

REFILL = 1 / 4  # of the places must be free before prompts are put there, as each time everything is copied

KeysAndValues = tuple[torch.Tensor, torch.Tensor]
Ended = Callable[[list[int]], bool]
Constraint = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True)
class Rules:
    """How tokens are chosen, and when an answer ends."""

    new_tokens: int  # at most
    temperature: float  # 0: the likeliest token
    seed: int
    stop_ids: frozenset[int]  # tokens that end an answer
    has_ended: Ended  # whether an answer ends for another reason, as far as it is written
    constraint: Callable[[], Constraint] | None  # makes what forbids tokens to one answer


@dataclass(slots=True)
class _Row:
    """An answer that is being written."""

    number: int
    prompt: Ids  # behind the trunk, at least one token
    random: torch.Generator | None
    constraint: Constraint | None
    start: int = 0  # its first column
    new: list[int] = field(default_factory=list)
    is_done: bool = False


class _Buffer(DynamicLayer):  # type: ignore[misc]
    """Keys and values of one layer, with room for columns to come."""

    def fill(self, parts: Sequence[KeysAndValues], width: int, room: int) -> None:
        """Put rows of several widths below each other, aligned on the right, and leave room behind them."""
        rows = sum(len(keys) for keys, _ in parts)
        _, heads, _, size = parts[0][0].shape
        both = parts[0][0].new_zeros(2, rows, heads, width + room, size)
        first = 0
        for pair in parts:
            last, columns = first + len(pair[0]), pair[0].shape[2]
            for place, given in enumerate(pair):
                both[place, first:last, :, width - columns : width] = given
            first = last
        self._both, self._used = both, width
        self.is_initialized = True
        self._show()

    def rows(self, chosen: Sequence[int], first: int) -> KeysAndValues:
        """Return some rows from a column on."""
        index = torch.tensor(chosen, device=self.keys.device)
        return self.keys[index, :, first:], self.values[index, :, first:]

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any) -> Any:
        """Write the next columns and return all."""
        end = self._used + key_states.shape[2]
        self._both[0, :, :, self._used : end], self._both[1, :, :, self._used : end] = key_states, value_states
        self._used = end
        self._show()
        return self.keys, self.values

    def _show(self) -> None:
        self.keys, self.values = self._both[0, :, :, : self._used], self._both[1, :, :, : self._used]


class Decoder:
    """Answers prompts behind a trunk."""

    def __init__(self, trunk: Trunk, rules: Rules, places: int, most: int) -> None:
        """Hold no prompts; `places` answers are written at once, and one pass reads about `most` tokens of prompts."""
        self._trunk, self._rules, self._places, self._most = trunk, rules, places, most
        self._rows: list[_Row] = []  # as they stand in the buffers, finished ones too
        self._layers: list[_Buffer] = []
        self._width = 0

    def run(self, prompts: Sequence[Ids]) -> list[list[int]]:
        """Return the new tokens of each prompt, an end token included; longest prompts go first."""
        order = sorted(range(len(prompts)), key=lambda number: (-len(prompts[number]), number))
        rows = [self._row(number, prompts[number]) for number in order]
        waiting = deque(rows)
        while waiting or self._live:
            free = self._places - len(self._live)
            if waiting and (free >= REFILL * self._places or not self._live):
                self._admit([waiting.popleft() for _ in range(min(free, len(waiting)))])
            else:
                if len(self._live) <= (1 - REFILL) * len(self._rows):
                    self._regroup([])
                self._step()
        self._rows, self._layers = [], []
        return [row.new for row in sorted(rows, key=lambda row: row.number)]

    @property
    def _live(self) -> list[_Row]:
        return [row for row in self._rows if not row.is_done]

    def _row(self, number: int, prompt: Ids) -> _Row:
        rules = self._rules
        seed = hash((rules.seed, *self._trunk.tokens, *prompt))  # by the text: the same beside other prompts
        random = torch.Generator().manual_seed(seed) if rules.temperature > 0 else None
        return _Row(number, prompt, random, rules.constraint() if rules.constraint else None)

    def _admit(self, rows: Sequence[_Row]) -> None:
        """Read prompts, choose the first token of each answer, and put them beside those that are being written."""
        if len(self._live) < len(self._rows):
            self._regroup([])
        at_once = max(1, self._most // len(rows[0].prompt))  # which is the longest
        parts = [rows[start : start + at_once] for start in range(0, len(rows), at_once)]
        self._regroup([(part, self._read(part)) for part in parts])

    def _read(self, rows: Sequence[_Row]) -> deque[KeysAndValues]:
        """Return the prompts' keys and values of each layer, aligned on the right."""
        device, width = self._trunk.model.device, len(rows[0].prompt)
        ids = torch.zeros(len(rows), width, dtype=torch.long)
        for place, row in enumerate(rows):
            row.start = width - len(row.prompt)
            ids[place, row.start :] = torch.tensor(row.prompt)
        columns = torch.arange(width)
        starts = torch.tensor([row.start for row in rows])[:, None]
        seen = (columns[None, None, :] <= columns[:, None]) & (columns >= starts)[:, None, :]
        seen |= columns[None, None, :] == columns[:, None]  # padding sees itself: a softmax over nothing is no number
        cache = DynamicCache(config=self._trunk.model.config)
        mask, positions = additive(seen.to(device), self._trunk.model.dtype), (columns - starts).clamp(min=0).to(device)
        output = self._trunk(ids.to(device), mask, positions, past_key_values=cache, logits_to_keep=1)
        self._choose(rows, output.logits[:, -1])
        return deque((layer.keys, layer.values) for layer in cache.layers)

    def _regroup(self, parts: Sequence[tuple[Sequence[_Row], deque[KeysAndValues]]]) -> None:
        """Drop finished answers, and put prompts that were read below the others; columns that nobody needs go.

        What was read is taken layer by layer, so that no more than one layer is there twice.
        """
        live = [place for place, row in enumerate(self._rows) if not row.is_done]
        rows = [self._rows[place] for place in live]
        cut = min((row.start for row in rows), default=self._width)
        widths = [self._width - cut, *(len(part[0].prompt) for part, _ in parts)]
        width = max(widths)
        for row in rows:
            row.start += width - self._width
        for part, _ in parts:
            for row in part:
                row.start += width - len(part[0].prompt)
        rows += [row for part, _ in parts for row in part]
        room = max((self._rules.new_tokens - len(row.new) for row in rows), default=0)
        layers = self._layers or [_Buffer() for _ in parts[0][1]] if rows else []
        for layer in layers:
            kept = [layer.rows(live, cut)] if live else []
            layer.fill([*kept, *(read.popleft() for _, read in parts)], width, room)
        self._rows, self._layers, self._width = rows, layers, width

    def _step(self) -> None:
        """Write one token of every answer."""
        device = self._trunk.model.device
        ids = torch.tensor([[row.new[-1]] for row in self._rows], device=device)
        starts = torch.tensor([row.start for row in self._rows], device=device)[:, None]
        positions = self._width - starts
        self._width += 1
        seen = torch.arange(self._width, device=device)[None, :] >= starts
        mask = additive(seen[:, None], self._trunk.model.dtype)
        cache = Cache(layers=self._layers)
        output = self._trunk(ids, mask, positions, past_key_values=cache, logits_to_keep=1)
        self._choose(self._rows, output.logits[:, -1])

    def _choose(self, rows: Sequence[_Row], logits: torch.Tensor) -> None:
        """Write the next token of each row that is not done; `logits` are of shape (rows, vocabulary)."""
        for place, row in enumerate(rows):
            if row.constraint and not row.is_done:
                written = torch.tensor([[*row.prompt, *row.new]])
                logits[place : place + 1] = row.constraint(written, logits[place : place + 1])
        chosen = self._drawn(rows, logits) if self._rules.temperature > 0 else logits.argmax(dim=-1).tolist()
        for row, token in zip(rows, chosen, strict=True):
            if not row.is_done:
                row.new.append(token)
                row.is_done = self._ends(row)

    def _drawn(self, rows: Sequence[_Row], logits: torch.Tensor) -> list[int]:
        shares = (logits.float() / self._rules.temperature).softmax(dim=-1).cpu()
        return [
            0 if row.is_done else int(torch.multinomial(of_row, 1, generator=row.random))
            for row, of_row in zip(rows, shares, strict=True)
        ]

    def _ends(self, row: _Row) -> bool:
        rules = self._rules
        return row.new[-1] in rules.stop_ids or len(row.new) >= rules.new_tokens or rules.has_ended(row.new)
