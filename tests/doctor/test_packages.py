from importlib.metadata import version

import pytest
from packaging.requirements import Requirement

from harness.doctor.packages import direct, installed, look_at_packages, package_findings, python_finding

NEEDED = [Requirement("alpha>=2.10,<2.14"), Requirement("beta[extra]==0.4.13"), Requirement("gamma")]


def findings(**found):
    return {one.subject: one for one in package_findings(NEEDED, found)}


def test_packages_in_their_ranges_are_listed_with_their_versions():
    found = findings(alpha="2.13.0+cpu", beta="0.4.13", gamma="1.0rc1")
    assert set(found) == {"packages"}
    assert found["packages"].state == "ok"
    assert found["packages"].text == "3 of 3 as asked for: alpha==2.13.0+cpu beta==0.4.13 gamma==1.0rc1"


@pytest.mark.parametrize("wrong", ["2.9.9", "2.14.0"])
def test_version_outside_the_range_is_a_fault_with_both_named(wrong):
    found = findings(alpha=wrong, beta="0.4.13", gamma="1")
    assert found["alpha"].state == "fault"
    assert wrong in found["alpha"].text and "<2.14,>=2.10" in found["alpha"].text
    assert found["packages"].text.startswith("2 of 3 ")


def test_missing_package_is_a_fault_and_the_remedy_names_its_extra_and_range():
    found = findings(alpha="2.10", beta=None, gamma="1")
    assert (found["beta"].state, found["beta"].remedy) == ("fault", "pip install 'beta[extra]==0.4.13'")


def test_requirements_of_an_extra_or_of_another_system_are_no_direct_ones():
    lines = ["alpha", "pytest; extra == 'dev'", "winonly; sys_platform == 'win32'", "posix; os_name == 'posix'"]
    assert [one.name for one in direct(lines)] == ["alpha", "posix"]


def test_version_is_that_of_the_installed_package_and_nothing_for_a_missing_one():
    assert installed("click") == version("click")
    assert installed("no-such-package-of-anybody") is None


@pytest.mark.parametrize(("here", "state"), [("3.10.9", "fault"), ("3.11.0", "ok"), ("3.15.0rc1", "ok")])
def test_python_is_held_to_the_declared_range(here, state):
    assert python_finding(here, ">=3.11").state == state


def test_this_installation_is_found_with_its_plug_ins():
    found = {one.subject: one for one in look_at_packages()}
    assert found["package"].text == f"prompt-rag-or-tune {version('prompt-rag-or-tune')}"
    assert found["plug-ins"].state == "ok"
