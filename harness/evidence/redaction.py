"""A run without the text of its rows, documents and answers: what may leave the machine. Figures stay.

Two walls. The records that hold such text are emptied, each text replaced by its place ('label 3', 'item 17'), so that
everything that is counted still counts. Sentences that were written about the run, such as reasons and warnings, are
withheld where they quote one of these texts.
"""

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import chain
from typing import Any, Literal, get_args, get_origin, get_type_hints

from harness.records import (
    Evidence,
    Example,
    GeneralAbility,
    Message,
    OffTaskAnswer,
    Prediction,
    Run,
    Score,
    Slice,
    Study,
)

WITHHELD = "withheld: it quotes text of the task"
TEXT = "withheld"
FEWEST_CHARACTERS = 4  # a shorter text, such as 'yes' or '12', stands in any sentence and says nothing
CLIPPED = 24  # characters: messages quote the beginning of a long text
# Of the task file: what holds its own wording or labels, and keys of these whose values are names of ours.
WORDED = frozenset({"prompt", "answer", "description", "metric"})
NAMED = frozenset({"primary", "also", "choose_by"})
# A part of a text between quotation marks, wherever in the text it stands.
_QUOTATION = re.compile(
    r"(?<!\w)'(?=\S)[^']{24,}'(?!\w)|(?<!\w)\"(?=\S)[^\"]{24,}\"(?!\w)|\u201c[^\u201d]{24,}\u201d|\u2018[^\u2019]{24,}\u2019"
)
_QUOTES = "'\"\u2018\u2019\u201c\u201d"


class _Names:
    """Stand-ins for texts, the same for the same text."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}
        self._counts: Counter[str] = Counter()

    def of(self, kind: str, text: str) -> str:
        """Return 'kind N' for a text, numbered as it is first met."""
        if (kind, text) not in self._known:
            self._counts[kind] += 1
            self._known[kind, text] = f"{kind} {self._counts[kind]}"
        return self._known[kind, text]


def redacted(run: Run, beside: Iterable[str] = ()) -> Run:
    """Return the run without any text of rows, documents and answers; every figure is what it was.

    Args:
        run: The run.
        beside: Texts that it does not hold itself and that its sentences may quote, such as those of training rows.
    """
    names, withhold = _Names(), withholding(run, beside)
    examples = tuple(_example(example, names) for example in run.examples)
    ids = {old.id: new.id for old, new in zip(run.examples, examples, strict=True)}
    free = _sentences(withhold)
    evidence = tuple(_evidence(found, ids, names, free) for found in run.evidence)
    return dataclasses.replace(
        run,
        name=withhold(run.name),
        description="",
        task=_task(run.task, withhold),
        examples=examples,
        evidence=evidence,
        bases=tuple(_ability(base) for base in run.bases),
        decision=_decision(run, names, free),
        manifest=_strings(run.manifest, withhold),
        fits={},
        notes=tuple(map(withhold, run.notes)),
    )


def withholding(run: Run, beside: Iterable[str] = ()) -> Callable[[str], str]:
    """Return what lets a sentence pass unless it quotes a text of the run.

    A text counts in whole words, a long one by its beginning, and any long quotation does. A text that is one ordinary
    word, such as the label 'other', counts between quotation marks alone: by itself it stands in any sentence.
    """
    folded = (" ".join(text.casefold().split()) for text in chain(texts_of(run), beside))
    known = {text[:CLIPPED] for text in folded if len(text) >= FEWEST_CHARACTERS}
    sizes = sorted({len(text) for text in known})

    def quotes(line: str) -> bool:
        starts = (at for at in range(len(line)) if at == 0 or not (line[at - 1].isalnum() and line[at].isalnum()))
        return any(
            line[at : at + size] in known and _is_whole(line, at, at + size, size)
            for at in starts
            for size in sizes
            if at + size <= len(line)
        )

    def pass_on(text: str) -> str:
        is_quoting = _QUOTATION.search(text) or quotes(" ".join(text.casefold().split()))
        return WITHHELD if is_quoting else text

    return pass_on


def _is_whole(line: str, start: int, end: int, size: int) -> bool:
    """Whether what stands there is no part of a longer word; an ordinary word has to be quoted."""
    if size < CLIPPED and line[end : end + 1].isalnum() and line[end - 1].isalnum():
        return False
    is_quoted = 0 < start and end < len(line) and line[start - 1] in _QUOTES and line[end] in _QUOTES
    is_ordinary = size < CLIPPED and line[start:end].isascii() and line[start:end].isalpha()
    return is_quoted or not is_ordinary


def texts_of(run: Run) -> Iterator[str]:
    """Yield every text of rows, documents and answers that a run holds, ids of rows and documents among them."""
    yield from _of_examples(run.examples)
    for evidence in (*run.evidence, *(fit for fits in run.fits.values() for fit in fits)):
        for made in evidence.predictions:
            yield from (made.text, made.answer or "", *made.passages, *made.documents, *made.passage_texts)
        yield from _shots(evidence.program)
        yield from (answer.text for answer in (evidence.general.off_task if evidence.general else ()))
    for base in run.bases:
        yield from (answer.text for answer in base.off_task)


def texts_beside(study: Study) -> Iterator[str]:
    """Yield the texts of a task that its run does not hold: what arms learnt from, and documents."""
    yield from _of_examples((*study.train, *study.dev))
    for pair in study.preferences:
        yield from (*(turn.content for turn in pair.messages), pair.chosen, pair.rejected)
    for judged in study.feedback:
        yield from (*(turn.content for turn in judged.messages), judged.answer)
    for document in study.documents:
        yield from (document.id, document.text)


def _of_examples(examples: Iterable[Example]) -> Iterator[str]:
    for example in examples:
        yield from (example.id, example.target, *example.accepted, *example.evidence)
        yield from (turn.content for turn in example.messages)
        yield from (column.text for column in (*example.columns, *example.slices))
        yield from (said.text for said in example.labelled)
        if example.group is not None:
            yield example.group


def _shots(program: Mapping[str, Any]) -> Iterator[str]:
    for shot in (program.get("prompt") or {}).get("shots") or ():
        yield from (str(shot.get("input", "")), str(shot.get("answer", "")), *map(str, shot.get("passages", ())))
    yield from map(str, (program.get("choices") or {}).get("labels") or ())


def _example(example: Example, names: _Names) -> Example:
    return Example(
        id=names.of("item", example.id),
        messages=tuple(Message(turn.role, TEXT) for turn in example.messages),
        target=names.of("label", example.target),
        group=None if example.group is None else names.of("group", example.group),
        evidence=tuple(names.of("document", one) for one in example.evidence),
    )


def _evidence(found: Evidence, ids: Mapping[str, str], names: _Names, free: Callable[[Any], Any]) -> Evidence:
    return dataclasses.replace(
        found,
        reason=free(found.reason),
        warnings=free(found.warnings),
        predictions=tuple(_prediction(made, ids, names) for made in found.predictions),
        scores={metric: tuple(_score(score, ids) for score in own) for metric, own in found.scores.items()},
        program=_program(found.program),
        general=_ability(found.general) if found.general else None,
        trials=free(found.trials),
        training=free(found.training),
        form_misses=tuple(ids.get(one, TEXT) for one in found.form_misses),
        unjudged=tuple(ids.get(one, TEXT) for one in found.unjudged),
    )


def _prediction(made: Prediction, ids: Mapping[str, str], names: _Names) -> Prediction:
    return dataclasses.replace(
        made,
        example_id=ids[made.example_id],
        text=TEXT,
        answer=None if made.answer is None else TEXT,
        passages=tuple(names.of("passage", one) for one in made.passages),
        documents=tuple(names.of("document", one) for one in made.documents),
        passage_texts=(),
    )


def _score(score: Score, ids: Mapping[str, str]) -> Score:
    return dataclasses.replace(score, example_id=ids[score.example_id], predicted=None, expected=None)


def _program(program: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keep how many examples a prompt shows and how many passages it finds, and nothing that they say."""
    shots = (program.get("prompt") or {}).get("shots") or ()
    retriever = program.get("retriever")
    searches = {"k": retriever.get("k"), "finds": retriever.get("finds")} if retriever else None
    kept: dict[str, Any] = {
        "weights": program.get("weights"),
        "prompt": {"shots": [{} for _ in shots]},
        "retriever": searches,
    }
    return kept if program else {}


