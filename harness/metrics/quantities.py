"""How a number is read out of an answer: its value, its unit, and which one of a sentence it is.

**Separators.** Of two kinds of mark the last is the decimal one (1,234.5 and 1.234,5); a mark that stands twice, a
space and an apostrophe separate thousands (1.234.567, 1 234, 1'234). A single mark is a decimal one (10,5; 0,125;
1234.567) unless exactly three digits follow one to three: then '1.234' and '1,234' are ambiguous, and `decimal_mark`
says which of the two marks is the decimal one. What groups no digits rightly (1.2.3) is not a number.

**Signs.** A minus touches its number or currency; in front of a space it is a bullet, behind a letter a hyphen.
Parentheses are a minus where they hold an amount of money, or are the whole answer: '($5)', '(1,234)'.

**Scales and words.** Million, lakh and others of `harness.metrics.scales`, and k, mn and bn that touch the number; m
and b only behind a currency, since '5m' may be metres. '2 1/2' is 2.5, and 10^5 is 100000. A number word is read where
a line, or what stands behind a mark, says nothing else but one more word at most: 'twelve eggs'.

**Units.** A raised digit (m2, m\u00b2, m^2) belongs to the unit, and so does a known unit that it is counted by
(5 \u20ac/kg, $5 per hour); another word there is not compared (5 \u20ac a piece).

**Which one.** In this order: the first number behind the last mark of a result ('####', '\\boxed{', 'answer:' and
others of `harness.metrics.marks`), and there behind the last '='; the last line, then the first, where it is a number
with at most one more word; the last number that has the wanted unit; the last number. Dates, times, quarters (Q3 2024)
and names (A4, covid-19) are not numbers.

**What says none.** A number that is one end of a range or of alternatives ('40-42', '5 or 6'), a bound ('>42', 'at
least 42', '42+'), or a part of a formula (2^10, 3\u221a2, 2\u03c0, 5i) or of an amount in two units (5 ft 10 in),
decides nothing; '> 42' as a paragraph of its own is a quote. The 42 of 'not 42' and of 'I cannot say whether it is 42'
is passed over. A target must say one decided number and no other, as nothing tells which of several counts.
"""

import itertools
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from harness.metrics.marks import behind_mark, without_refusals
from harness.metrics.normalisation import fold
from harness.metrics.number_words import in_digits
from harness.metrics.scales import SCALES
from harness.metrics.units import CURRENCIES, UNITS, any_of, are_same

