"""A task whose answers a judge scores, made of any other one."""

import json

import pytest

from harness.task import load_task

RUBRIC = "Good when it says what the right answer says, in whatever words."


@pytest.fixture
def judged_task(stub_task):
    """A task whose judge decides, by people's labels of six good and six bad answers on dev."""

    def write(primary="judge", labels=True, path=None):
        path = path or stub_task("steady")
        rows = [json.loads(line) for line in (path.parent / "dev.jsonl").read_text().splitlines()]
        for row in rows:
            row |= {"earlier": [row["target"], f"no {row['id']}"], "good": [1, 0]}
        if labels:
            (path.parent / "dev.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        columns = "id: id, labelled: earlier, label: good" if labels else "id: id"
        also = "chrf" if primary == "judge" else "judge"
        text = path.read_text().replace("id: id", columns)
        options = f"{{primary: {primary}, also: [{also}], options: {{judge: {{rubric: '{RUBRIC}'}}}}}}"
        path.write_text(text.replace("{primary: exact_match, also: [f1]}", options))
        return load_task(path)

    return write
