"""What people call the columns of a file, and which column has such a name."""

import re
from collections.abc import Callable, Sequence

TARGETS = (
    "target", "answer", "label_text", "label", "output", "response", "completion", "expected", "expected_output",
    "solution", "gold", "intent", "sentiment", "reply", "summary", "translation",
)  # fmt: skip
# An answer too, where no column is called as above, or has one of the words for an answer in its name.
MARKS = ("category", "class", "code", "topic", "fields", "entities", "extracted", "json")
ANSWERING = ("best", "gold", "correct", "expected", "reference", "target", "solution", "label", "answer")
ASKING = ("input", "question", "query", "prompt", "instruction")  # what may stand beside a text that it is about
INPUTS = (
    *ASKING, "text", "message", "sentence", "utterance", "review", "comment", "request", "email", "ticket", "problem",
)  # fmt: skip
# A question too, where no column is called as above, or has one of the words for asking in its name.
TEXTS = ("document", "article", "content", "body", "description", "title", "source")
CONTEXTS = ("context", "passage", "background", "paragraph", "story", "document", "article")
IDS = ("id", "uid", "uuid", "guid", "key", "idx", "index", "row_id", "example_id", "question_id", "qid")
GROUP = "group"
GROUPS = (
    GROUP, "group_id", "conversation_id", "thread_id", "session", "session_id", "dialogue_id", "user", "user_id",
    "customer", "customer_id", "author", "patient_id", "document_id", "doc_id", "article_id", "source_id", "product",
    "product_id", "family",
)  # fmt: skip
EVIDENCE = ("evidence", "passage_id", "document_id", "doc_id", "page", "source_document", "source")
NO_ANSWERS = (*INPUTS, *TEXTS, *CONTEXTS, *EVIDENCE)  # what may hold turns, texts or ids in a list
# With one of these words a name is about an answer or a question, or another one's: 'answer_type', 'wrong_answer'.
_ABOUT = {
    "id", "type", "kind", "lang", "language", "start", "end", "score", "confidence", "quality", "count", "length",
    "time", "date", "by", "source", "url", "is", "has", "rate", "relevance", "long", "predicted", "generated", "model",
    "candidate", "student", "wrong", "incorrect", "false", "negative", "system", "followup",
}  # fmt: skip
_CHOICE = re.compile("(option|choice|answer)(_[a-z]|_?[0-9])")


def first(names: Sequence[str], wanted: Sequence[str], is_fit: Callable[[str], bool] = lambda _: True) -> str | None:
    """Return the fit column that has the earliest of the wanted names."""
    known = {usual(name): name for name in reversed(names)}
    return next((known[name] for name in wanted if name in known and is_fit(known[name])), None)


def with_word(names: Sequence[str], words: Sequence[str]) -> str | None:
    """Return the column whose name has the earliest of the words in it, as 'gold_answer' and 'correctAnswer' do."""
    parts = {name: words_of_name(name) for name in names if not is_choice(name)}
    likely = {name: found for name, found in parts.items() if not found & _ABOUT}
    return next((name for word in words for name, found in likely.items() if word in found), None)


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
