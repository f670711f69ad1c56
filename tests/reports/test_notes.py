"""How the rows were read, in every report: what `check` and `compare` said of it is not lost."""

import dataclasses
import json

import reports

NOTES = (
    "train.jsonl: 60 rows, read as OpenAI messages",
    "column 'tools' is not used (train.jsonl 60 rows): name it in prompt.template, as {{ tools }}",
)


def test_every_report_says_how_the_rows_were_read(run):
    told = dataclasses.replace(run, notes=NOTES)
    assert json.loads(reports.json().render(told).text)["notes"] == list(NOTES)
    assert "**How the rows were read**\n\n- train.jsonl: 60 rows" in reports.markdown().render(told).text
    page = reports.html().render(told).text
    assert "How the rows were read" in page and "column &#39;tools&#39; is not used (train.jsonl 60 rows)" in page


def test_run_without_notes_has_no_such_heading(run):
    assert "How the rows were read" not in reports.markdown().render(run).text
    assert "How the rows were read" not in reports.html().render(run).text
