"""The whole page as plain values: what HTML and Markdown both draw from."""

from dataclasses import dataclass

from harness.records import Run
from reports import numbers
from reports.view.arms import ArmsSection, arms_section
from reports.view.costs import CostSection, cost_section
from reports.view.examples import Caps, ExamplesSection, examples_section
from reports.view.forgetting import ForgettingSection, forgetting_section
from reports.view.gain import GainSection, gain_section
from reports.view.judging import JudgePart, judge_parts
from reports.view.ladder import LadderSection, ladder_section
from reports.view.method import MethodSection, method_section
from reports.view.outcomes import OutcomesSection, outcomes_section
from reports.view.pairs import PairsSection, pairs_section
from reports.view.shapes import join
from reports.view.slices import SlicesSection, slices_section
from reports.view.training import TrainingSection, training_section
from reports.view.verdict import Verdict, verdict
from reports.view.words import GLOSSARY

BESIDE = "report.items.html"  # where all items are, when they do not fit into the page

# After page one, in this order: the id that links lead to, and the title.
SECTIONS = (
    ("arms", "Arms side by side"),
    ("ladder", "The ladder"),
    ("gain", "Gain against forgetting"),
    ("pairs", "Any two options"),
    ("slices", "Where it works"),
    ("forgetting", "What it forgets"),
    ("cost", "Cost and latency"),
    ("training", "Training"),
    ("examples", "Test items"),
    ("outcomes", "How items ended"),
    ("words", "Words"),
    ("method", "Method"),
)


@dataclass(frozen=True, slots=True)
class ItemsNote:
    """How many of the test items can be searched here, and where the others are."""

    total: str
    note: str

    @classmethod
    def of(cls, run: Run, here: int) -> "ItemsNote":
        """Say it; `here` of the run's items are in the page."""
        total = numbers.plural(len(run.examples), "test item")
        if here >= len(run.examples):
            return cls(total, f"All of the {total} can be searched here; each opens with its prompts and answers.")
        first = numbers.count(here)
        return cls(total, f"The first {first} of {total} can be searched here. All of them are in {BESIDE}, beside this"
                          " file.")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """One report."""

    name: str
    description: str
    is_fast: bool
    facts: tuple[str, ...]  # date, model, items: one line under the title
    sections: tuple[tuple[str, str], ...]  # id and title, in the order of the page
    verdict: Verdict
    arms: ArmsSection
    ladder: LadderSection
    gain: GainSection
    pairs: PairsSection
    slices: SlicesSection
    forgetting: ForgettingSection
    costs: CostSection
    training: TrainingSection
    examples: ExamplesSection
    items: ItemsNote
    outcomes: OutcomesSection
    judging: tuple[JudgePart, ...]
    glossary: tuple[tuple[str, str], ...]
    method: MethodSection


def page(run: Run, caps: Caps, here: int) -> Page:
    """Turn a run into the values that a report shows; `caps` bounds the examples, `here` items can be searched."""
    return Page(
        name=run.name,
        description=run.description,
        is_fast=run.is_fast,
        facts=facts(run),
        sections=SECTIONS,
        verdict=verdict(run),
        arms=arms_section(run),
        ladder=ladder_section(run),
        gain=gain_section(run),
        pairs=pairs_section(run, caps),
        slices=slices_section(run),
        forgetting=forgetting_section(run),
        costs=cost_section(run),
        training=training_section(run),
        examples=examples_section(run, caps),
        items=ItemsNote.of(run, here),
        outcomes=outcomes_section(run),
        judging=judge_parts(run),
        glossary=GLOSSARY,
        method=method_section(run),
    )


def facts(run: Run) -> tuple[str, ...]:
    """Return what identifies a run: date, model, size."""
    started = run.manifest.get("started")
    models = [str(one["source"]) for one in run.manifest.get("models", ())]
    found = [
        str(started)[:10] if started else "date not recorded",
        f"{'models' if len(models) > 1 else 'model'} {join(models)}" if models else "model not recorded",
        f"{numbers.plural(len(run.examples), 'test item')}{_in_groups(run)}",
        numbers.plural(len(run.evidence), "arm"),
    ]
    return (*found, f"run {run.folder}")


def _in_groups(run: Run) -> str:
    groups = {example.group for example in run.examples} - {None}
    return f" in {numbers.plural(len(groups), 'group')}" if groups else ""
