"""The marks behind which an answer says its result: '####', '\\boxed{', '<answer>', 'Answer:', 'answer is'."""

import re
from collections.abc import Sequence

# The longer first: 'final answer' holds 'answer'.
ENGLISH = ("final answer", "answer")
OTHER_LANGUAGES = (
    "antwort", "respuesta final", "respuesta", "resposta final", "resposta", "risposta finale", "risposta",
    "réponse finale", "réponse", "ответ", "antwoord", "odpowiedź", "cevap", "svar",
)  # fmt: skip
WITHOUT_SPACES = ("答案", "答え", "답")
OF_CHOICES = (
    "option", "choice", "réponse correcte", "option correcte", "respuesta correcta", "opción correcta",
    "resposta correta", "opção correta", "risposta corretta", "opzione corretta",
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
    r"(?:i|we) (?:cannot|can['\u2019]t|can not|could not|couldn['\u2019]t|do not know|don['\u2019]t know)",
    r"(?:i am|we are) (?:unable|not able)", r"ich (?:wei\u00df|kann) (?:es |das )?nicht", r"je ne (?:sais|peux) pas",
    r"no (?:lo )?s\u00e9", r"no puedo",
)  # fmt: skip
# A sentence that begins so says no result, unless it goes on with 'but' or a colon.
_REFUSAL = re.compile(
    rf"(?:^|(?<=[.!?] ))[ \t]*(?:{'|'.join(_UNABLE)})\b(?![^.!?\n]*(?:\b(?:but|however|aber|mais|pero)\b|:))"
    r"(?:[^.!?\n]|\.(?=\d))*[.!?]*",
    flags=re.IGNORECASE | re.MULTILINE,
)


def without_refusals(text: str) -> str:
    """Return a text without the sentences that begin with what its writer cannot say or does not know."""
    return _REFUSAL.sub("", text)


_CHECK = re.compile(
    r"(?<=[.!?\n(]) ?(?:to )?(?:check|verify|verification|probe|kontrolle|v\u00e9rification|comprobaci\u00f3n):",
    flags=re.IGNORECASE,
)


def without_checks(text: str) -> str:
    """Return a text without the check of a result behind it: 'She has 36. Check: 36 / 4 = 9'."""
    found = _CHECK.search(text)
    return text[: found.start()] if found and any(map(str.isdigit, text[: found.start()])) else text
