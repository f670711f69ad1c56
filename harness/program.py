"""A Program: what an arm ends as. Plain data, so it can be stored, replayed, sent and shipped.

It holds the weights, the prompt, the retriever, the generation settings, and how the answer is read
out of the completion, or the labels of which the likeliest is the answer. The harness runs it; the arm
that made it is not needed for that, except to search its own index.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.answer_reading import AnswerRule, Ignored
from harness.answer_reading import Reader as Reader
from harness.confined import TemplateFault, names_in, render_prompts
from harness.errors import ArmError
from harness.records import (
    Column,
    Constraint,
    Example,
    GenerationSettings,
    Message,
    Passage,
    Prediction,
    Question,
    Weights,
)

PLAIN_TEMPLATE = "{{ input }}"
LONGEST_SHOWN = 200  # characters of a template in a message


@dataclass(frozen=True, slots=True)
class Shot:
    """One solved example shown in the prompt."""

    input: str  # the user's turn before the template
    answer: str  # the assistant's turn, as it should look
    passages: tuple[str, ...] = ()  # texts that its question was asked with, best first
    columns: tuple[Column, ...] = ()  # of its row, for the template
    history: tuple[Message, ...] = ()  # its turns before that, shown as they are; no system turn

    @classmethod
    def of(cls, row: Example, passages: Sequence[str] = ()) -> "Shot":
        """Show a training row as solved."""
        history = tuple(message for message in row.messages[:-1] if message.role != "system")
        return cls(row.question.text, row.target, tuple(passages), row.columns, history)


@dataclass(frozen=True, slots=True)
class Prompt:
    """How a question becomes a conversation.

    `template` is Jinja with `input` (the user's last turn), `passages` (texts, best first) and the columns of the
    row that it names; `shot_template` wraps the shots in the same way, each with passages and columns of its own.
    """

    system: str | None = None
    template: str = PLAIN_TEMPLATE
    shots: tuple[Shot, ...] = ()
    shot_template: str = PLAIN_TEMPLATE

    def messages(self, question: Question, passages: Sequence[Passage] = ()) -> tuple[Message, ...]:
        """Build the conversation that is put to the model.

        Raises:
            ArmError: If a template is wrong; the message shows it.
        """
        [text] = render(self.template, [Filling.of(question, [passage.text for passage in passages])])
        return self._around(question, text)

    def every_message(self, questions: Sequence[Question]) -> list[tuple[Message, ...]]:
        """Build the conversations of many questions, without passages; quicker than one by one.

        Raises:
            ArmError: If a template is wrong; the message shows it.
        """
        texts = render(self.template, [Filling.of(question) for question in questions])
        return [self._around(question, text) for question, text in zip(questions, texts, strict=True)]

    def _around(self, question: Question, text: str) -> tuple[Message, ...]:
        """Put a question's text behind what stands before it."""
        history = question.messages[:-1]
        own = [m.content for m in history if m.role == "system"]  # a row's system turn joins the prompt's
        system = "\n\n".join(filter(None, [self.system, *own]))
        turns = [Message("system", system)] if system else []
        turns.extend(self.shot_turns())
        turns.extend(m for m in history if m.role != "system")
        return (*turns, Message("user", text))

    def shot_turns(self) -> tuple[Message, ...]:
        """Return the solved examples as turns: a question, behind the turns before it, and its answer.

        Raises:
            ArmError: If the template is wrong; the message shows it.
        """
        fillings = [Filling(shot.input, shot.passages, shot.columns) for shot in self.shots]
        asked = render(self.shot_template, fillings)
        pairs = zip(asked, self.shots, strict=True)
        return tuple(
            turn
            for text, shot in pairs
            for turn in (*shot.history, Message("user", text), Message("assistant", shot.answer))
        )


@dataclass(frozen=True, slots=True)
class Retriever:
    """Where the arm's own index lies, how many passages a question gets, and what they are.

    `passages` go to the prompt's template. `examples` are solved ones, each passage's text a `Shot` as JSON; they are
    shown as turns behind the prompt's own shots, the nearest last.
    """

    index: str  # folder, written by the arm and opened by its baseline's `retrieve`
    k: int
    finds: Literal["passages", "examples"] = "passages"


@dataclass(frozen=True, slots=True)
class Choices:
    """A closed set of answers, of which the likeliest is given: nothing is generated and nothing is read.

    Compared are the log-likelihoods of the labels after the prompt, each less its prior.
    """

    labels: tuple[str, ...]  # as they should look; without outer white space
    priors: tuple[float, ...]  # nats, one a label; all equal where bare likelihoods are compared

    def likeliest(self, logprobs: Sequence[float]) -> tuple[str, float]:
        """Return the label that its log-likelihoods (nats, one a label) favour, and its probability among them.

        Of equals the first is taken.
        """
        scores = [logprob - prior for logprob, prior in zip(logprobs, self.priors, strict=True)]
        best = max(scores)
        return self.labels[scores.index(best)], 1 / sum(math.exp(score - best) for score in scores)


@dataclass(frozen=True, slots=True)
class Program:
    """All that is needed to answer a question."""

    weights: Weights
    prompt: Prompt
    generation: GenerationSettings
    reader: Reader = Reader()
    retriever: Retriever | None = None
    choices: Choices | None = None  # instead of generation and reader
    samples: int = 1  # answers to a question, drawn by temperature, of which the most frequent result counts
    ignore: tuple[Ignored, ...] = ()  # what of results does not count when they are voted over

    def messages(self, question: Question, passages: Sequence[Passage] = ()) -> tuple[Message, ...]:
        """Build the conversation; whoever calls chooses the passages (retrieved, gold or none)."""
        if self.retriever is None or self.retriever.finds == "passages":
            return self.prompt.messages(question, passages)
        found = [_shot(json.loads(passage.text)) for passage in reversed(passages)]
        return dataclasses.replace(self.prompt, shots=(*self.prompt.shots, *found)).messages(question)

    def reading(self, rule: AnswerRule | None) -> "Program":
        """Return the same program with its answers read by the task's rule, where there is one, whatever the arm."""
        if rule is None:
            return self
        ruled = dataclasses.replace(self, ignore=rule.ignore)
        if not rule.reads or self.reader.ends_in(rule.reader):
            return ruled
        return dataclasses.replace(ruled, reader=dataclasses.replace(self.reader, then=rule.reader))

    def to_dict(self, root: Path) -> dict[str, Any]:
        """Return JSON-ready data; folders inside `root` become relative to it."""
        return _relocate(dataclasses.asdict(self), lambda path: _relative(path, root))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], root: Path) -> "Program":
        """Read what `to_dict` wrote, with folders below `root`."""
        data = _relocate(json.loads(json.dumps(data)), lambda path: _absolute(path, root))
        prompt = data["prompt"]
        return cls(
            weights=Weights(**data["weights"]),
            prompt=Prompt(
                prompt["system"],
                prompt["template"],
                tuple(_shot(shot) for shot in prompt["shots"]),
                prompt["shot_template"],
            ),
            generation=_settings(data["generation"]),
            reader=Reader.from_dict(data["reader"]),
            retriever=Retriever(**data["retriever"]) if data["retriever"] else None,
            choices=_choices(data.get("choices")),
            samples=data.get("samples", 1),
            ignore=tuple(data.get("ignore", ())),
        )

    @property
    def digest(self) -> str:
        """Short hash of the program's data; equal programs answer alike."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _settings(data: Mapping[str, Any]) -> GenerationSettings:
    told = data.get("constraint")
    return GenerationSettings(**{**data, "constraint": Constraint(**told) if told else None})


def asked(program: Program, question: Question, prediction: Prediction) -> tuple[Message, ...] | None:
    """Return the conversation that an answer was given to, with its passages in full.

    Returns:
        None where the texts of its passages were not kept, or it could not be built, which its outcome says.
    """
    ids, texts = prediction.passages, prediction.passage_texts
    if program.retriever is not None and len(texts) != len(ids):
        return None
    found = [Passage(*one) for one in zip(ids, prediction.documents or ids, texts, strict=False)]
    try:
        return program.messages(question, found)
    except ArmError:
        return None


def _choices(data: Mapping[str, Any] | None) -> Choices | None:
    return Choices(tuple(data["labels"]), tuple(data["priors"])) if data else None  # older programs have none


def _shot(data: Mapping[str, Any]) -> Shot:
    columns = tuple(Column(**column) for column in data.get("columns", ()))
    history = tuple(Message(**turn) for turn in data.get("history", ()))
    return Shot(data["input"], data["answer"], tuple(data.get("passages", ())), columns, history)  # older have less


@dataclass(frozen=True, slots=True)
class Filling:
    """What a prompt's template is filled with."""

    input: str
    passages: Sequence[str] = ()  # best first
    columns: tuple[Column, ...] = ()

    @classmethod
    def of(cls, question: Question, passages: Sequence[str] = ()) -> "Filling":
        """Fill it with a question."""
        return cls(question.text, passages, question.columns)