DecimalMark = Literal[".", ","]
_TOUCHING = {"k": 10**3, "mn": 10**6, "bn": 10**9}
_OF_MONEY = {"m": 10**6, "b": 10**9}
_ARABIC_POINT = "\u066b"
# A model that repeats one digit for ever says no number, and costs no time.
_MOST_DIGITS = 300
_MOST_EXPONENT = 4  # characters
_NEAR = 100  # characters on each side of a number that are looked at
# Latin, Greek and Cyrillic letters, of which a word has more than its unit.
_LETTER = "[a-z\u00df-\u00f6\u00f8-\u04ff]"
_NO_MORE = rf"(?!{_LETTER}|/(?!{_LETTER}|[\u3040-\uffef]))"
_HANGUL = re.compile("[\uac00-\ud7af]")  # its currencies stand behind a number; in front of one they end another word
_BEFORE = any_of({form for form, unit in UNITS.items() if unit in CURRENCIES and not _HANGUL.search(form)})
_QUANTITY = re.compile(
    rf"(?P<sign>-|\+|\bminus |\bnegative )?(?:(?<!{_LETTER})(?P<currency>{_BEFORE})\.?\ ?)?(?P<inner_sign>-)?"
    # groups separated by spaces, by other marks, or nothing in front of the decimal mark
    rf"(?P<core>\d{{1,3}}(?:\ \d{{3}})+(?!\d)(?:[.,{_ARABIC_POINT}]\d+)?|\d+(?:[.,'_{_ARABIC_POINT}]\d+)*|\.\d+)"
    r"(?:e(?P<power>[-+]?\d+)(?!\w)|\ ?[\u00d7x\u00b7]\ ?10\ ?\^\ ?\{?(?P<tens>[-+]?\d+)\}?"
    r"|\ ?/\ ?(?P<below>\d+)(?![\d/]))?"
    rf"(?P<touching>(?:{any_of(_TOUCHING.keys() | _OF_MONEY.keys())})(?![^\W\d_]))?"
    rf"(?:\ ?(?P<scale>{any_of(set(SCALES))})(?!{_LETTER}))?"
    rf"(?:[ -]?(?P<unit>{any_of(UNITS)})(?P<raised>[\u00b2\u00b3]|\^?[23](?!\d))?{_NO_MORE})?"
    r"(?:(?:\ ?/\ ?|\ (?:per|an?)\ )(?P<per>[^\W\d_]+)(?P<per_raised>[\u00b2\u00b3]|\^?[23](?!\d))?)?"
)
_DENIED = re.compile(r"\b(?:not|nicht|niet|n\u00e3o|\u043d\u0435) $")
_ALTERNATIVES = re.compile(r"\s*(?:-|\u2014|/|~|to|or|through|versus|vs\.?)\s*(?:about |around )?")
_BOUND_OR_FORMULA = (
    re.compile(
        r"(?:[<\u2264\u2265]=?|(?<![\w\-=>/\"'])>=?|\\[lg]eq?"
        r"|\b(?:at (?:least|most)|(?:more|less|fewer|greater) than|up to)|\^|\u221a|sqrt) ?[{(]?$"
    ),
    re.compile(r" ?(?:\^|\u221a|\\?sqrt|\u03c0|\\?pi\b|\+(?! ?[\w(.\\$])|or (?:more|less|fewer)\b)|i\b"),
)
# Dates, times and quarters of a year.
_COMPOUND = re.compile(r"(?<!\d)\d+(?:([-/:])\d+\1\d+|:\d+)|\bq[1-4][ /-]?\d{4}\b|\b\d{4}[ /-]?q[1-4]\b")
_RAISED = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207a\u207b"
_REWRITTEN: tuple[tuple["re.Pattern[str]", str | Callable[["re.Match[str]"], str]], ...] = (
    (re.compile(r"(?<=\d)\s*\*\s*(?=\d)"), "\u00d7"),  # an asterisk between numbers is no emphasis
    (re.compile(r"[*`]+"), ""),
    (re.compile(r"(?<![\d.,])(\d+)\u4e07(\d)\u5343(?![\d\u514b])"), r"\g<1>\g<2>000"),  # ten thousands and thousands
    (re.compile(r"(?<=\d)([.,])(?:--?|[\u2013\u2014])(?=\s|$|[^\w\s])"), r"\g<1>00"),  # no cents: 5,- and 5.-
    (re.compile(rf"(?<=\d)[{_RAISED}]+"), lambda match: f"^{unicodedata.normalize('NFKC', match[0])}"),
    (re.compile(r"(?<=\d) ?([KMGTkmgt])bps\b"), r" \1bit/s"),
    (re.compile(r"(?<=\d) ?([KMGT])Bps\b"), r" \1B/s"),
    (re.compile(r"(?<=\d) ?([KMGT])b\b"), r" \1bit"),  # 'Gb' has bits, and 'gb' is mostly a careless GB
)
_WORD = re.compile(r"[^\W\d_]+\.?(?:/[^\W\d_]+)?")
_SPACELESS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as an answer says it."""

    value: Fraction
    unit: str = ""  # one spelling for all of its forms; '' where no known one stands there
    word: str = ""  # the next word, where no known unit stands there
    per: str = ""  # the unit that it is counted by, 'kg' of '5 \u20ac/kg'; '' where it is no known one
    is_bare: bool = False  # it is all that its text says


@dataclass(frozen=True, slots=True)
class _Found:
    quantity: Quantity
    is_open: bool = False  # nothing was decided: a range, alternatives, a bound, a part of a formula or of an amount


def read_quantity(text: str, *, decimal_mark: DecimalMark = ".", unit: str = "") -> Quantity | None:
    """Return the number that a text says, or None where it says none.

    Args:
        text: An answer or a target, in any script's digits.
        decimal_mark: The decimal mark of '1.234' and '1,234'.
        unit: A unit or word whose number goes first.
    """
    found, takes_first = _deciding(text, decimal_mark)
    wanted = [one for one in found if unit and _has_unit(one.quantity, unit)] or found
    if not wanted:
        return None
    chosen = wanted[0 if takes_first else -1]
    return None if chosen.is_open else chosen.quantity


def read_target(text: str, *, decimal_mark: DecimalMark = ".") -> Quantity | None:
    """Return the number that a target says, or None where it says none.

    Args:
        text: A target.
        decimal_mark: The decimal mark of '1.234' and '1,234'.

    Raises:
        ValueError: If it says several numbers, or one that is not decided: none of them alone is what it says.
    """
    is_text = not any(map(str.isdigit, text)) and in_digits(text, beside=False) == text  # such as 'Seven Samurai'
    found, _ = ([], False) if is_text else _deciding(text, decimal_mark)
    if len(found) > 1 or any(one.is_open for one in found):
        raise ValueError("says several numbers, or none that is decided (a range, a bound, a formula)")
    return found[0].quantity if found else None


def number_fault(target: str, metric: str, decimal_mark: DecimalMark) -> str:
    """Say why a target cannot be compared by its number; '' where it says one number, or none."""
    try:
        read_target(target, decimal_mark=decimal_mark)
    except ValueError as fault:
        return f"{fault}, and {metric} compares one; say which with `answer`, or compare texts with exact_match"
    return ""


def agree_in_unit(said: Quantity, wanted: Quantity) -> bool:
    """Whether what is said may have the wanted unit: a unit that is left out on either side is not held against it."""
    if said.per and wanted.per and not are_same(said.per, wanted.per):
        return False
    unit = wanted.unit or (wanted.word if wanted.is_bare else "")
    if not unit or _has_unit(said, unit):
        return True
    return not (said.unit or (said.word and said.is_bare))


def _has_unit(quantity: Quantity, unit: str) -> bool:
    return are_same(quantity.unit or quantity.word, unit)


def _deciding(text: str, decimal_mark: DecimalMark) -> tuple[list[_Found], bool]:
    """Return the numbers of the first part that has any, and whether the first of them counts, or the last."""
    lines = [line for line in map(_plain, _unquoted(_without_latex(without_refusals(text)).splitlines())) if line]
    if not any(map(str.isdigit, text)):
        lines = list(map(in_digits, lines))
    for part, takes_first in _parts(lines):
        if found := _quantities(part, decimal_mark):
            return found, takes_first
    return [], False


def _unquoted(lines: Sequence[str]) -> list[str]:
    """Take off the marks of Markdown's quotes, which begin a paragraph; in one, or alone, a '>' says a bound."""
    found: list[str] = []
    is_alone, is_quote = sum(map(bool, map(str.strip, lines))) < 2, False
    for above, line in zip(("", *lines), lines, strict=False):
        is_quote = line.startswith("> ") and (is_quote or not above.strip())
        found.append(line.removeprefix("> ") if is_quote and not is_alone else line)
    return found


