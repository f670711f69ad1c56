"""Two runs side by side as HTML, Markdown and JSON; what strangers wrote does nothing in any of them."""

import dataclasses
import json
import re
from html.parser import HTMLParser

import pytest

import reports
from harness.contract import DifferenceReport
from harness.plugins import REPORTS, load, plugins
from harness.records import (
    ArmChange,
    Comparison,
    Difference,
    Interval,
    ItemFlip,
    RunDifference,
    RunSide,
    SharedItems,
)
from reports.difference.markdown import MOST_FLIPS

HOSTILE = "<script>alert(1)</script> | [x](http://bad.example) \x1b]0;renamed\x07"


def flips(count: int) -> tuple[ItemFlip, ...]:
    """Every third is won; losses first."""
    losses = [ItemFlip(f"i{n}", f"question {n}", "yes", "yes", "no", 1.0, 0.0) for n in range(count) if n % 3]
    wins = [ItemFlip(f"i{n}", f"question {n}", "yes", None, "yes", 0.0, 1.0) for n in range(count) if n % 3 == 0]
    return (*losses, *wins)


def difference(**more) -> RunDifference:
    side = RunSide("faq-1", "faq", "undecided", None, "Undecided: too few items.", False, "2026-11-29T10:00:00+00:00")
    moved = Interval(-0.05, -0.09, -0.01, 200, "Bonett-Price 95%")
    score = Interval(0.8, 0.74, 0.85, 200, "Wilson 95%")
    arms = (
        ArmChange("rag", "rag", score, score, Comparison("rag", "rag", moved, 10, 20, False), flips(30)),
        ArmChange("few_shot", "few_shot", None, score, None, (), "few_shot failed in the earlier run"),
    )
    later = dataclasses.replace(side, folder="faq-2", action="rag", arm="rag", sentence="Use RAG.")
    told = (Difference("task", "goal.at_least", "0.9", "0.8"),)
    found = RunDifference(side, later, "exact_match", SharedItems(200, 0, 0, 0), arms, told, ("a note",))
    return dataclasses.replace(found, **more)


def draw(form: str, found: RunDifference) -> str:
    return getattr(reports, form)().render_difference(found).text


def test_three_formats_draw_two_runs():
    drawing = [name for name in plugins(REPORTS) if isinstance(load(REPORTS, name)(), DifferenceReport)]
    assert sorted(drawing) == ["html", "json", "markdown"]


def test_json_holds_every_flip_and_null_where_nothing_was_measured():
    data = json.loads(draw("json", difference()))
    assert data["schema_version"] == 1
    assert len(data["arms"][0]["flips"]) == 30
    assert data["arms"][1]["change"] is None
    assert data["arms"][1]["why"] == "few_shot failed in the earlier run"


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_verdicts_changes_and_reasons_are_said(form):
    text = draw(form, difference())
    for said in ("Use RAG", "Undecided: too few items.", "−5.0", "−9.0 to −1.0", "not measured", "goal.at", "a note"):
        assert said in text
    assert "few_shot failed in the earlier run" in text.replace("\\_", "_")


def test_markdown_counts_the_flips_that_it_leaves_out():
    text = draw("markdown", difference())
    assert f"{30 - MOST_FLIPS} more are in diff.json." in text
    assert "20 items lost, 10 won" in text


class Page(HTMLParser):
    """Collects the tags of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_hostile_text_does_nothing(form):
    flip = ItemFlip(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, 1.0, 0.0)
    moved = Comparison("rag", "rag", Interval(-0.1, -0.2, -0.01, 10, "t"), 0, 1, False)
    told = (Difference("task", HOSTILE, HOSTILE, HOSTILE),)
    arms = (ArmChange(HOSTILE, HOSTILE, None, None, moved, (flip,)),)
    text = draw(form, difference(arms=arms, differences=told, notes=(HOSTILE,)))
    assert "\x1b" not in text
    assert "<script" not in text
    if form == "html":
        assert "script" not in Page(text).tags
    else:
        assert "[x](" not in text


def test_html_has_the_strict_policy_and_asks_for_nothing():
    text = draw("html", difference())
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
    tags = Page(text).tags
    assert not {"script", "link", "img", "iframe", "a"} & set(tags)


def test_nothing_differs_is_said():
    text = draw("html", difference(differences=(), arms=()))
    assert "Nothing: task, data, model and versions are the same." in text
    assert "No shared item is scored otherwise." in text


def test_page_needs_no_scrolling_and_names_every_column():
    text = draw("html", difference())
    assert 'class="scroll"' not in text
    headings = set(re.findall(r'<th scope="col"[^>]*>([^<]*)', text))
    assert "" not in headings
    assert {one for one in re.findall(r'data-heading="([^"]*)"', text)} == headings
