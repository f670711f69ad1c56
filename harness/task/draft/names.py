"""What people call the columns of a file, and which column has such a name."""

import re
from collections.abc import Callable, Sequence

TARGETS = (
    "target", "answer", "label_text", "label", "output", "response", "completion", "expected", "expected_output",
    "solution", "gold",
)  # fmt: skip
MARKS = (  # an answer too, where no column is called as above
    "category", "class", "intent", "sentiment", "reply", "summary", "translation", "code", "topic", "fields",
    "entities", "extracted", "json",
)  # fmt: skip
INPUTS = (
    "input", "question", "query", "prompt", "instruction", "text", "message", "sentence", "utterance", "review",
    "comment", "request", "email", "ticket", "document", "article", "content", "body", "description", "title",
    "problem", "source",
)  # fmt: skip
ASKING = ("input", "question", "query", "prompt", "instruction")  # what may stand beside a text that it is about
ANSWERING = ("answer", "target", "gold", "correct", "label", "expected", "solution")
CONTEXTS = ("context", "passage", "background", "paragraph", "story", "document", "article")
IDS = ("id", "uid", "uuid", "guid", "key", "idx", "index", "row_id", "example_id", "question_id", "qid")
GROUP = "group"
GROUPS = (
    GROUP, "group_id", "conversation_id", "thread_id", "session", "session_id", "dialogue_id", "user", "user_id",
    "customer", "customer_id", "author", "patient_id", "document_id", "doc_id", "article_id", "source_id", "product",
    "product_id", "family",
)  # fmt: skip
EVIDENCE = ("evidence", "passage_id", "document_id", "doc_id", "page", "source_document", "source")
NO_ANSWERS = (*INPUTS, *CONTEXTS, *EVIDENCE)  # what may hold turns, texts or ids in a list
# With one of these words a name says something about an answer: 'answer_type', 'wrong_answer'.
_ABOUT = {
    "id", "type", "kind", "lang", "language", "start", "end", "score", "confidence", "quality", "count", "length",
    "time", "date", "by", "source", "url", "is", "predicted", "wrong", "incorrect",
}  # fmt: skip
_CHOICE = re.compile("(option|choice)_?[a-z0-9]")


def first(names: Sequence[str], wanted: Sequence[str], is_fit: Callable[[str], bool] = lambda _: True) -> str | None:
    """Return the fit column that has the earliest of the wanted names."""
    known = {usual(name): name for name in reversed(names)}
    return next((known[name] for name in wanted if name in known and is_fit(known[name])), None)


def with_word(names: Sequence[str], words: Sequence[str]) -> str | None:
    """Return the column whose name has the earliest of the words in it, as 'gold_answer' and 'correctAnswer' do."""
    parts = {name: words_of_name(name) for name in names}
    return next((name for word in words for name in names if word in parts[name] and not parts[name] & _ABOUT), None)


def words_of_name(name: str) -> set[str]:
    """Return the words of a column's name, in small letters."""
    return set(usual(name).split("_"))


def is_choice(name: str) -> bool:
    """Whether the name is that of one answer to choose from: 'option_a', 'choice1'."""
    return _CHOICE.fullmatch(usual(name)) is not None


def usual(name: str) -> str:
    """Return a column's name in the spelling of the lists above: 'Expected output' and 'expectedOutput' are one."""
    return re.sub(r"[\W_]+|(?<=[a-z])(?=[A-Z])", "_", name.strip()).strip("_").casefold()


def shown_name(name: str) -> str:
    """Return a column's name for a message or a comment, on one line."""
    return f"'{' '.join(name.split())}'" if name.isprintable() else repr(name)
