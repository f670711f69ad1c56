"""task.yaml of a drafted task: the choices that were made, why, and what nobody but the user can know."""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.drafting.columns import JUDGED, PAIRS, Reading
from harness.drafting.kinds import LABELS_SHOWN, Answers
from harness.drafting.purpose import Purpose
from harness.task.schema import TaskFile
from harness.task.text import escaped

GRADED = ("long text", "translation")
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
    system: str | None  # the rows' own system turn, where it is the same in all
    has_system: bool  # rows bring their own system turns, which differ
    has_turns: bool  # rows are conversations
    answers_in_all: int  # of the conversations
    has_several: bool  # rows have several right answers
    documents: str | None  # relative to the task file
    schema: str  # file name of the JSON Schema beside it
    doubts: tuple[str, ...]
    purpose: Purpose | None = None


def task_yaml(outline: Outline) -> str:
    """Return the text of task.yaml."""
    parts = (_head, _data, _prompt, _metric, _arms, _rest)
    return escaped("\n".join("\n".join(part(outline)) + "\n" for part in parts))


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
    if outline.reading.shape == JUDGED:
        yield "  feedback: feedback.jsonl  # the answers that were called good or bad, but for what dev and test ask"
    if outline.documents:
        yield f"  documents: {_quoted(outline.documents)}  # what rag searches"
    else:
        yield "  # documents: documents  # a folder of pages, if the answers stand in texts: rag needs it"


def _prompt(outline: Outline) -> Iterator[str]:
    system = outline.answers.system
    yield "prompt:"
    if outline.has_system:
        yield "  # the rows bring their own system turns"
    elif outline.system:
        yield "  # the system turn of the rows, which is the same in all"
        yield f"  system: {_quoted(outline.system)}"
    elif system:
        yield "  # not sure: put your own prompt here; a better one is the cheapest gain"
        yield f"  system: {_quoted(system)}"
    else:
        yield "  # not sure: put your own prompt here, as this asks the bare question"
        yield "  # system: You are ..."
    yield '  template: "{{ input }}"'


def _metric(outline: Outline) -> Iterator[str]:
    answers = outline.answers
    if answers.worked:
        yield f"answer: {{{answers.worked.key}: {_quoted(answers.worked.value)}}}  # where the result stands"
    primary, *also = answers.metrics
    yield from _comment(f"the answers are {answers.about}")
    given = ", ".join(f"{name}: {_flow(said)}" for name, said in answers.options.items())
    options = f", options: {{{given}}}" if given else ""
    yield f"metric: {{primary: {primary}, also: [{', '.join(also)}]{options}}}"
    yield from _goal(outline)


def _flow(options: Mapping[str, float | str]) -> str:
    written = (json.dumps(value) if isinstance(value, str | bool) else f"{value:g}" for value in options.values())
    return "{" + ", ".join(f"{name}: {value}" for name, value in zip(options, written, strict=True)) + "}"


def _goal(outline: Outline) -> Iterator[str]:
    purpose, goal = outline.purpose, outline.answers.goal
    yield "goal:"
    if purpose is None:
        yield f"  at_least: {goal:.2f}  # not sure: what must it reach to be of use to you?"
        yield "  smallest_gain: 0.02  # smaller gains are not worth a costlier method"
        return
    if outline.answers.kind in GRADED:
        yield f"  at_least: {goal:.2f}  # not sure: of a graded metric; look what a good answer scores"
    else:
        yield f"  at_least: {purpose.goal:.2f}  # {purpose.said}"
    yield f"  smallest_gain: {purpose.smallest_gain:.2f}  # the same"


def _arms(outline: Outline) -> Iterator[str]:
    reasons = outline.answers.kind in ("labels", "choice", "number", "worked", "short text")
    has_documents = outline.documents is not None
    labels = outline.answers.labels
    cost = f"; it reads all {labels} labels for each row" if labels > LABELS_SHOWN else ""
    arms = (
        ("zero_shot", True, "the prompt alone"),
        ("few_shot", True, "with solved rows of train in the prompt"),
        ("chain_of_thought", reasons, "reasons before it answers; for short answers"),
        (
            "label_score",
            outline.answers.kind == "labels",
            f"takes the likeliest of the labels; no answer is lost to its form{cost}",
        ),
        ("rag", has_documents, "with passages of the documents in the prompt"),
        ("lora_sft", True, "tuned on train"),
        ("qlora_sft", False, "the same on 4-bit weights, for models that do not fit otherwise"),
        ("lora_dpo", outline.reading.shape == PAIRS, "tuned on better and worse answers; several times as long"),
        ("lora_kto", outline.reading.shape == JUDGED, "tuned on answers that were called good or bad"),
        ("rag_lora_sft", has_documents, "both"),
    )
    yield "arms:"
    for name, is_on, why in arms:
        yield f"  {'' if is_on else '# '}- {name}  # {why}"


def _rest(outline: Outline) -> Iterator[str]:
    purpose = outline.purpose
    deployment = f", deployment: {purpose.deployment}" if purpose else ""
    yield f"general: {{tasks: core, limit: 750{deployment}}}  # what tuning may not break"
    yield from _prices(purpose)
    yield "# budget: {minutes: 60}  # a cap on each arm's learning"
    yield "seeds: [0]"


def _prices(purpose: Purpose | None) -> Iterator[str]:
    said = {} if purpose is None else {"gpu_hour": purpose.gpu_hour, "requests_per_month": purpose.requests_per_month}
    known = ", ".join(f"{key}: {value:.12g}" for key, value in said.items() if value is not None)
    example = "# cost: {gpu_hour: 2.5, requests_per_month: 50000}  # your prices, for the break-even"
    yield f"cost: {{{known}}}  # your prices, for the break-even" if known else example


def _comment(text: str) -> list[str]:
    """Wrap a comment; what users wrote may hold line ends."""
    return textwrap.wrap(" ".join(text.split()), _WIDTH, initial_indent="# ", subsequent_indent="#   ")


def _quoted(text: str) -> str:
    """Write a text as YAML: bare where no YAML reader can misread it, else as a JSON string."""
    is_plain = _PLAIN.fullmatch(text) and text.casefold() not in _WORDS
    return text if is_plain else json.dumps(text, ensure_ascii=False)
