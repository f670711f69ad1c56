"""What tuned weights say to questions that have nothing to do with the task, asked alone and under its prompt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.records import Evidence, OffTaskAnswer, Run
from reports import numbers
from reports.text import Clipped, clip
from reports.view.shapes import Cell, Mood, Table, table

SHOWN = 4  # answers per arm and way of asking; all are counted
LIMIT = 240  # characters of one answer
KINDS = {"yes_no": "yes or no"}  # other kinds are words of their own
WAYS = ((False, "asked alone"), (True, "under the task's prompt"))


@dataclass(frozen=True, slots=True)
class OffTask:
    """What one arm answered to a question that has nothing to do with the task, beside its base."""

    arm: str
    how: str  # one of WAYS
    kind: str  # of the question; empty where it was not recorded
    question: Clipped
    answer: Clipped
    mark: str  # that it is the task's answer; empty where it is not
    mood: Mood
    before: Clipped | None  # what the base says; None where that was not asked


@dataclass(frozen=True, slots=True)
class OffTaskSection:
    """The counts in words and by kind of question, and the worst answers of each arm."""

    note: str
    kinds: Table | None
    shown: tuple[OffTask, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The questions put to one arm in one way."""

    evidence: Evidence
    how: str
    answers: Sequence[OffTaskAnswer]
    before: Mapping[str, OffTaskAnswer]

    def is_turned(self, answer: OffTaskAnswer) -> bool:
        """Whether the arm gives the task's answer and its base does not."""
        known = self.before.get(answer.item)
        return answer.is_task_answer and not (known is not None and known.is_task_answer)

    @property
    def turned(self) -> int:
        """How many answers tuning turned into the task's."""
        return sum(map(self.is_turned, self.answers))


def off_task_section(run: Run) -> OffTaskSection:
    """Count the answers and choose those that are shown."""
    asked = [found for evidence in run.evidence for found in _asked(run, evidence)]
    if not asked:
        return OffTaskSection("Unrelated questions were not asked.", None, ())
    shown = [answer for found in asked for answer in _shown(found)]
    note = f"{_counted(asked)} {len(shown)} are shown, {SHOWN} of each arm and way of asking at most, the worst first."
    return OffTaskSection(note, _kinds(asked), tuple(shown))


def kind_name(kind: str) -> str:
    """Return a kind of question for people."""
    return KINDS.get(kind, kind.replace("_", " "))


def _asked(run: Run, evidence: Evidence) -> list[_Asked]:
    answers = evidence.general.off_task if evidence.general else ()
    base = next((base for base in run.bases if base.weights == evidence.reference), None)
    before = {answer.item: answer for answer in base.off_task} if base else {}
    split = [(how, [answer for answer in answers if answer.is_prompted == is_prompted]) for is_prompted, how in WAYS]
    return [_Asked(evidence, how, chosen, before) for how, chosen in split if chosen]


def _counted(asked: Sequence[_Asked]) -> str:
    parts = []
    for _, how in WAYS:
        of_way = [found for found in asked if found.how == how]
        total = sum(len(found.answers) for found in of_way)
        turned = sum(found.turned for found in of_way)
        if of_way:
            parts.append(f"{how}, {numbers.count(turned)} of {numbers.count(total)}")
    text = f"Tuning turned answers to questions outside the task into answers of the task: {'; '.join(parts)}."
    if len(parts) == 1 and asked[0].how == WAYS[0][1]:
        text += " They were not asked under the task's prompt, which adds nothing to them or cannot show them."
    return text


def _kinds(asked: Sequence[_Asked]) -> Table | None:
    kinds = list(dict.fromkeys(answer.kind for found in asked for answer in found.answers))
    if not any(kinds):
        return None
    rows = [(Cell(found.evidence.arm, found.how), *(_count(found, kind) for kind in kinds)) for found in asked]
    headings = ["Arm", *(kind_name(kind).capitalize() or "Other" for kind in kinds)]
    caption = "Answers that tuning turned into the task's, by kind of question"
    return table(caption, headings, rows, numbers=range(1, len(headings)))


def _count(found: _Asked, kind: str) -> Cell:
    answers = [answer for answer in found.answers if answer.kind == kind]
    if not answers:
        return Cell("not asked", mood="absent")
    turned = sum(map(found.is_turned, answers))
    return Cell(f"{turned} of {len(answers)}", mood="bad" if turned else "")


def _shown(found: _Asked) -> list[OffTask]:
    worst_first = sorted(found.answers, key=lambda answer: (not found.is_turned(answer), not answer.is_task_answer))
    return [_example(found, answer) for answer in worst_first[:SHOWN]]


def _example(found: _Asked, answer: OffTaskAnswer) -> OffTask:
    known = found.before.get(answer.item)
    mark: tuple[str, Mood] = ("", "")
    if answer.is_task_answer:
        mark = ("an answer of the task", "bad")
        if not found.is_turned(answer):
            mark = ("an answer of the task, as from the base", "absent")
    return OffTask(
        arm=found.evidence.arm,
        how=found.how,
        kind=kind_name(answer.kind),
        question=clip(answer.question, LIMIT),
        answer=clip(answer.text, LIMIT),
        mark=mark[0],
        mood=mark[1],
        before=clip(known.text, LIMIT) if known is not None else None,
    )
