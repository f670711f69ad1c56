"""What is installed is pinned, listed and audited, and the pages say so of every package."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from packaging.utils import canonicalize_name

from tools.audit import ADVISORIES, CLEAN, NOT_AUDITED, judged, verdict
from tools.locks import LOCKS, pins
from tools.sbom import bill

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DIRECT = [re.match(r"[\w.-]+", line)[0] for line in PROJECT["dependencies"]]
PAGE = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
PINS = [pin for lock in LOCKS for pin in pins(ROOT / lock)]


def test_page_says_of_every_direct_dependency_what_it_is_for_and_who_keeps_it():
    rows = re.findall(r"^\| ([\w.-]+) \| ([^|]{5,}) \| ([^|]{3,}) \|$", PAGE.split("## What each")[1], re.MULTILINE)
    assert [name for name, *_ in rows[1:]] == DIRECT  # less the head


def test_every_direct_dependency_is_locked_and_every_lock_line_has_hashes():
    assert set(map(canonicalize_name, DIRECT)) <= {pin.name for pin in PINS}
    assert [pin.name for pin in PINS if not pin.hashes] == []
    count = sum(len(re.findall(r"^[a-z]", (ROOT / lock).read_text(), re.MULTILINE)) for lock in LOCKS)
    assert len(PINS) == count > 100  # the reader of locks passes no line over


def test_both_commands_of_the_readme_install_with_hashes_alone():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    ready = makefile.split("$(READY): pyproject.toml")[1]
    installs = [line for line in ready.splitlines() if "$(INSTALL)" in line]
    others = [line for line in installs if "--require-hashes" not in line]
    assert len(installs) - len(others) == 3  # the lock, and either build of torch
    assert [line.split("$(INSTALL)")[1].split() for line in others] == [["--no-build-isolation", "--editable", "."]]
    assert all(re.search(rf"^{target}: \$\(READY\)", makefile, re.MULTILINE) for target in ("demo", "test"))


# The parts of CycloneDX 1.6 that the list uses (https://cyclonedx.org/docs/1.6/json/).
SHAPE = {
    "type": "object",
    "required": ["bomFormat", "specVersion", "serialNumber", "version", "metadata", "components", "dependencies"],
    "properties": {
        "bomFormat": {"const": "CycloneDX"},
        "specVersion": {"const": "1.6"},
        "serialNumber": {"pattern": "^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"},
        "components": {
            "items": {
                "required": ["type", "name", "version", "purl", "bom-ref", "hashes"],
                "properties": {
                    "type": {"const": "library"},
                    "hashes": {"minItems": 1, "items": {"properties": {"content": {"pattern": "^[0-9a-f]{64}$"}}}},
                },
            }
        },
    },
}


def test_bill_lists_every_locked_package_once_and_is_the_same_twice():
    found = bill()
    Draft7Validator(SHAPE).validate(found)
    listed = [(one["name"], one["version"]) for one in found["components"]]
    assert len(listed) == len(set(listed))
    assert set(listed) == {(pin.name, pin.version) for pin in PINS}
    assert json.dumps(found) == json.dumps(bill())


BAD = {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
GOOD, SKIPPED = {"name": "b", "version": "1", "vulns": []}, {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("found", "code", "words"),
    [
        ([GOOD], CLEAN, "1 packages without a known advisory"),
        ([GOOD, BAD], ADVISORIES, "a 1: CVE-1, fixed in 2"),
        ([], NOT_AUDITED, "nothing was audited"),
        (
            [SKIPPED, SKIPPED],
            NOT_AUDITED,
            "nothing was audited",
        ),  # pip-audit ends with 0
        ([GOOD, SKIPPED], NOT_AUDITED, "not audited, as the source does not know them: c"),
        ([BAD, SKIPPED], ADVISORIES, "CVE-1"),
    ],
)
def test_audit_never_takes_what_could_not_be_asked_for_clean(found, code, words):
    said, lines = verdict(found)
    assert said == code
    assert words in "\n".join(lines)


@pytest.mark.parametrize(
    ("of_torch", "code", "words"),
    [
        ([GOOD], CLEAN, "torch.lock: 1 packages without a known advisory"),
        ([], NOT_AUDITED, "torch.lock: nothing was audited"),
        ([SKIPPED], NOT_AUDITED, "torch.lock: nothing was audited"),
        ([BAD], ADVISORIES, "torch.lock: a 1: CVE-1, fixed in 2"),
    ],
)
def test_every_lock_has_lines_of_its_own_and_the_worst_decides(of_torch, code, words):
    clean = "all.lock: 1 packages without a known advisory"
    for found in ({"all.lock": [GOOD], "torch.lock": of_torch}, {"torch.lock": of_torch, "all.lock": [GOOD]}):
        said, lines = judged(found)
        assert said == code
        assert clean in lines
        assert any(line.startswith(words) for line in lines)


def test_known_advisory_is_worse_than_a_lock_that_could_not_be_audited():
    assert judged({"all.lock": [], "torch.lock": [BAD]})[0] == ADVISORIES
