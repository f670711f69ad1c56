import dataclasses
import json
import math
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

import reports
from harness.contract import RegressionReport
from harness.decision.arms import MetricSpec
from harness.decision.regression import TaskScores, conclude
from harness.plugins import REPORTS, load, plugins
from harness.records import BenchmarkItem, GeneralAbility, Limits, OffTaskAnswer, Regression, Score, TextLoss
from reports.html_format import policy

ITEMS = 750
MANIFEST = {
    "finished": "2026-11-28T12:00:00+00:00",
    "base": {"model_sha256": "4c1f4c1f4c1f"},
    "tuned": {"model_sha256": "4c1f4c1f4c1f"},
    "general": {"tasks": ["core", "/elsewhere/own.jsonl"], "limit": ITEMS, "items_sha256": "77aa77aa77aa"},
}


def ability(weights: str, right: int, *, loss: float = 2.0, task="core_piqa", hits=0, n=ITEMS) -> GeneralAbility:
    items = tuple(
        BenchmarkItem(task, str(i), float(i < right), 0.9 if i < right else 0.2, 0.5 if n > 60 else 0.0)
        for i in range(n)
    )
    texts = tuple(TextLoss(str(i), loss * 100, 100) for i in range(40))
    asked = tuple(OffTaskAnswer(f"fact-{i}", "Who?", "T-12", i < hits) for i in range(128))
    return GeneralAbility(weights, items, texts, asked)


def check(right=500, *, base=500, scores: tuple[int, int] | None = None, n=ITEMS, max_drop=0.03, **more) -> Regression:
    """Judge weights that get `right` items right; `scores` are the sides' right answers of 200 on a task."""
    task = None
    if scores:
        graded = [[Score(f"q{i}", float(i < count)) for i in range(200)] for count in scores]
        yardstick = MetricSpec("exact_match", "rate", lambda s: sum(x.value for x in s) / len(s), {})
        task = TaskScores(yardstick, *graded)
    tuned = ability("tuned", right, n=n, **more)
    return conclude(ability("base", base, n=n), tuned, Limits(max_drop=max_drop), task=task, manifest=MANIFEST)


PASSED, REGRESSED = check(), check(300)
INCONCLUSIVE, BLIND = check(50, base=50, n=60), check(375, base=375)
ALL = {"passed": PASSED, "regressed": REGRESSED, "inconclusive": INCONCLUSIVE, "cannot_judge": BLIND}


def draw(form: str, regression: Regression, *, is_strict: bool = False) -> str:
    return getattr(reports, form)().render_regression(regression, is_strict=is_strict).text


def test_fixtures_are_what_they_are_called():
    assert {name: found.verdict for name, found in ALL.items()} == {name: name for name in ALL}


# ---- the door --------------------------------------------------------------------------------


def test_every_format_of_ours_draws_a_check_too():
    made = {name: load(REPORTS, name)() for name in ("html", "json", "junit", "markdown")}
    assert made.keys() <= plugins(REPORTS).keys()
    assert all(isinstance(report, RegressionReport) for report in made.values())
    names = {report.render_regression(PASSED, is_strict=False).file_name for report in made.values()}
    assert names == {"regression.html", "regression.json", "regression.xml", "regression.md"}


@pytest.mark.parametrize("form", ["html", "json", "junit", "markdown"])
@pytest.mark.parametrize("verdict", ALL)
def test_equal_checks_give_equal_bytes(form, verdict):
    assert draw(form, ALL[verdict]) == draw(form, dataclasses.replace(ALL[verdict]))


def test_format_that_knows_no_checks_is_left_out(tmp_path, monkeypatch):
    from harness.evidence import regress_outputs

    class Plain:
        name = "plain"

    monkeypatch.setattr(regress_outputs, "plugins", lambda group: {"plain": None, "json": None})
    monkeypatch.setattr(regress_outputs, "load", lambda group, name: Plain if name == "plain" else reports.json)
    assert list(regress_outputs.write_regression(PASSED, tmp_path / "new", is_strict=False)) == ["json"]


# ---- Markdown --------------------------------------------------------------------------------


WORDS = {
    "passed": "Passed",
    "regressed": "Regressed",
    "inconclusive": "Inconclusive",
    "cannot_judge": "Cannot be judged",
}