def columns_named(template: str) -> frozenset[str]:
    """Return the names of the row's columns that a template shows; none of one that cannot be read."""
    return names_in(template)


def general_question(prompt: Prompt, identity: str, text: str) -> Question:
    """Return a question that is not a row of the task, with nothing in the columns that its template names."""
    columns = tuple(Column(name, "null", True) for name in sorted(columns_named(prompt.template)))
    return Question(identity, (Message("user", text),), columns)


def render(template: str, fillings: Sequence[Filling]) -> list[str]:
    """Fill a Jinja template in a sandbox, within limits of time, memory and length.

    Raises:
        ArmError: On a syntax error, an unknown name or any other fault; the message shows the template.
    """
    found: list[str] = []
    for text, filling in zip(rendered(template, fillings), fillings, strict=True):
        if isinstance(text, TemplateFault):
            raise ArmError(template_fault(template, text, filling)) from text
        found.append(text)
    return found


def rendered(template: str, fillings: Iterable[Filling]) -> Iterator[str | TemplateFault]:
    """Fill a template with one row after another; a row that it cannot be filled with gives the fault."""
    return render_prompts(template, map(_values, fillings))


def template_fault(template: str, fault: TemplateFault, filling: Filling) -> str:
    """Say what is wrong with a template, and what it may use."""
    shown = template if len(template) <= LONGEST_SHOWN else f"{template[:LONGEST_SHOWN]}..."
    names = ", ".join(sorted({"input", "passages", *(column.name for column in filling.columns)}))
    remedy = "make it simpler" if fault.is_endless else f"it may use {names}"
    return f"prompt template {shown!r}: {fault}; {remedy}"


def _values(filling: Filling) -> dict[str, Any]:
    columns = {one.name: json.loads(one.text) if one.is_json else one.text for one in filling.columns}
    return {"input": filling.input, "passages": list(filling.passages), "columns": columns}


def _relocate(data: dict[str, Any], move: Any) -> dict[str, Any]:
    for tuned in ("adapter", "checkpoint"):
        if data["weights"].get(tuned):
            data["weights"][tuned] = move(data["weights"][tuned])
    if data["retriever"]:
        data["retriever"]["index"] = move(data["retriever"]["index"])
    return data


def _relative(path: str, root: Path) -> str:
    return str(Path(path).relative_to(root)) if Path(path).is_relative_to(root) else path


def _absolute(path: str, root: Path) -> str:
    return str(root / path)
