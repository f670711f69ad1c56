"""docs/regress.md tells the truth about the command and its workflow."""

import re
import shlex
from pathlib import Path

import click
from ruamel.yaml import YAML

from harness.cli import main

TEXT = (Path(__file__).parent.parent / "docs" / "regress.md").read_text(encoding="utf-8")
COMMAND = main.get_command(click.Context(main), "regress")


def workflow():
    return YAML(typ="safe").load(TEXT.split("```yaml\n")[1].split("```")[0])


def is_understood(line: str) -> bool:
    words = shlex.split(line, comments=True)
    command = main.get_command(click.Context(main), words[1])
    return command is not None and bool(command.make_context(words[1], words[2:]))


def test_every_option_is_documented_and_no_other_one():
    documented = set(re.findall(r"^\| `(--[a-z-]+)[ `]", TEXT, flags=re.MULTILINE))
    assert documented == {name for option in COMMAND.params for name in option.opts if name != "--help"}


def test_every_line_that_calls_the_command_is_understood():
    lines = re.findall(r"^harness .*$", TEXT, flags=re.MULTILINE)
    assert len(lines) == 3
    assert all(map(is_understood, lines))


def test_workflow_is_yaml_that_calls_commands_which_exist():
    [job] = workflow()["jobs"].values()
    called = [step["run"] for step in job["steps"] if step.get("run", "").startswith("harness ")]
    assert [line.split()[1] for line in called] == ["setup", "regress"]
    assert all(map(is_understood, called))


def test_workflow_caches_what_the_command_records_and_keeps_what_it_writes():
    [job] = workflow()["jobs"].values()
    [line] = [step["run"] for step in job["steps"] if "harness regress" in step.get("run", "")]
    options = dict(zip(shlex.split(line), shlex.split(line)[1:], strict=False))
    [restore] = [step for step in job["steps"] if "cache/restore" in step.get("uses", "")]
    [upload] = [step for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
    assert restore["with"]["path"] == options["--baseline"]
    assert all(part in restore["with"]["key"] for part in ("env.BASE", "requirements.lock", "steps.cpu"))
    assert (upload["if"], upload["with"]["path"]) == ("always()", options["--out"])


def test_every_exit_code_of_the_command_is_documented():
    from harness.cli.exit_codes import Exit

    table = TEXT.split("## Verdicts and exit codes")[1].split("\n## ")[0]
    for code in (Exit.DONE, Exit.CHECK_FAILED, Exit.FAULT, Exit.INCONCLUSIVE):
        assert re.search(rf"^\| [^|]+\| [^|]*\b{code}\b", table, flags=re.MULTILINE)