@pytest.mark.parametrize(("verdict", "word"), WORDS.items())
def test_summary_has_the_verdict_and_its_figures_on_its_first_line(verdict, word):
    first = draw("markdown", ALL[verdict]).splitlines()[0]
    assert first.startswith(f"**{word}**: ")
    assert re.search(r"\d", first)


def test_summary_names_twenty_losses_and_counts_the_others():
    text = draw("markdown", REGRESSED)
    assert text.count("- core_piqa ") == 20
    assert "180 more, all in regression.json" in text
    assert "200 benchmark items lost, 0 won." in text


def test_summary_of_foreign_names_formats_nothing():
    names = {"base": "a|b", "tuned": "`x`\n# y", "notes": ("<img src=x>", "[a](http://evil.example)")}
    text = draw("markdown", dataclasses.replace(PASSED, **names))
    assert "<img" not in text and "\n# y" not in text
    rows = [line.replace(r"\|", "") for line in text.splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {5}


# ---- JUnit -----------------------------------------------------------------------------------


def cases(regression: Regression, *, is_strict: bool = False) -> dict[str, str]:
    """Return by test what it holds besides its output: '' where it passed."""
    root = ElementTree.fromstring(draw("junit", regression, is_strict=is_strict))
    found = {}
    for case in root.iter("testcase"):
        kinds = [child.tag for child in case if child.tag != "system-out"]
        assert len(kinds) <= 1
        found[case.attrib["name"]] = kinds[0] if kinds else ""
    assert len(found) == int(root.attrib["tests"]) == len(list(root.iter("testcase")))
    for tag, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert int(root.attrib[count]) == list(found.values()).count(tag)
    return found


def test_each_thing_measured_is_a_test_of_its_own():
    assert cases(check(scores=(150, 150))) == {
        "verdict": "",
        "Benchmarks, by the probability of right answers": "",
        "core_piqa": "",
        "Loss on general texts": "",
        "Unrelated questions, asked alone": "",
        "The task itself, Exact match": "",  # 2.33 sqrt(2) / 202 is under 3 points
    }


def test_what_is_lost_fails_and_what_was_kept_does_not():
    found = cases(check(300, hits=60, scores=(150, 50)))
    assert found["verdict"] == "failure"
    assert found["Benchmarks, by the probability of right answers"] == found["core_piqa"] == "failure"
    assert found["Unrelated questions, asked alone"] == "failure"
    assert found["The task itself, Exact match"] == "failure"
    assert found["Loss on general texts"] == ""


def test_task_s_row_says_what_the_verdict_says_of_it():
    """Five lost of 200: a loss of 5 points is excluded at 95% one-sided, and not at 99%."""
    found = check(scores=(150, 145), max_drop=0.05)
    assert (found.verdict, found.task_verdict) == ("passed", "passed")
    assert found.task_change.difference.low < -0.05
    assert cases(found, is_strict=True)["The task itself, Exact match"] == ""
    undecided = check(scores=(150, 145))
    assert (undecided.verdict, undecided.task_verdict) == ("inconclusive", "inconclusive")
    assert cases(undecided, is_strict=True)["The task itself, Exact match"] == "failure"


def test_figures_for_pipelines_have_the_plain_minus():
    text = draw("junit", REGRESSED)
    assert "−" not in text and re.search(r"[ (>\"]-\d+\.\d", text)
    assert "−" in draw("html", REGRESSED)


@pytest.mark.parametrize(("is_strict", "kind"), [(False, "skipped"), (True, "failure")])
def test_inconclusive_is_skipped_and_fails_when_strict(is_strict, kind):
    found = cases(INCONCLUSIVE, is_strict=is_strict)
    assert found["verdict"] == kind
    assert kind in [found[name] for name in found if name.startswith("Benchmarks")]


def test_base_on_which_nothing_can_be_judged_is_an_error():
    assert cases(BLIND)["verdict"] == "error"
    assert cases(BLIND)["core_piqa"] == "skipped"


def test_figures_that_are_no_numbers_fail_their_test():
    found = cases(check(loss=math.nan))
    assert found["verdict"] == found["Loss on general texts"] == "failure"


def test_controls_and_half_pairs_are_shown_and_keep_the_xml_well_formed():
    odd = "\x1b[31m \x00 \ud83d & <b>"
    name = ElementTree.fromstring(draw("junit", dataclasses.replace(REGRESSED, sentence=odd)))
    assert name.find("testcase/failure").attrib["message"] == "␛[31m ␀ ⟨U+D83D⟩ & <b>"


def test_comparison_is_one_test(run):
    rendered = reports.junit().render(run)
    root = ElementTree.fromstring(rendered.text)
    assert rendered.file_name == "result.xml"
    assert [case.attrib["name"] for case in root.iter("testcase")] == ["verdict"]
    assert root.find("testcase/system-out").text == run.decision.sentence


# ---- JSON ------------------------------------------------------------------------------------


def test_json_holds_every_flip_and_what_is_no_number_is_null():
    data = json.loads(draw("json", check(300, loss=math.nan)), parse_constant=lambda name: pytest.fail(name))
    assert data["schema_version"] == 1
    assert data["verdict"] == "regressed"
    assert len(data["flips"]) == 200
    assert data["flips"][0] == {
        "task": "core_piqa",
        "item": "300",
        "is_loss": True,
        "base_probability": 0.9,
        "tuned_probability": 0.2,
    }
    assert data["gate"]["text_loss_change"] is None


def test_documented_keys_of_the_json_are_its_keys():
    from pathlib import Path

    text = (Path(__file__).parents[2] / "docs" / "regress.md").read_text(encoding="utf-8")
    table = text.split("## regression.json")[1].split("\n## ")[0]
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", table, flags=re.MULTILINE))
    assert documented == json.loads(draw("json", PASSED)).keys()


# ---- HTML ------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Start tags with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_page_is_one_file_without_script_or_address():
    text = draw("html", REGRESSED)
    assert not re.search(r"<script|<link|@import|url\(|https?://|javascript:|<img|style=", text)
    style = text.split("<style>")[1].split("</style>")[0]
    assert policy(style) in [attributes.get("content") for _, attributes in Page(text).tags]


@pytest.mark.parametrize(
    "payload", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "\x1b[1m\u202e"]
)
def test_hostile_text_stays_text(payload):
    gate = dataclasses.replace(REGRESSED.gate, reasons=(f"{payload} why",), warnings=(f"{payload} beware",))
    flips = (dataclasses.replace(REGRESSED.flips[0], task=payload, item=payload),)
    manifest = {**MANIFEST, "general": {"tasks": [payload], "limit": 1, "items_sha256": payload}}
    poisoned = dataclasses.replace(
        REGRESSED, base=payload, tuned=payload, sentence=payload, notes=(f"{payload} note",), gate=gate, flips=flips,
        manifest=manifest,
    )  # fmt: skip
    text = draw("html", poisoned)
    assert {tag for tag, _ in Page(text).tags} == {tag for tag, _ in Page(draw("html", check(300))).tags}
    assert not any(name.startswith("on") for _, attributes in Page(text).tags for name in attributes)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)


