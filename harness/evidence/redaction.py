"""A run without the text of its rows, documents and answers: what may leave the machine. Figures stay.

Two walls. The records that hold such text are emptied, each text replaced by its place ('label 3', 'item 17'), so that
everything that is counted still counts. Sentences that were written about the run, such as reasons and warnings, are
withheld where they quote one of these texts.
"""

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

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
)

WITHHELD = "withheld: it quotes text of the task"
TEXT = "withheld"
FEWEST_CHARACTERS = 4  # a shorter text, such as 'yes' or '12', stands in any sentence and says nothing
# Of the task file: what holds its own wording or labels.
WORDED = frozenset({"prompt", "answer", "description", "metric"})


@dataclasses.dataclass
class _Names:
    """Stand-ins for texts, the same for the same text."""

    known: dict[tuple[str, str], str] = dataclasses.field(default_factory=dict)

    def of(self, kind: str, text: str) -> str:
        """Return 'kind N' for a text, numbered as it is first met."""
        count = sum(own == kind for own, _ in self.known)
        return self.known.setdefault((kind, text), f"{kind} {count + 1}")


def redacted(run: Run) -> Run:
    """Return the run without any text of rows, documents and answers; every figure is what it was."""
    names, withhold = _Names(), withholding(run)
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


def withholding(run: Run) -> Callable[[str], str]:
    """Return what lets a sentence pass unless it quotes a text of the run, in whole words."""
    quoted = {text.strip() for text in texts_of(run) if len(text.strip()) >= FEWEST_CHARACTERS}
    if not quoted:
        return lambda text: text
    folded = {" ".join(text.casefold().split()) for text in quoted}
    short = sorted((text for text in folded if len(text) < 200), key=len, reverse=True)
    known = re.compile("|".join(rf"(?<!\w){re.escape(text)}(?!\w)" for text in short)) if short else None

    def pass_on(text: str) -> str:
        line = " ".join(text.casefold().split())
        is_quoting = (known is not None and known.search(line)) or any(one in line for one in folded if len(one) >= 200)
        return WITHHELD if is_quoting else text

    return pass_on


def texts_of(run: Run) -> Iterator[str]:
    """Yield every text of rows, documents and answers that a run holds, ids of rows and documents among them."""
    for example in run.examples:
        yield from (example.id, example.target, *example.accepted, *example.evidence)
        yield from (turn.content for turn in example.messages)
        yield from (column.text for column in example.columns)
        if example.group is not None:
            yield example.group
    for evidence in (*run.evidence, *(fit for fits in run.fits.values() for fit in fits)):
        for made in evidence.predictions:
            yield from (made.text, made.answer or "", *made.passages, *made.documents, *made.passage_texts)
        yield from _shots(evidence.program)
        yield from (answer.text for answer in (evidence.general.off_task if evidence.general else ()))
    for base in run.bases:
        yield from (answer.text for answer in base.off_task)


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
    return {key: TEXT if key in WORDED else _strings(value, withhold) for key, value in task.items()}


def _strings(value: Any, withhold: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return withhold(value)
    if isinstance(value, Mapping):
        return {key: _strings(part, withhold) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_strings(part, withhold) for part in value)
    return value


def _sentences(withhold: Callable[[str], str]) -> Callable[[Any], Any]:
    """Return what withholds the sentences of a record, whatever its fields; names of arms and benchmarks are kept."""
    kept = frozenset({"arm", "against", "candidate", "task", "prompt_arm", "method", "metric", "name", "basis"})

    def free(value: Any) -> Any:
        if isinstance(value, str):
            return withhold(value)
        if isinstance(value, Mapping):
            return {key: free(part) for key, part in value.items()}
        if isinstance(value, tuple | list):
            return type(value)(free(part) for part in value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            changed = {
                part.name: free(getattr(value, part.name))
                for part in dataclasses.fields(value)
                if part.name not in kept
            }
            return dataclasses.replace(value, **changed)
        return value

    return free