def _parts(lines: Sequence[str]) -> "list[tuple[str, bool]]":
    """Return where to look, in order, and whether the first number there counts, or the last."""
    text = "\n".join(lines)
    parts: list[tuple[str, bool]] = []
    if behind := behind_mark(text):
        parts.append((in_digits(behind.rpartition("=")[2]), True))
    parts += [(line, False) for line in (*lines[-1:], *lines[:1]) if _is_bare(line)]
    return [*parts, (text, False)]


def _is_bare(line: str) -> bool:
    found = _quantities(line, ".")
    return len(found) == 1 and found[0].quantity.is_bare


def _quantities(text: str, decimal_mark: DecimalMark) -> list[_Found]:
    text = _COMPOUND.sub(lambda match: "\u00a7" * len(match[0]), text)
    matches = list(_QUANTITY.finditer(text))
    is_open = [_belong_together(text, one, other) for one, other in itertools.pairwise(matches)]
    found: list[_Found] = []
    for index, match in enumerate(matches):
        value = _value(match, decimal_mark)
        is_denied = _DENIED.search(text, max(0, match.start() - _NEAR), match.start()) is not None
        if value is not None and not is_denied and not _is_part_of_a_name(text, match):
            is_undecided = any(is_open[max(0, index - 1) : index + 1]) or _is_bound_or_in_formula(text, match)
            found.append(_Found(_quantity(text, match, value), is_undecided))
    return found


