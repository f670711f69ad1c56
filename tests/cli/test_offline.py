"""HF_HUB_OFFLINE is obeyed: no name is looked up and nothing is connected to, whatever a task names."""

import os
import subprocess
import sys

import pytest

# Python tells of every look-up and connection before it is made.
WATCH = (
    "import sys\n"
    "def watch(event, args):\n"
    "    if event in ('socket.connect', 'socket.getaddrinfo', 'socket.gethostbyname'):\n"
    "        print('REACHES OUT', event, args[-1] if event == 'socket.connect' else args[0], file=sys.stderr)\n"
    "sys.addaudithook(watch)\n"
    "from harness.start import main\nmain()\n"
)
HEAD = "version: 1\nname: t\narms: [zero_shot]\n"


def said(folder, *arguments, **environment):
    done = subprocess.run(
        [sys.executable, "-c", WATCH, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "HARNESS_CACHE": str(folder / "cache"), "HF_HOME": str(folder / "hub"), **environment},
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.fixture
def folder(tmp_path):
    for split in ("train", "test"):
        rows = "".join(f'{{"input": "{split} {n}?", "target": "a{n % 3}"}}\n' for n in range(6))
        (tmp_path / f"{split}.jsonl").write_text(rows)
    data = "data: {train: train.jsonl, test: test.jsonl}\n"
    (tmp_path / "model.yaml").write_text(HEAD + "model: nobody-here/no-such-model\n" + data)
    (tmp_path / "rows.yaml").write_text(HEAD + "data: {train: nobody-here/no-such-rows, test: test.jsonl}\n")
    return tmp_path


@pytest.mark.parametrize(
    ("task", "commands"), [("model.yaml", ("check", "plan", "compare")), ("rows.yaml", ("check", "plan", "compare"))]
)
def test_what_only_the_hub_has_is_refused_without_reaching_out(folder, task, commands):
    for command in commands:
        code, errors = said(folder, command, task, HF_HUB_OFFLINE="1")
        assert "REACHES OUT" not in errors, (command, errors)
        assert code == 2 or (task, command) in {("model.yaml", "check"), ("model.yaml", "plan")}, (command, errors)


def test_the_watch_sees_what_is_asked_for_where_the_hub_may_be_reached(folder):
    environment = {"HF_ENDPOINT": "http://127.0.0.1:9"}  # nobody listens there
    _, errors = said(folder, "plan", "rows.yaml", **environment)
    assert "REACHES OUT" in errors
