"""Nothing of anybody's data does anything on a terminal, on whatever terminal and in whatever encoding."""

import ast
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.table import Table

from harness.cli import main, printing
from harness.cli.printing import console, marked, say, say_json
from harness.cli.terminal import observer

HARNESS = str(Path(sys.executable).with_name("harness"))
COMMANDS = sorted((Path(printing.__file__).parent).glob("*.py"))
TITLE, CLEAR, C1, BIDI = "\x1b]0;owned\x07", "\x1b[2J\x1b[H", "\x9b31m", "\u202e"
HOSTILE = f"a{TITLE}{CLEAR}{C1}{BIDI}\x7fz"
SEEN = "a␛]0;owned␇␛[2J␛[H⟨U+009B⟩31m⟨U+202E⟩␡z"
COLOUR = re.compile("\x1b\\[[0-9;]*m")
ACTIVE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def on_a_terminal(*command, cwd, **environment):
    """Run a command whose output is a terminal, and return what the terminal got."""
    ours, theirs = pty.openpty()
    given = {**os.environ, "TERM": "xterm", "COLUMNS": "200", **environment}
    process = subprocess.Popen(command, cwd=cwd, stdin=theirs, stdout=theirs, stderr=theirs, env=given)
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 65536):
            said += part
    except OSError:  # how Linux says that nobody writes any more
        pass
    process.wait(timeout=60)
    os.close(ours)
    return said.decode(errors="surrogateescape")


@pytest.fixture
def folder(tmp_path):
    """A task, a run and file names, each with what a terminal obeys."""
    rows = [{"input": f"{n} {HOSTILE} 日本語", "target": f"{HOSTILE}{n}"} for n in range(8)]
    for name, listed in (("train.jsonl", rows), ("test.jsonl", rows[:3])):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in listed))
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / f"{TITLE}{CLEAR}.md").write_text("A text.")
    (tmp_path / "task.yaml").write_text(
        f'version: 1\nname: hostile\ndescription: "x{BIDI}"\n'
        "data: {train: train.jsonl, test: test.jsonl, documents: documents}\narms: [zero_shot]\n"
    )
    run = tmp_path / "run"
    run.mkdir()
    (run / "identity.json").write_text("{}")
    (run / "result.json").write_text(json.dumps({"decision": {"sentence": HOSTILE}, "format": 1}))
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "task.yaml"],
        ["check", "task.yaml", "--json"],
        ["list", "tasks"],
        ["list", "runs"],
        ["list", "--json"],
        ["report", "run"],
        ["check", HOSTILE.replace("\x00", "")],
        [HOSTILE],
    ],
    ids=str,
)
def test_what_data_and_names_hold_does_nothing_on_a_terminal(folder, arguments):
    said = on_a_terminal(HARNESS, *arguments, cwd=folder)
    assert said.strip()
    assert not ACTIVE.search(COLOUR.sub("", said).replace("\r\n", "\n"))


def test_what_a_library_prints_is_guarded_too(tmp_path):
    script = (
        "import click, harness.cli, sys\n"
        "@harness.cli.main.command()\n"
        "def shout():\n"
        f"    print({HOSTILE!r}); print({HOSTILE!r}, file=sys.stderr); click.echo({HOSTILE!r})\n"
        "harness.cli._COMMANDS['shout'] = '__main__:shout'\n"
        "harness.cli.main(['shout'])\n"
    )
    said = on_a_terminal(sys.executable, "-c", script, cwd=tmp_path)
    assert not ACTIVE.search(COLOUR.sub("", said).replace("\r\n", "\n"))
    assert said.count("␛]0;owned␇␛[2J␛[H") == 3


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "latin-1"}, {"PYTHONIOENCODING": "cp1252"}, {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}],
    ids=str,
)
@pytest.mark.parametrize("arguments", [["check", "task.yaml"], ["list", "tasks"], ["list", "runs"]], ids=str)
def test_terminal_that_lacks_characters_gets_others_in_their_place(folder, arguments, environment):
    given = {**os.environ, **environment}
    done = subprocess.run([HARNESS, *arguments], cwd=folder, env=given, capture_output=True)
    assert b"Traceback" not in done.stdout + done.stderr
    assert done.returncode in (0, 1)


def test_json_is_whole_in_every_encoding(folder):
    def listed(**environment):
        command = [HARNESS, "check", "task.yaml", "--json"]
        return subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True).stdout

    plain = listed(PYTHONIOENCODING="utf-8")
    assert json.loads(plain) == json.loads(listed(PYTHONIOENCODING="latin-1").decode("latin-1"))
    assert "日本語" in plain.decode()
    assert BIDI in json.dumps(json.loads(plain), ensure_ascii=False)


# ---- the parts --------------------------------------------------------------------------------


def test_said_text_is_visible_and_colours_of_ours_stay(capsys):
    say("\n", marked(f"x{CLEAR}", fg="red"), HOSTILE)
    said = capsys.readouterr().out
    assert SEEN in said
    assert not ACTIVE.search(COLOUR.sub("", said))


def test_printed_json_means_the_same(capsys):
    say_json({HOSTILE: [HOSTILE, "😀\U000e0041"]})
    said = capsys.readouterr().out
    assert json.loads(said) == {HOSTILE: [HOSTILE, "😀\U000e0041"]}
    assert not ACTIVE.search(said)


def test_console_and_display_show_what_they_are_given(capsys):
    printed = console()
    table = Table(title=HOSTILE)
    table.add_column(HOSTILE, no_wrap=True)
    table.add_row(HOSTILE)
    printed.width = 200
    printed.print(table)
    printed.print(HOSTILE, markup=False)
    with observer(sys.stdout) as watching:
        watching.log(HOSTILE)
    said = capsys.readouterr().out
    assert said.count(SEEN) == 5
    assert not ACTIVE.search(said)


def test_help_and_usage_errors_are_as_before():
    assert CliRunner().invoke(main, ["--help"]).exit_code == 0


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.name)
def test_commands_print_through_one_place(path):
    if path.name == "printing.py":
        return
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    named = {ast.unparse(call.func) for call in calls}
    assert not named & {"click.echo", "click.secho", "click.style", "print", "Console", "sys.stdout.write"}