def _belong_together(text: str, one: "re.Match[str]", other: "re.Match[str]") -> bool:
    """Whether two numbers that follow each other are alternatives, or one amount in two units."""
    gap = text[one.end() : other.start()] + (other["sign"] or "")  # of '10-12' the hyphen was taken for a sign
    is_amount = gap == "" or (gap == " " and one["unit"] is not None and other["unit"] is not None)
    return is_amount or _ALTERNATIVES.fullmatch(gap) is not None


def _is_bound_or_in_formula(text: str, match: "re.Match[str]") -> bool:
    before, after = _BOUND_OR_FORMULA
    near = text[max(0, match.start() - _NEAR) : match.start()].rstrip()
    return before.search(near) is not None or after.match(text, match.end()) is not None


def _quantity(text: str, match: "re.Match[str]", value: Fraction) -> Quantity:
    before = text[max(0, match.start() - _NEAR) : match.start()].rstrip()
    after = text[match.end() : match.end() + _NEAR].lstrip()
    unit = UNITS.get(match["currency"] or match["unit"] or "", "") + _power(match["raised"])
    by = UNITS.get(match["per"] or "", "")
    per = by and by + _power(match["per_raised"])
    if f"{unit}/{per}" in UNITS:
        unit, per = UNITS[f"{unit}/{per}"], ""
    is_whole = not before and not after
    is_enclosed = before.endswith("(") and after.startswith(")")
    if is_enclosed and ((before == "(" and after.rstrip(".") == ")") or unit in CURRENCIES):
        value = -abs(value)
    word = "" if unit else (found[0].rstrip(".").removesuffix("s") if (found := _WORD.match(after)) else "")
    rest = _WORD.sub("", after, count=1) if word else after
    is_bare = is_whole or not (before.strip(" \"'([-=\u2248~:") or rest.strip(" \"')].,;:!?}"))
    return Quantity(value, unit, word, per, is_bare)


def _power(raised: str | None) -> str:
    return {"2": "\u00b2", "3": "\u00b3"}.get((raised or "").lstrip("^"), raised or "")


def _is_part_of_a_name(text: str, match: "re.Match[str]") -> bool:
    """Whether a letter or a letter's hyphen stands in front, or a raised digit behind: A4, covid-19, 10\u00b2."""
    start = match.start()
    before, behind = text[max(0, start - _NEAR) : start], text[match.end() : match.end() + 1]
    if match["sign"] is None and before.endswith("-"):
        before = before[:-1]
    is_word = before[-1:].isalnum() and not _SPACELESS.match(before[-1:]) and not (match["sign"] or "").isalpha()
    is_between_digits = before[-1:].isdigit() and match["sign"] == "-"  # '10-12', which is open on both sides
    return (is_word and not is_between_digits) or unicodedata.decomposition(behind or " ").startswith("<super>")


def _value(match: "re.Match[str]", decimal_mark: DecimalMark) -> Fraction | None:
    if len(match["core"]) > _MOST_DIGITS or len(match["below"] or "") > _MOST_DIGITS:
        return None
    value = _core_value(match["core"], decimal_mark)
    if value is None:
        return None
    if below := match["below"]:
        if not int(below) or not match["core"].isdigit():
            return None
        value /= int(below)
    exponent = match["power"] or match["tens"] or "0"
    if len(exponent) > _MOST_EXPONENT:
        return None
    value *= Fraction(10) ** int(exponent)
    if touching := match["touching"]:
        if touching in _OF_MONEY and not match["currency"]:
            return value  # a unit
        value *= (_TOUCHING | _OF_MONEY)[touching]
    value *= SCALES.get(match["scale"] or "", 1)
    is_negative = (match["sign"] or "").strip() in ("-", "minus", "negative") or match["inner_sign"]
    return -value if is_negative else value


