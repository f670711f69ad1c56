"""What stands around all answers: code fences, and marks at the end."""

import json
import re

import pytest
from draft_files import drafted, rows_of, said, save, text

from harness.task import load_task
from harness.task.scoring import result_of

FENCES = pytest.mark.parametrize("fence", ["```\n{}\n```", "```json\n{}\n```"])


@FENCES
@pytest.mark.parametrize(
    ("value", "metric"),
    [
        (lambda n: {"city": text(n, 1)}, "json_fields"),
        (lambda n: [{"city": text(n, 1)}], "json_equal"),
        (lambda n: {"name": "get", "arguments": {"city": text(n, 1)}}, "tool_call"),
    ],
)
def test_json_in_a_fence_is_read_as_json(tmp_path, fence, value, metric):
    rows = rows_of(lambda n: {"question": text(n, 7), "answer": fence.format(json.dumps(value(n)))}, 80)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.primary_metric == metric and "code block" not in said(task)


@pytest.mark.parametrize("fence", ["```\n{}\n```", "```csv\n{}\n```", "Here it is:\n```\n{}\n```"])
@pytest.mark.parametrize("lines", [1, 3])
def test_table_in_a_fence_is_doubted_with_the_rule_that_scores_it_alone(tmp_path, fence, lines):
    def table(n: int) -> str:
        return "\n".join(["name,price", *(f"{text((n, line), 1)},{line}" for line in range(lines))])

    rows = rows_of(lambda n: {"question": text(n, 7), "answer": fence.format(table(n))}, 80)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert "line breaks in the answers" not in said(task) and "every answer ends in" not in said(task)
    rule = re.search(r"nearly all answers end with a code block.*?; (answer: \{.*?'\})", said(task))[1]
    task.file.write_text(f"{task.file.read_text()}\n{rule}\n")
    again = load_task(task.file)
    assert {result_of(item.target, again.study.answer) for item in again.test} <= {table(n) for n in range(80)}


@pytest.mark.parametrize("tag", ["<br>", " <br/>", "<BR />", "<p>"])
def test_html_at_the_end_of_all_answers_is_no_mark_that_stops_a_model(tmp_path, tag):
    rows = rows_of(lambda n: {"question": text(n, 6), "answer": f"{text(n, 2)}{tag}"}, 80)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert f"every answer ends in '{tag.strip()}'" in said(task) and "it is HTML" in said(task)
    assert "marks the end" not in said(task)


@pytest.mark.parametrize(("end", "is_said"), [("&nbsp;", False), ("&#39;s", False), ("; or so", True)])
def test_semicolon_of_an_html_entity_separates_no_answers(tmp_path, end, is_said):
    rows = rows_of(lambda n: {"question": text(n, 6), "answer": f"{text(n, 2)}{end}"}, 80)
    assert ("semicolons in the answers" in said(drafted(save(tmp_path / "rows.jsonl", rows)))) is is_said
