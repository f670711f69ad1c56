"""What an arm learnt from, as conversations: rows of train, and preference pairs. Never a test row."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from harness.chat.turns import ChatForm
from harness.contract import Baseline, Retrieving
from harness.exporting.export_source import make_baseline, option
from harness.program import Program
from harness.records import Evidence, Example, Message, Passage, Preference, Role
from harness.store.files import decode
from harness.store.folder import RunFolder
from harness.task.task import ArmSpec, Task

PAIRS = "pairs.jsonl"  # where an arm that mines preferences leaves those it trained on


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation as the model was shown it, and the answer it learnt."""

    prompt: tuple[Message, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class PairRow:
    """A conversation with a better and a worse answer."""

    prompt: tuple[Message, ...]
    chosen: str
    rejected: str


class Tokens:
    """Lengths as training counted them."""

    def __init__(self, model: str) -> None:
        from harness.engine.resident import load_tokenizer
        from harness.engine.tokens import Text

        self._text = Text(load_tokenizer(model), model)
        self.end_id = self._text.end_id

    @property
    def form(self) -> ChatForm:
        """What the model's chat template wants of turns."""
        return self._text.chat.form

    def shown(self, prompt: Sequence[Message]) -> tuple[Message, ...]:
        """Return a conversation with its turns as the model's template takes them."""
        return tuple(Message(cast(Role, turn["role"]), turn["content"]) for turn in self._text.chat.turns(prompt))

    def answer(self, text: str) -> str:
        """Return an answer as the model writes it."""
        return self._text.chat.answer(text)

    @property
    def end(self) -> str:
        """The token that closes an answer, as text."""
        return self._text.chat.end

    def length(self, prompt: Sequence[Message], answer: str) -> int:
        """Tokens of a conversation with its answer, the answer's end token included."""
        return len(self._text.prompt(prompt)) + len(self._text.answer(answer)) + 1


def train_rows(spec: ArmSpec, task: Task, program: Program, seed: int, tokens: Tokens) -> list[Row]:
    """Return the rows of train that an arm learnt from, under its own prompt and with its own passages."""
    baseline = make_baseline(spec)
    rows = shown(task.study.train, program, baseline)
    if task.train_rows is not None and len(rows) > task.train_rows:
        # the arms' own draw: baselines.prompt.selection.drawn, which a test holds against this
        picked = random.Random(seed).sample(range(len(rows)), task.train_rows)
        rows = [rows[number] for number in sorted(picked)]
    most = option(baseline, "max_length")
    return [row for row in rows if most is None or tokens.length(row.prompt, row.answer) <= most]


def shown(examples: Sequence[Example], program: Program, baseline: Baseline) -> list[Row]:
    """Return examples as the program's model sees them, with passages retrieved where it retrieves."""
    questions = [example.question for example in examples]
    found: Sequence[Sequence[Passage]] = [()] * len(questions)
    if program.retriever is not None and isinstance(baseline, Retrieving):
        found = baseline.retrieve(program, questions)
    return [
        Row(program.messages(question, passages), example.target)
        for question, passages, example in zip(questions, found, examples, strict=True)
    ]


def pair_rows(folder: RunFolder, task: Task, evidence: Evidence, program: Program) -> list[PairRow] | None:
    """Return the preference pairs that an arm learnt from; None when the run does not say which they were.

    They are in the arm's folder when the arm left them there. Without that file they are the task's own pairs,
    provided that the arm used as many as the task has: it may drop and draw, but never add.
    """
    history = evidence.training
    if history is None or history.start is None:
        return None
    kept = folder.of(evidence.fit) / PAIRS
    if kept.is_file():
        lines = kept.read_text(encoding="utf-8").split("\n")
        pairs = [decode(Preference, line) for line in lines if line]
    else:
        pairs = list(task.study.preferences)
    if len(pairs) != history.rows:
        return None
    return [PairRow(program.messages(p.question), p.chosen, p.rejected) for p in pairs]


def plain(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Return turns as every tool reads them."""
    return [{"role": message.role, "content": message.content} for message in messages]


def assistant(text: str) -> dict[str, str]:
    """Return an answer as a turn."""
    return {"role": "assistant", "content": text}


def write_lines(path: Path, rows: Sequence[object]) -> None:
    """Write one JSON object a line."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