def _core_value(core: str, decimal_mark: DecimalMark) -> Fraction | None:
    """Return the value of digits and marks, None where they group nothing rightly."""
    marks = re.findall(r"\D", core)
    whole, tail = core, ""
    if marks and _has_decimals(core, marks, decimal_mark):
        whole, _, tail = core.rpartition(marks[-1])
        if marks.count(marks[-1]) > 1:
            return None
    groups = re.split(r"\D", whole)
    if len(groups) > 1 and not (len(set(re.findall(r"\D", whole))) == 1 and _are_thousands(groups)):
        return None
    return Fraction(f"{''.join(groups) or '0'}.{tail or '0'}")


def _has_decimals(core: str, marks: Sequence[str], decimal_mark: DecimalMark) -> bool:
    last = marks[-1]
    if last == _ARABIC_POINT:
        return True
    if last not in ".," or marks.count(last) > 1:
        return False
    whole, _, tail = core.rpartition(last)
    is_ambiguous = len(marks) == 1 and len(tail) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")
    return last == decimal_mark if is_ambiguous else True


def _are_thousands(groups: Sequence[str]) -> bool:
    """Whether groups are of three digits, or of two with three at the end, as in India."""
    first, *middle, last = groups
    sizes = {len(group) for group in middle}
    return len(last) == 3 and 1 <= len(first) <= 3 and (sizes <= {3} or (sizes == {2} and len(first) <= 2))


def _without_latex(text: str) -> str:
    text = re.sub(r"(?<=\d)(?=\\[dt]?frac)", " ", text)  # 2\frac{1}{2} is no 21/2
    text = re.sub(r"\\[dt]?frac\s*\{(\d+)\}\s*\{(\d+)\}", r"\1/\2", text)
    text = (
        re.sub(r"\\(?:text|mathrm)\s*\{([^}]*)\}", r" \1", text)
        .replace("{,}", ",")
        .replace("\\times", "\u00d7")
        .replace("\\cdot", "\u00b7")
    )
    return re.sub(r"\\([%$#&])|\\[,;!(\[)\]]", r"\1", text)


def _plain(line: str) -> str:
    """Return a line with ASCII digits and without emphasis; `fold` has made minus signs, spaces and apostrophes one."""
    for pattern, form in _REWRITTEN:
        line = pattern.sub(form, line)
    line = fold(line).replace("\u066c", "'")
    line = "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in line)
    line = re.sub(r"(?<!\d)(\d+) ?([\u00bc-\u00be\u2150-\u215e])|([\u00bc-\u00be\u2150-\u215e])", _vulgar, line)
    line = re.sub(r"(?<![\d.,/])(\d{1,3}) (\d+)/(\d+)(?![\d/])", _mixed, line)
    line = re.sub(r"(?<![\w.,^\u00d7\u00b7])(?<![\u00d7x\u00b7] )10 ?\^ ?\{?([-+]?\d+)\}?", r"1e\1", line)
    line = re.sub(r"(?<=\d) k(?=[\u20ac$\u00a3])", "k", line)
    line = re.sub(r"\bbetween (.{1,40}?) and ", r"\1 to ", line)
    return re.sub(r"(?<=\d) out of (?:a )?\d+", "", line)


def _vulgar(match: "re.Match[str]") -> str:
    value = int(match[1] or 0) + Fraction(unicodedata.numeric(match[2] or match[3])).limit_denominator(10)
    return f"{value.numerator}/{value.denominator}"


def _mixed(match: "re.Match[str]") -> str:
    whole, above, below = (int(part) for part in match.groups())
    return f"{whole * below + above}/{below}" if above < below else match[0]