def test_page_shows_every_flip_its_count_and_what_was_compared():
    text = draw("html", REGRESSED)
    assert all(f">core_piqa {flip.item}<" in text for flip in REGRESSED.flips)
    assert "200 benchmark items lost, 0 won." in text
    assert "core, own: 750 benchmark items (77aa77aa)" in text
    assert "/elsewhere" not in text


@pytest.mark.parametrize(
    ("verdict", "look"),
    [("passed", "good"), ("regressed", "bad"), ("inconclusive", "unsure"), ("cannot_judge", "unsure")],
)
def test_verdict_has_the_colour_of_what_it_says(verdict, look):
    text = draw("html", ALL[verdict])
    [chip] = [set(found.split()) for found in re.findall(r'<span class="(chip[^"]*)">', text)]
    rule = "." + ".".join(sorted(chip, key=lambda name: name != "chip"))
    assert re.search(rf"^{re.escape(rule)} {{[^}}]*color: var\(--{look}\)", text, flags=re.MULTILINE)


def test_tables_have_captions_and_their_headers_a_scope():
    tags = Page(draw("html", REGRESSED)).tags
    assert sum(tag == "table" for tag, _ in tags) == sum(tag == "caption" for tag, _ in tags) == 2
    assert all(attributes.get("scope") in ("row", "col") for tag, attributes in tags if tag == "th")
