"""Token rows: the question exactly as it will be asked, the answer, and the token that ends it."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, cycle
from pathlib import Path
from typing import Any, Protocol, TypeVar

from baselines.finetune.spec import AnswerRow, GeneralText, PairRow
from harness.contract import Conversation, Engine
from harness.engine.tokens import Text
from harness.errors import ArmError
from harness.program import Program, general_question
from harness.records import Example, Message, Passage, Preference, Question

TEXTS = Path(__file__).parent / "general_texts.jsonl"  # ours; in none of the benchmarks or probes
NAMED = 10  # rows that a message names before it only counts


class _Row(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def length(self) -> int: ...


Row = TypeVar("Row", bound=_Row)


class Renderer:
    """Turns conversations into token ids as the engine does, with the model's own chat template."""

    def __init__(self, model: str, engine: Engine) -> None:
        from transformers import AutoTokenizer

        self.text = Text(AutoTokenizer.from_pretrained(model, trust_remote_code=False), model)
        self.tokenizer: Any = self.text.tokenizer
        self.engine = engine

    def prompt(self, messages: Sequence[Message], row: str) -> tuple[int, ...]:
        """Tokenise a conversation with the assistant's turn opened.

        Raises:
            ArmError: If it is not what the engine will ask.
        """
        ids = self.text.prompt(messages)
        asked = self.engine.count_tokens(messages)
        if asked != len(ids):
            raise ArmError(
                f"row {row}: its prompt has {len(ids)} tokens in training and {asked} in use; "
                "the engine and the trainer must render alike"
            )
        return tuple(ids)

    def answer(self, text: str) -> tuple[int, ...]:
        """Tokenise an assistant's turn and close it; an empty text gives no tokens at all."""
        ids = self.text.answer(text)
        return (*ids, self.text.end_id) if ids else ()


def general_texts(renderer: Renderer, program: Program) -> tuple[GeneralText, ...]:
    """Render the general texts of `TEXTS` in the order in which steps take them.

    Half of the turns are questions under the task's own prompt, as there what is forgotten shows first; the others are
    prose and questions alone, by turns. Of a question the answer alone counts: nobody asks a model what its user says,
    and a task's answer in place of another one would hardly be seen among the tokens of a long prompt.
    """
    prose = [GeneralText(tuple(renderer.text.raw(item["text"]))) for item in _general() if "text" in item]
    alone, prompted = ([_answer_of(row) for row in rows] for rows in _questions(renderer, program))
    others = [text for pair in zip(cycle(prose), alone, strict=False) for text in pair]
    if not prompted:
        return tuple(others)
    return tuple(text for pair in zip(cycle(prompted), others, strict=False) for text in pair)


def replay_rows(renderer: Renderer, program: Program, count: int, seed: int) -> tuple[AnswerRow, ...]:
    """Return so many general questions with answers as training rows; where there are too few, all take turns."""
    rows = list(chain(*_questions(renderer, program))) if count else []
    random.Random(seed).shuffle(rows)
    return tuple(replace(rows[n % len(rows)], id=f"{rows[n % len(rows)].id}, {n // len(rows)}") for n in range(count))


def _questions(renderer: Renderer, program: Program) -> tuple[list[AnswerRow], list[AnswerRow]]:
    """Return the general questions with their answers: alone, and under the task's own prompt where it can show one."""
    alone, prompted = [], []
    for number, item in enumerate(_general(), start=1):
        if "question" in item:
            name, answer = f"general text {number}", renderer.answer(item["answer"])
            turn = (Message("user", item["question"]),)
            alone.append(AnswerRow(f"{name} alone", renderer.prompt(turn, name), answer))
            if messages := _shown(program, general_question(program.prompt, name, item["question"])):
                prompted.append(AnswerRow(f"{name} prompted", renderer.prompt(messages, name), answer))
    return alone, prompted


def _shown(program: Program, question: Question) -> Conversation | None:
    try:
        return program.messages(question)
    except ArmError:  # a template that cannot show a plain question is never put to one in use either
        return None


def _answer_of(row: AnswerRow) -> GeneralText:
    return GeneralText((*row.prompt, *row.answer[:-1]), first=len(row.prompt) - 1)


def _general() -> list[dict[str, str]]:
    return [json.loads(line) for line in TEXTS.read_text(encoding="utf-8").splitlines()]


def answer_rows(
    renderer: Renderer,
    program: Program,
    examples: Sequence[Example],
    passages: Sequence[Sequence[Passage]],
) -> tuple[AnswerRow, ...]:
    """Render labelled rows; `passages` has one entry for each example.

    Raises:
        ArmError: If a row has no token to learn from; the rows are named.
    """
    rows = []
    for example, found in zip(examples, passages, strict=True):
        prompt = renderer.prompt(program.messages(example.question, found), example.id)
        rows.append(AnswerRow(example.id, prompt, renderer.answer(example.target)))
    empty = [row.id for row in rows if not row.answer]
    if empty or not rows:
        raise ArmError(
            f"{len(empty)} of {len(rows)} training rows have no answer token to learn from"
            f"{': ' + named(empty) if empty else ''}; give them a target or remove them"
        )
    return tuple(rows)


def pair_rows(renderer: Renderer, program: Program, preferences: Sequence[Preference]) -> tuple[PairRow, ...]:
    """Render preference pairs with the program's prompt.

    Raises:
        ArmError: If an answer has no token to learn from; the pairs are named.
    """
    rows = tuple(
        PairRow(
            pair.id,
            renderer.prompt(program.messages(pair.question), pair.id),
            renderer.answer(pair.chosen),
            renderer.answer(pair.rejected),
        )
        for pair in preferences
    )
    empty = [row.id for row in rows if not row.chosen or not row.rejected]
    if empty:
        raise ArmError(
            f"{len(empty)} of {len(rows)} preference pairs have an answer without a token: {named(empty)}; "
            "give both answers or remove the pair"
        )
    return rows


def within(rows: tuple[Row, ...], window: int, max_length: int | None) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Leave out rows above `max_length`, by name; nothing is ever cut.

    Returns:
        The rows that stay, and warnings.

    Raises:
        ArmError: If a row that stays is longer than the model's window, or none stays.
    """
    kept = tuple(row for row in rows if max_length is None or row.length <= max_length)
    left_out = [row.id for row in rows if row not in kept]
    over = [f"{row.id} ({row.length} tokens)" for row in kept if row.length > window]
    if over:
        raise ArmError(
            f"{len(over)} training rows exceed the model's window of {window} tokens: {named(over)}; "
            "shorten them, or leave them out with the option max_length"
        )
    if not kept:
        raise ArmError(f"all {len(rows)} training rows exceed max_length {max_length}; raise it")
    if not left_out:
        return kept, ()
    return kept, (f"{len(left_out)} rows above max_length {max_length} were left out: {named(left_out)}",)


def named(ids: Sequence[str]) -> str:
    """Name the first rows and count the others."""
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return ", ".join(ids[:NAMED]) + more
