"""What a task is made of."""

from dataclasses import dataclass
from typing import Literal

from harness.answer_reading import AnswerRule

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Column:
    """One cell of a row that the prompt's template names."""

    name: str  # as the template has it
    text: str
    is_json: bool = False  # a list or an object, as JSON


@dataclass(frozen=True, slots=True)
class Question:
    """What an arm may see of a test item: the conversation so far, and no target."""

    id: str
    messages: tuple[Message, ...]  # the last one is the user's
    columns: tuple[Column, ...] = ()  # what the prompt's template shows beside them

    @property
    def text(self) -> str:
        """The user's last turn."""
        return self.messages[-1].content


@dataclass(frozen=True, slots=True)
class LabelledAnswer:
    """An answer to a row's question that people judged, whoever gave it."""

    text: str
    label: float  # 1: good (or better than the target); 0: not; 0.5: as good as the target


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled row of the task's data."""

    id: str
    messages: tuple[Message, ...]  # the last one is the user's
    target: str
    group: str | None = None  # rows of one group never stand on both sides of a split
    evidence: tuple[str, ...] = ()  # ids of the passages or documents that hold the answer
    accepted: tuple[str, ...] = ()  # other answers that are as right as the target
    columns: tuple[Column, ...] = ()  # part of the question, for the prompt's template
    labelled: tuple[LabelledAnswer, ...] = ()  # answers that people judged, to check a judge by
    slices: tuple[Column, ...] = ()  # what the report tells test rows apart by; no arm sees it

    @property
    def question(self) -> Question:
        """The part a predictor may see."""
        return Question(self.id, self.messages, self.columns)


@dataclass(frozen=True, slots=True)
class Preference:
    """A prompt with a better and a worse answer."""

    id: str
    messages: tuple[Message, ...]
    chosen: str
    rejected: str
    columns: tuple[Column, ...] = ()

    @property
    def question(self) -> Question:
        """What is asked."""
        return Question(self.id, self.messages, self.columns)


@dataclass(frozen=True, slots=True)
class Feedback:
    """An answer that somebody called good or bad."""

    id: str
    messages: tuple[Message, ...]
    answer: str
    is_good: bool
    columns: tuple[Column, ...] = ()

    @property
    def question(self) -> Question:
        """What is asked."""
        return Question(self.id, self.messages, self.columns)


@dataclass(frozen=True, slots=True)
class Document:
    """One file or row that retrieval may search."""

    id: str
    text: str
    source: str  # file name, for the reader of the report
    is_plain: bool = False  # text in which '#' and '|' mark no heading and no table, as they do in Markdown


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk of a document, as retrieved."""

    id: str
    document: str  # id of the document it was cut from
    text: str


@dataclass(frozen=True, slots=True)
class Study:
    """All that an arm may learn or select from; there is no test field."""

    train: tuple[Example, ...]
    dev: tuple[Example, ...]
    documents: tuple[Document, ...] = ()
    preferences: tuple[Preference, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    system: str | None = None  # the task's own system prompt
    template: str = "{{ input }}"  # the task's own user turn, Jinja
    answer: AnswerRule | None = None  # how the result is read out of targets and answers; None: an answer is the result
