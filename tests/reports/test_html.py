import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import reports
from harness.records import Decision, Run
from reports.html_format import LARGEST, policy

PAYLOADS = (
    "<script>alert(1)</script>",
    "</script><script>fetch('//evil.example')</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "<img src=https://evil.example/beacon.gif>",
    "<iframe src=javascript:alert(1)></iframe>",
    "</style><style>@import 'https://evil.example/a.css'</style>",
    "</title><script>1</script>",
    "<a href='javascript:alert(1)'>x</a>",
    "![x](https://evil.example/y.png)",
    "<base href=//evil.example><form action=//evil.example>",
    "</text></svg><script>1</script>",
    "{{ 7 * 7 }}{% raw %}",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "\x1b]8;;https://evil.example\x07link\x1b]8;;\x07 \u202egnp.exe \x00 \x9b31m",
    "half a pair \ud83d",
)
ALLOWED_TAGS = set(
    "html head meta title style body header main section nav article div span p h1 h2 h3 ul ol li dl dt dd table "
    "caption thead tbody tr th td small figure figcaption details summary svg line rect circle polyline polygon text "
    "input label strong code pre a form select option button dialog noscript script".split()
)


class Page(HTMLParser):
    """Every start tag with its attributes, and the text outside style sheet and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.is_style = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.is_style = tag in ("style", "script")

    def handle_endtag(self, tag):
        self.is_style = False

    def handle_data(self, data):
        if not self.is_style:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def html(run: Run) -> str:
    return reports.html().render(run).text


def poisoned(run: Run, payload: str) -> Run:
    """The payload as task name, item ids, questions, arm names, reasons, verdict, settings and manifest."""
    names = {evidence.arm: f"{evidence.arm}{payload}" for evidence in run.evidence}

    def rename(value):
        if isinstance(value, dict):
            return {names.get(key, key): rename(part) for key, part in value.items()}
        if isinstance(value, tuple):
            return tuple(rename(part) for part in value)
        if dataclasses.is_dataclass(value):
            parts = {
                f.name: getattr(value, f.name) if f.name == "family" else rename(getattr(value, f.name))
                for f in dataclasses.fields(value)
            }
            return type(value)(**parts)
        if isinstance(value, str) and value.startswith("item-"):
            return value + payload
        return names.get(value, value) if isinstance(value, str) else value

    changed: Run = rename(run)
    decision: Decision = dataclasses.replace(
        changed.decision, sentence=payload, reasons=(payload,), caveats=(payload, payload), next_step=payload
    )
    return dataclasses.replace(
        changed, decision=decision, name=payload, description=payload, folder=payload,
        task={**run.task, "model": payload, payload: payload}, manifest={"started": payload, payload: [payload]},
    )  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_stays_text_wherever_it_stands(make_run, payload):
    page = Page(html(poisoned(make_run(12, text=payload), payload)))
    assert {tag for tag, _ in page.tags} <= ALLOWED_TAGS
    for tag, attributes in page.tags:
        assert not [
            name for name in attributes if name.startswith("on") or name in ("style", "src", "action", "srcdoc")
        ]
        assert (attributes.get("href") or "#").startswith("#"), tag
    assert sum(tag == "style" for tag, _ in page.tags) == 1
    assert sum(tag == "script" for tag, _ in page.tags) == 2  # ours, and the packed items, which do not run
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", page.text)
    if payload.isprintable():
        assert " ".join(payload.split()) in page.text


def test_report_is_one_file_without_address_and_with_no_script_but_ours(run):
    rendered = reports.html().render(run)
    assert rendered.file_name == "report.html" and not rendered.beside
    assert not re.search(r"<link|@import|url\(|https?://|javascript:|\bfetch\(|XMLHttp|eval\(|innerHTML", rendered.text)
    [script] = re.findall(r"<script>(.*?)</script>", rendered.text, flags=re.DOTALL)
    assert script == (Path(reports.__file__).parent / "templates" / "items.js").read_text(encoding="utf-8")
    assert Page(rendered.text).tags[0][0] == "html"


def test_policy_allows_the_style_sheet_and_the_script_and_nothing_else(run):
    text = html(run)
    style, script = text.split("<style>")[1].split("</style>")[0], text.split("<script>")[1].split("</script>")[0]
    metas = [attributes for tag, attributes in Page(text).tags if tag == "meta"]
    [told] = [meta["content"] for meta in metas if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy(style, script) == told
    assert policy(style).startswith("default-src 'none'; style-src 'sha256-")
    assert policy(style + " ", script) != policy(style, script) != policy(style, script + " ")
    assert "script-src" not in policy(style)


def test_equal_runs_give_equal_bytes(make_run):
    assert html(make_run(30)) == html(make_run(30))


@pytest.mark.parametrize("text", ["word " * 800, "字&<" * 3000, "\x9b" * 6000], ids=["words", "wide", "controls"])
def test_two_hundred_long_items_and_eight_arms_stay_under_two_megabytes(make_run, text):
    arms = tuple((f"arm_{index}", "prompt", 0.5, 0.3, None) for index in range(4)) + make_run.__globals__["ARMS"][1:5]
    rendered = html(make_run(200, text=text, arms=arms))
    assert len(rendered.encode("utf-8")) <= LARGEST < 2_000_000
    assert re.search(r"… [\d,]+ more characters", rendered)


def test_headings_follow_one_another_without_gaps(run):
    levels = [int(tag[1]) for tag, _ in Page(html(run)).tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))


def test_every_table_has_a_caption_and_every_header_a_scope(run):
    tags = Page(html(run)).tags
    assert sum(tag == "table" for tag, _ in tags) == sum(tag == "caption" for tag, _ in tags) > 8
    assert all(attributes.get("scope") in ("row", "col") for tag, attributes in tags if tag == "th")


def test_every_chart_speaks_and_has_its_figures_in_a_table(run):
    text = html(run)
    charts = [attributes for tag, attributes in Page(text).tags if tag == "svg"]
    assert charts and all(chart["role"] == "img" and len(chart["aria-label"] or "") > 20 for chart in charts)
    figures = re.findall(r"<figure.*?</figure>", text, flags=re.DOTALL)
    assert len(figures) > 6
    assert all("<svg" in figure and "<table>" in figure and "<figcaption>" in figure for figure in figures)


def test_all_sections_open_with_a_finding(run):
    text = html(run)
    identities = [attributes["id"] for tag, attributes in Page(text).tags if tag == "h2"]
    assert identities == ["verdict", "arms", "ladder", "gain", "pairs", "slices", "forgetting", "cost", "training",
                          "examples", "item-title", "outcomes", "words", "method"]  # fmt: skip
    findings = re.findall(r'</h2>\s*<p class="finding">(.*?)</p>', text, flags=re.DOTALL)
    assert len(findings) == 12 and all(len(re.sub("<[^>]*>", "", finding)) > 20 for finding in findings)
    assert run.decision.sentence in Page(text).text  # as the terminal and result.json have it


def test_failed_and_skipped_arms_are_listed_with_their_reason(run):
    text = Page(html(run)).text
    assert "not measured: loss became non-finite at step 31; lower the learning rate" in text
    assert "not measured: the task has no documents to search" in text


def test_missing_measurement_reads_not_measured(run):
    section = html(run).split('<h2 id="arms">')[1]
    row = re.search(r"<tr[^>]*><th[^>]*><span[^>]*>Instructions only</span>.*?</tr>", section, flags=re.DOTALL)
    assert row and row.group().count("not measured") == 1  # its peak memory, and nothing else


def test_smoke_run_says_so_first(make_run):
    smoke = html(make_run(12, is_fast=True))
    assert "Smoke run: do not decide on this" in Page(smoke).text
    assert smoke.index("Smoke run") < smoke.index("<h1")
    assert 'class="banner"' not in html(make_run(12))


def test_run_in_which_nothing_worked_is_still_drawn(run):
    evidence = tuple(
        dataclasses.replace(
            run.evidence[-1], fit=found.fit, family=found.family, status="failed", reason="out of memory"
        )
        for found in run.evidence
    )
    decision = dataclasses.replace(
        run.decision, action="undecided", arm=None, goal="not_shown", scores={}, rungs=(), comparisons=(), gates=(),
        rule=None, caveats=(), reasons=(), labels_needed=None,
    )  # fmt: skip
    text = Page(html(dataclasses.replace(run, evidence=evidence, decision=decision, bases=(), manifest={}))).text
    assert "Undecided: no option gave a figure" in text
    assert "0 of 8 arms gave a result" in text


def test_items_are_capped_and_the_rest_is_counted(make_run):
    text = html(make_run(200))
    assert text.count("<article") == 24
    assert re.search(r"arms disagree \(\d+ of \d+\)", text)


@pytest.mark.parametrize(("reasons", "said"), [(("a",), "1 figure behind it"), (("a", "b"), "2 figures behind it")])
def test_figures_behind_a_verdict_are_counted_in_words(run, reasons, said):
    told = dataclasses.replace(run, decision=dataclasses.replace(run.decision, reasons=reasons))
    assert said in html(told)
