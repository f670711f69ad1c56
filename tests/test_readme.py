"""The README tells the truth about the commands."""

import re
from pathlib import Path

import click
import pytest

from harness.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINES = re.findall(r"^(?:\$ )?harness ([^#\n]*)", README, flags=re.MULTILINE)
CONTEXT = click.Context(main)


@pytest.mark.parametrize("name", main.list_commands(CONTEXT))
def test_every_command_is_shown_in_the_readme(name):
    assert any(line.split()[0] == name for line in LINES)


@pytest.mark.parametrize("line", LINES)
def test_every_command_line_of_the_readme_is_understood(line):
    words = line.split(">")[0].split()
    command = main.get_command(CONTEXT, words[0])
    command.make_context(words[0], words[1:])


@pytest.mark.parametrize("option", ["--arm", "--limit", "--out", "--json", "--fast"])
def test_every_option_of_compare_is_in_the_readme(option):
    assert option in README
    assert any(option in parameter.opts for parameter in main.get_command(CONTEXT, "compare").params)


def test_readme_opens_with_the_two_commands():
    first_block = README.split("```")[1]
    assert [line.split("#")[0].split() for line in first_block.strip().splitlines()] == [
        ["make", "demo"],
        ["make", "test"],
    ]


def test_every_path_of_the_layout_exists():
    layout = README.split("## Layout")[1].split("```")[1]
    for path in re.findall(r"(?:^|\s)([a-z_]+(?:\.py|/))(?=\s)", layout):
        found = [ROOT / path, ROOT / "harness" / path, ROOT / "baselines" / path]
        assert any(place.exists() for place in found), path
