import dataclasses
import re

import pytest

import reports
from harness.records import Fit
from reports.markdown_format import escape
from reports.view.names import plain_words


def markdown(run) -> str:
    return reports.markdown().render(run).text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", r"a\|b"),
        ("`code` *bold* # [x](y)", r"\`code\` \*bold\* \# \[x\](y)"),
        ("<script>&", "&lt;script&gt;&amp;"),
        ("one\ntwo", "one ⏎ two"),
        ("@everyone", "&#64;everyone"),
        ("https://evil.example www.evil.example", "https&#58;//evil.example www&#46;evil.example"),
        ("lora_sft", "lora_sft"),
        ("_lean_", r"\_lean\_"),
        ("- item", "&#8203;- item"),
        ("\x1b[31m", "␛\\[31m"),
    ],
)
def test_foreign_text_formats_nothing(text, shown):
    assert escape(text, 600) == shown


def test_summary_has_the_verdict_a_row_for_each_arm_and_the_caveats(run):
    text = markdown(run)
    assert text.startswith("## Fine-tune: support-routing\n")
    rows = [line for line in text.split("**Why**")[0].splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + len(run.evidence)
    assert all(plain_words(run)(caveat) in text for caveat in run.decision.caveats)
    assert "lora_dpo failed: loss became non-finite at step 31" in text


def test_rows_have_equally_many_columns_whatever_an_arm_is_called(run):
    odd = dataclasses.replace(run.evidence[-1], fit=Fit("a | b\n`c`"), reason="x|y\n\n# z")
    arms, ended = markdown(dataclasses.replace(run, evidence=(*run.evidence[:-1], odd))).split("**Why**")
    for text, columns in ((arms, 5), (ended, 6)):
        rows = [line.replace(r"\|", "") for line in text.splitlines() if line.startswith("|")]
        assert {row.count("|") for row in rows} == {columns + 1}


def test_failed_arm_reads_not_measured(run):
    row = next(line for line in markdown(run).splitlines() if line.startswith("| Fine-tuned (DPO)"))
    assert row.count("not measured") == 4


def test_smoke_run_says_so(make_run):
    assert "**Smoke run: do not decide on this.**" in markdown(make_run(6, is_fast=True))


def test_hundred_arms_with_endless_reasons_stay_under_sixty_kilobytes(run):
    failed = run.evidence[-1]
    many = tuple(dataclasses.replace(failed, fit=Fit(f"arm_{index}" * 50), reason="&" * 5000) for index in range(100))
    decision = dataclasses.replace(run.decision, reasons=("<" * 9000,) * 50, caveats=("@" * 9000,) * 50)
    text = markdown(dataclasses.replace(run, evidence=many, decision=decision))
    assert len(text.encode("utf-8")) < 60_000
    assert "… 70 more arms in report.html" in text


def test_html_and_markdown_agree_on_the_figures(run):
    page = reports.html().render(run).text
    rows = [line for line in markdown(run).splitlines() if line.startswith("| ")]
    figures = [figure for row in rows for figure in re.findall(r"[−+]?\d+\.\d%?", row)]
    assert len(figures) > 30
    assert [figure for figure in figures if figure not in page] == []
