"""A Program: what an arm ends as. Plain data, so it can be stored, replayed, sent and shipped.

It holds the weights, the prompt, the retriever, the generation settings, and how the answer is read
out of the completion, or the labels of which the likeliest is the answer. The harness runs it; the arm
that made it is not needed for that, except to search its own index.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import StrictUndefined, Template, TemplateError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from harness.answer_reading import AnswerRule, Ignored
from harness.answer_reading import Reader as Reader
from harness.columns import values_of
from harness.errors import ArmError
from harness.records import Column, Constraint, Example, GenerationSettings, Message, Passage, Question, Weights

PLAIN_TEMPLATE = "{{ input }}"

_JINJA = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)


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
        history = question.messages[:-1]
        own = [m.content for m in history if m.role == "system"]  # a row's system turn joins the prompt's
        system = "\n\n".join(filter(None, [self.system, *own]))
        turns = [Message("system", system)] if system else []
        turns.extend(self.shot_turns())
        turns.extend(m for m in history if m.role != "system")
        beside = values_of(question.columns)
        text = render(self.template, **beside, input=question.text, passages=[p.text for p in passages])
        return (*turns, Message("user", text))

    def shot_turns(self) -> tuple[Message, ...]:
        """Return the solved examples as turns: a question, behind the turns before it, and its answer.

        Raises:
            ArmError: If the template is wrong; the message shows it.
        """
        asked = [
            render(self.shot_template, **values_of(shot.columns), input=shot.input, passages=list(shot.passages))
            for shot in self.shots
        ]
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
    choices: Choices | None = None  # in place of generation and reader
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


def finds_passages(program: Program) -> bool:
    """Whether it searches documents; what else a retriever finds are solved examples."""
    return program.retriever is not None and program.retriever.finds == "passages"


def _choices(data: Mapping[str, Any] | None) -> Choices | None:
    return Choices(tuple(data["labels"]), tuple(data["priors"])) if data else None  # older programs have none


def _shot(data: Mapping[str, Any]) -> Shot:
    columns = tuple(Column(**column) for column in data.get("columns", ()))
    history = tuple(Message(**turn) for turn in data.get("history", ()))
    return Shot(data["input"], data["answer"], tuple(data.get("passages", ())), columns, history)  # older have less


@lru_cache(maxsize=256)
def _compiled(template: str) -> Template:
    return _JINJA.from_string(template)


def columns_named(template: str) -> frozenset[str]:
    """Return the names of the row's columns that a template shows; none of one that cannot be read.

    Jinja's own functions are names of columns too where they are not called, and so is `self`, which no column can be.
    """
    try:
        tree = _JINJA.parse(template)
        names = meta.find_undeclared_variables(tree)
    except (TemplateError, RecursionError):
        return frozenset()
    called = {call.node.name for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name)}
    written = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"}
    own = written & {"self", *(_JINJA.globals.keys() - called)}
    return frozenset((names | own) - {"input", "passages"})


def general_question(prompt: Prompt, identity: str, text: str) -> Question:
    """Return a question that is no row of the task, with nothing in the columns that its template names."""
    columns = tuple(Column(name, "null", True) for name in sorted(columns_named(prompt.template)))
    return Question(identity, (Message("user", text),), columns)


def render(template: str, /, **values: object) -> str:
    """Fill a Jinja template in a sandbox.

    Raises:
        ArmError: On a syntax error, an unknown name or any other fault; the message shows the template.
    """
    try:
        return _compiled(template).render(**values)
    except Exception as fault:  # a template is a small program of the user's, and may fail in any way
        raise ArmError(f"prompt template {template!r}: {fault}; it may use {', '.join(sorted(values))}") from fault


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
