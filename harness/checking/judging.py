"""What a judge will be asked, what its rubric says, and which labels of people's tell how often it errs."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from harness.checking.findings import Finding, Hit, Seen, gathered
from harness.checking.model_text import ModelText
from harness.checking.reading import Material
from harness.contract import Judging
from harness.task.judges import judges_of

SHORT_RUBRIC = 8  # words; fewer say hardly more than 'good'
HELD_OUT = ("dev", "test")


def judge_texts(material: Material, folder_of: Callable[[str], Path | None]) -> dict[str, ModelText]:
    """Return the text of each judge's model, by the metric's name."""
    found = {}
    for name, model in material.content.judges.items():
        known = Path(model.source).name if Path(model.source).is_absolute() else model.source
        found[name] = ModelText(folder_of(model.source), known)
    return found


def find_judges(material: Material, texts: Mapping[str, ModelText]) -> list[Finding]:
    """Tell of each judge what labels there are for it; find short rubrics, and questions that do not fit its window."""
    content = material.content
    found: list[Finding] = []
    for name, judge in _judges(material).items():
        remedy = "say in the rubric what a good answer must hold, and what makes one bad"
        words = len(str(getattr(judge, "rubric", "")).split())
        is_short = hasattr(judge, "rubric") and words < SHORT_RUBRIC
        short = [Hit((), f"metric '{name}': {words} words")] if is_short else []
        found += gathered("short_rubric", "warning", "rubrics that say little", remedy, short)
        remedy = "an answer that cannot be judged is missing: shorten the rows, or take a judge with a larger window"
        title = f"rows that do not fit the window of {name}"
        found += gathered("judge_window", "warning", title, remedy, _too_long(material, judge, texts[name]))
        decides = name == content.settings.metric.primary
        remedy = (
            "label the arms' own answers on test rows drawn at random to narrow its corrected interval"
            if decides
            else "without labels of both kinds its figures are shown, uncorrected"
        )
        found.append(Finding("judge_labels", "note", f"people's labels for {name}", remedy, _labels(material)))
    return found


def judge_previews(material: Material, texts: Mapping[str, ModelText]) -> tuple[Seen, ...]:
    """Render what each judge is asked about the right answer of one row."""
    rows = [record.example for record in material.splits["test"]]
    if material.listed or not rows:
        return ()
    seen = []
    for name, judge in _judges(material).items():
        first, *others = judge.requests(rows[0].target, rows[0])
        note = f"asked about every answer, here about the right one, and {len(others)} more with the order changed"
        seen.append(Seen(name, texts[name].prompt(first.messages), None, f"{note}; the likeliest choice counts"))
    return tuple(seen)


def _judges(material: Material) -> dict[str, Judging]:
    chosen = material.content.settings.metric
    found = judges_of((chosen.primary, *chosen.also), chosen.options)
    return {name: judge for name, judge in found.items() if name in material.content.judges}


def _labels(material: Material) -> tuple[Hit, ...]:
    counts = Counter(
        (split, answer.label)
        for split in HELD_OUT
        for record in material.splits[split]
        for answer in record.example.labelled
        if answer.text  # an empty one is bad for certain, and no judge is asked
    )
    words = {1.0: "good", 0.0: "bad", 0.5: "as good as the target"}
    lines = [
        f"{split}: {', '.join(said)}"
        for split in HELD_OUT
        if (said := [f"{counts[split, label]} {word}" for label, word in words.items() if counts[split, label]])
    ]
    return tuple(Hit((), line) for line in lines or ["none in dev and test"])


def _too_long(material: Material, judge: Judging, text: ModelText) -> list[Hit]:
    """Find test rows whose right answer alone fills the judge's window."""
    if text.window is None:
        return []
    records = material.splits["test"]
    prompts = [text.prompt(judge.requests(one.example.target, one.example)[0].messages) for one in records]
    lengths = zip(records, text.counts(prompts), strict=True)
    return [
        Hit((record.place,), f"about {length} tokens to judge its right answer; the window is {text.window}")
        for record, length in lengths
        if length >= text.window
    ]
