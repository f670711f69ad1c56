"""task.yaml of a drafted task: the choices that were made, why, and what nobody but the user can know."""

import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from harness.drafting.columns import PAIRS, Reading
from harness.drafting.kinds import Answers
from harness.task.schema import TaskFile

_WIDTH = 110
_PLAIN = re.compile(r"[A-Za-z][\w./-]*", re.ASCII)
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}  # some readers see no text in these


@dataclass(frozen=True, slots=True)
class Outline:
    """All that the task file says."""

    name: str
    source: str  # the file that the rows came from
    model: str | None
    reading: Reading
    answers: Answers
    sizes: dict[str, int]  # rows by split
    has_system: bool  # rows bring their own system turn
    has_turns: bool  # rows are conversations
    answers_in_all: int  # of the conversations
    documents: str | None  # relative to the task file
    schema: str  # file name of the JSON Schema beside it
    doubts: tuple[str, ...]


def task_yaml(outline: Outline) -> str:
    """Return the text of task.yaml."""
    parts = (_head, _data, _prompt, _metric, _arms, _rest)
    return "\n".join("\n".join(part(outline)) + "\n" for part in parts)


def _head(outline: Outline) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={outline.schema}"
    yield from _comment(f"Made by `harness init` of {outline.source}, which was read as {outline.reading.shape}.")
    if outline.doubts:
        yield from _comment("Look at these, change what is wrong and remove the line:")
    for doubt in outline.doubts:
        yield from _comment(f"not sure: {doubt}")
    yield "version: 1"
    yield f"name: {_quoted(outline.name)}"
    yield "# not sure: say in one sentence what the task is"
    yield f"description: {_quoted(f'Drafted from {outline.source}.')}"
    yield f"model: {_quoted(outline.model or TaskFile.model_fields['model'].default.source)}"


def _data(outline: Outline) -> Iterator[str]:
    sizes = outline.sizes
    yield "data:"
    yield f"  train: train.jsonl  # {sizes['train']} rows to learn from"
    yield f"  dev: dev.jsonl  # {sizes['dev']} rows on which every choice is made"
    yield f"  test: test.jsonl  # {sizes['test']} locked rows that each arm answers once"
    if outline.answers_in_all > sum(sizes.values()):
        several = f"{outline.answers_in_all} answers of the {sum(sizes.values())} chats"
        yield f"  turns: last  # all: each of the {several} is a row; look at prompt and metric then"
    if outline.reading.shape == PAIRS:
        yield f"  preferences: preferences.jsonl  # the {sizes['train']} train rows with the worse answer"
    if outline.documents:
        yield f"  documents: {_quoted(outline.documents)}  # what rag searches"
    else:
        yield "  # documents: documents  # a folder of pages, if the answers stand in texts: rag needs it"


def _prompt(outline: Outline) -> Iterator[str]:
    system = outline.answers.system
    yield "prompt:"
    if outline.has_system:
        yield "  # the rows bring their own system turn"
    elif system:
        yield "  # not sure: put your own prompt here; a better one is the cheapest gain"
        yield f"  system: {_quoted(system)}"
    else:
        yield "  # not sure: put your own prompt here, as this asks the bare question"
        yield "  # system: You are ..."
    yield '  template: "{{ input }}"'


def _metric(outline: Outline) -> Iterator[str]:
    answers = outline.answers
    primary, *also = answers.metrics
    yield from _comment(f"the answers are {answers.about}")
    yield f"metric: {{primary: {primary}, also: [{', '.join(also)}]}}"
    yield "goal:"
    yield f"  at_least: {answers.goal:.2f}  # not sure: what must it reach to be of use to you?"
    yield "  smallest_gain: 0.02  # smaller gains are not worth a costlier method"


def _arms(outline: Outline) -> Iterator[str]:
    reasons = outline.answers.kind in ("labels", "short text")
    has_documents = outline.documents is not None
    arms = (
        ("zero_shot", True, "the prompt alone"),
        ("few_shot", True, "with solved rows of train in the prompt"),
        ("chain_of_thought", reasons, "reasons before it answers; for short answers"),
        ("rag", has_documents, "with passages of the documents in the prompt"),
        ("lora_sft", True, "tuned on train"),
        ("qlora_sft", False, "the same on 4-bit weights, for models that do not fit otherwise"),
        ("lora_dpo", outline.reading.shape == PAIRS, "tuned on better and worse answers; several times as long"),
        ("rag_lora_sft", has_documents, "both"),
    )
    yield "arms:"
    for name, is_on, why in arms:
        yield f"  {'' if is_on else '# '}- {name}  # {why}"


def _rest(outline: Outline) -> Iterator[str]:
    yield "general: {tasks: core, limit: 750}  # what tuning may not break"
    yield "# cost: {gpu_hour: 2.5, requests_per_month: 50000}  # your prices, for the break-even"
    yield "# budget: {minutes: 60}  # a cap on each arm's learning"
    yield "seeds: [0]"


def _comment(text: str) -> list[str]:
    """Wrap a comment; what users wrote may hold line ends."""
    return textwrap.wrap(" ".join(text.split()), _WIDTH, initial_indent="# ", subsequent_indent="#   ")


def _quoted(text: str) -> str:
    """Write a text as YAML: bare where no YAML reader can misread it, else as a JSON string."""
    is_plain = _PLAIN.fullmatch(text) and text.casefold() not in _WORDS
    return text if is_plain else json.dumps(text, ensure_ascii=False)
