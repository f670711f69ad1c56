"""How a check is printed: counts, what each arm will see, then what was found: the worst last, where it is read."""

from collections.abc import Sequence

from harness.checking import CheckReport, Finding
from harness.checking.findings import SEVERITIES, Seen
from harness.checking.reading import Material
from harness.cli.printing import marked, say
from harness.errors import TaskFileError

EXAMPLES = 5
LONGEST_PROMPT = 700  # characters
_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}
_MORE = "--json lists all"


def print_faults(material: Material) -> None:
    """Print what keeps the task from being read, in the form in which every command does."""
    try:
        material.faults.raise_any(material.content.path)
    except TaskFileError as fault:
        say(f"Error: {fault}", err=True)


def print_report(report: CheckReport) -> None:
    """Print the counts, the previews and the findings."""
    say(f"{report.task}: {_counts(report)}")
    for note in report.notes:
        say(f"  {note}")
    say(f"  tokens: {report.lengths}")
    if report.seen:
        say("\nWhat each arm will show the model:")
    for position, seen in enumerate(report.seen):
        _print_seen(seen, report.seen[:position])
    for finding in _worst_last(report.findings):
        _print_finding(finding)
    if report.findings:
        say(f"\nFound: {_counts(report)}")


def print_fixed(fixed: CheckReport) -> None:
    """Print where the cleaned copy is and what is left in it for its owner."""
    say(f"\nCleaned copy: {fixed.task}: {_counts(fixed)}; FIXES.md beside it says what was done to each row")
    for finding in _worst_last(fixed.findings):
        if finding.severity != "note":
            _print_finding(finding)


def _worst_last(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: -SEVERITIES.index(finding.severity))


def _counts(report: CheckReport) -> str:
    if report.faults:
        return f"cannot be read ({_plural(len(report.faults), 'problem')}), and {_graded(report)}"
    return _graded(report)


def _graded(report: CheckReport) -> str:
    return ", ".join(_plural(report.count(severity), severity) for severity in SEVERITIES)


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" + ("" if count == 1 else "s")


def _print_finding(finding: Finding) -> None:
    label = marked(finding.severity, fg=_COLOURS[finding.severity], bold=True)
    count = f"{len(finding.hits)} x " if len(finding.hits) > 1 else ""
    say("\n", label, f": {count}{finding.title}")
    for hit in finding.hits[:EXAMPLES]:
        shown = [str(place) for place in hit.rows[:2]]
        shown += [f"{len(hit.rows) - 2} more"] if len(hit.rows) > 2 else []
        say(f"  - {' and '.join(shown)}{': ' if shown else ''}{hit.detail}")
    if len(finding.hits) > EXAMPLES:
        say(f"  - and {len(finding.hits) - EXAMPLES} more ({_MORE})")
    say(f"  {finding.remedy}")


def _print_seen(seen: Seen, before: Sequence[Seen]) -> None:
    note = f" ({seen.note})" if seen.note else ""
    same = [other.arm for other in before if (other.prompt, other.learnt) == (seen.prompt, seen.learnt)]
    alike = f": the same as {same[0]}" if same and seen.prompt else ""
    say("\n", marked(seen.arm, bold=True), note, alike)
    if not seen.prompt or same:
        return
    marks = ("", "") if seen.learnt is None else ("[no loss] ", f"[loss] {seen.learnt}")
    text = marks[0] + _cut(seen.prompt) + marks[1]
    say("\n".join(f"  | {line}" for line in text.split("\n")))


def _cut(text: str) -> str:
    if len(text) <= LONGEST_PROMPT:
        return text
    half = LONGEST_PROMPT // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters; {_MORE} ...]\n{text[-half:]}"
