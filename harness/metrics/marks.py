"""The marks behind which an answer says its result: '####', '\\boxed{', '<answer>', 'Answer:', 'answer is'."""

import re
from collections.abc import Sequence

# The longer first: 'final answer' holds 'answer'.
ENGLISH = ("final answer", "answer")
OTHER_LANGUAGES = (
    "antwort", "respuesta final", "respuesta", "resposta final", "resposta", "risposta finale", "risposta",
    "réponse finale", "réponse", "ответ",
)  # fmt: skip
WITHOUT_SPACES = ("答案", "答え", "답")
OF_CHOICES = (
    "option", "choice", "réponse correcte", "option correcte", "respuesta correcta", "opción correcta",
    "resposta correta", "opção correta", "risposta corretta", "opzione corretta", "antwoord", "odpowiedź", "cevap",
    "svar",
)  # fmt: skip
OF_CHOICES_WITHOUT_SPACES = (*WITHOUT_SPACES, "正解", "正确选项", "正確選項")
# In the middle of working, too: marks where nearly all targets of a task have one, and of no single answer.
OF_WORKING = ("result", "ergebnis")

_END = re.compile(r"</|\"[,}]")  # of a tag, of a text in JSON


def pattern_of(*words: str, without_spaces: Sequence[str] = WITHOUT_SPACES, verbs: str = "是为") -> re.Pattern[str]:
    """Return a pattern for the signs, and for these words with a colon or a verb of any of the languages.

    Args:
        words: Of languages with spaces.
        without_spaces: Of languages without spaces.
        verbs: What may stand behind `without_spaces`, a character each.
    """
    return re.compile(
        rf"####|\\boxed\s*\{{|<answer>|\b(?:{'|'.join(words)})\"?\s*(?:(?:is|ist|es|est|é|è)\b\s*:?|[:：])"
        rf"|(?:{'|'.join(without_spaces)})\s*[:：{verbs}]",
        flags=re.IGNORECASE,
    )


MARKS = pattern_of(*ENGLISH, *OTHER_LANGUAGES)
# A number may stand in a sentence about the topic, so that the particles 'は' and '은' do not mark one.
MARKS_OF_CHOICES = pattern_of(
    *ENGLISH, *OTHER_LANGUAGES, *OF_CHOICES, without_spaces=OF_CHOICES_WITHOUT_SPACES, verbs="是为為は은"
)


def behind_mark(text: str, marks: re.Pattern[str] = MARKS) -> str:
    """Return what stands behind the last mark of a text, in that line or the next one; '' where nothing does."""
    found = list(marks.finditer(text))
    if not found:
        return ""
    behind = text[found[-1].end() :].strip().partition("\n")[0]
    if found[-1][0].startswith("\\boxed"):
        behind = behind.partition("}")[0]
    return _END.split(behind)[0]


_UNABLE = (
    r"\bi(?:['\u2019]m| am) (?:unable|not able)\b", r"\b(?:i|we) (?:cannot|can['\u2019]t|could not|couldn['\u2019]t)\b",
    r"\b(?:i|we) (?:do not|don['\u2019]t) know\b", r"\bich (?:wei\u00df|kann) (?:es |das )?nicht\b",
    r"\bje ne (?:sais|peux) pas\b", r"\bno (?:lo )?s\u00e9\b", r"\bno puedo\b",
)  # fmt: skip
_UNKNOWN = r"\b(?:whether|if|when|ob|wann|si|quand|cu\u00e1ndo)\b"
_REFUSAL = re.compile(rf"(?:{'|'.join(_UNABLE)})[^.,;:!?\n]*?,? ?{_UNKNOWN}(?:[^.,;:!?\n]|[.,](?=\d))*", re.IGNORECASE)


def without_refusals(text: str) -> str:
    """Return a text without what its writer says not to know: 'I cannot say whether it is 42', up to the next comma."""
    return _REFUSAL.sub("", text)