def _ability(ability: GeneralAbility) -> GeneralAbility:
    """Benchmark items and their ids are public; what was answered to unrelated questions may hold the task's labels."""
    return dataclasses.replace(ability, off_task=tuple(map(_off_task, ability.off_task)))


def _off_task(answer: OffTaskAnswer) -> OffTaskAnswer:
    return dataclasses.replace(answer, text=TEXT)


def _decision(run: Run, names: _Names, free: Callable[[Any], Any]) -> Any:
    kinds = {"label": "label", "group": "group", "source document": "document"}
    decision = run.decision

    def slice_of(found: Slice) -> Slice:
        if found.dimension.startswith("length"):
            return found
        return dataclasses.replace(found, value=names.of(kinds.get(found.dimension, "value"), found.value))

    return dataclasses.replace(
        free(dataclasses.replace(decision, slices=())), slices=tuple(map(slice_of, decision.slices))
    )


def _task(task: Mapping[str, Any], withhold: Callable[[str], str]) -> dict[str, Any]:
    return {key: _blank(value) if key in WORDED else _strings(value, withhold) for key, value in task.items()}


def _blank(value: Any) -> Any:
    """Keep the keys, the figures and the names of ours."""
    if isinstance(value, Mapping):
        return {key: part if key in NAMED else _blank(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_blank, value))
    return TEXT if isinstance(value, str) else value


def _strings(value: Any, withhold: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return withhold(value)
    if isinstance(value, Mapping):
        return {key: _strings(part, withhold) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_strings(part, withhold) for part in value)
    return value


def _sentences(withhold: Callable[[str], str]) -> Callable[[Any], Any]:
    """Return what withholds the sentences of a record, whatever its fields; names of ours are kept."""

    def free(value: Any) -> Any:
        if isinstance(value, str):
            return withhold(value)
        if isinstance(value, Mapping):
            return {key: free(part) for key, part in value.items()}
        if isinstance(value, tuple | list):
            return type(value)(free(part) for part in value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return dataclasses.replace(value, **{name: free(getattr(value, name)) for name in _worded(type(value))})
        return value

    return free


@cache
def _worded(kind: type) -> tuple[str, ...]:
    """Return the fields of a record that may hold sentences: no names of arms and benchmarks, no enumerated values."""
    names = {"arm", "against", "candidate", "task", "prompt_arm", "method", "metric", "name", "basis"}
    hints = get_type_hints(kind)
    fields = (part.name for part in dataclasses.fields(kind))
    return tuple(name for name in fields if name not in names and not _is_enumerated(hints[name]))


def _is_enumerated(hint: Any) -> bool:
    """Whether a type has none but the values that it lists, alone or in tuples."""
    if get_origin(hint) is Literal:
        return True
    parts = [part for part in get_args(hint) if part not in (type(None), Ellipsis)]
    return bool(parts) and all(map(_is_enumerated, parts))
