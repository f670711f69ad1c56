"""What a check finds: graded, with the rows it is about, and what to do."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from harness.task.faults import Faults

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Place:
    """A row, as its reader can find it; `number` 0 means a file as a whole."""

    split: str  # 'train', 'dev', 'test', 'preferences', 'feedback', 'documents' or 'task'
    file: str
    number: int = 0  # counted from 1
    unit: str = "line"  # or 'row', for formats without lines
    id: str = ""

    def __str__(self) -> str:
        """Return e.g. 'test.jsonl line 4 (id q4)'."""
        where = f"{self.file} {self.unit} {self.number}" if self.number else self.file
        return f"{where} (id {self.id})" if self.id else where


@dataclass(frozen=True, slots=True)
class Hit:
    """One case of a finding."""

    rows: tuple[Place, ...]  # a pair for pairs, the held-out row first; empty for a split as a whole
    detail: str  # the text or figure itself
    drop: tuple[Place, ...] = ()  # what `--fix` leaves out; never a test row


@dataclass(frozen=True, slots=True)
class Finding:
    """All cases of one kind."""

    kind: str
    severity: Severity
    title: str
    remedy: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What keeps the task from being read: a row, a file or a key of the task file."""

    file: str
    text: str
    line: int | None
    unit: str
    column: int | None


class ListedFaults(Faults):
    """Faults that also keep the row each is about."""

    def __init__(self) -> None:
        super().__init__()
        self.listed: dict[Fault, None] = {}

    def add(self, file: str, text: str, line: int | None = None, unit: str = "line", column: int | None = None) -> None:
        """Note one fault, as `Faults.add`."""
        super().add(file, text, line, unit, column)
        self.listed[Fault(file, text, line, unit, column)] = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What one arm will show the model for one row."""

    arm: str
    prompt: str  # all that the model reads, with the model's own markers where its template is at hand
    learnt: str | None  # what the loss is taken on, its end token included; None for arms that do not train
    note: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Everything that one check found."""

    task: str
    faults: tuple[Fault, ...]
    findings: tuple[Finding, ...]
    seen: tuple[Seen, ...]
    notes: tuple[str, ...]  # how the data were read
    lengths: str  # how tokens were counted

    def count(self, severity: Severity) -> int:
        """How many cases of this severity there are."""
        return sum(max(1, len(finding.hits)) for finding in self.findings if finding.severity == severity)

    @property
    def exit_code(self) -> int:
        """2 when the task cannot be read, 1 when there are errors, else 0."""
        if self.faults:
            return 2
        return 1 if self.count("error") else 0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data with every row."""
        counts = {severity: self.count(severity) for severity in SEVERITIES}
        return {"exit_code": self.exit_code, "counts": counts, **asdict(self)}


def gathered(kind: str, severity: Severity, title: str, remedy: str, hits: Iterable[Hit]) -> list[Finding]:
    """Return one finding of these cases, or none when there are no cases."""
    found = tuple(hits)
    return [Finding(kind, severity, title, remedy, found)] if found else []
