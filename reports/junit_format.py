"""JUnit XML, which pipelines show as tests: a regression check's rows, or a comparison's verdict.

Written after the format that Jenkins, GitLab and GitHub's reporters read (testsuite, testcase, failure, skipped).
"""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from harness.contract import Rendered
from harness.records import Regression, Run
from reports.minus import plain
from reports.regression.view import rows
from reports.text import visible

_SURROGATES = re.compile("[\ud800-\udfff]")


class JunitReport:
    """The report for pipelines."""

    name = "junit"

    def render(self, run: Run) -> Rendered:
        """Draw the verdict as one test: undecided and rethink are skipped, as nothing is shown to have failed."""
        case = _case(run.name, "verdict")
        if run.decision.action in ("rethink", "undecided"):
            _add(case, "skipped", run.decision.sentence)
        _text(case, "system-out", run.decision.sentence)
        return Rendered("result.xml", _suite(run.name, [case]))

    def render_regression(self, regression: Regression, *, is_strict: bool) -> Rendered:
        """Draw a test for the verdict and one for each thing that was measured."""
        return Rendered("regression.xml", _suite("harness regress", list(_cases(regression, is_strict))))


def _cases(regression: Regression, is_strict: bool) -> Iterator[ElementTree.Element]:
    doubt = "failure" if is_strict else "skipped"
    verdict = _case("regress", "verdict")
    kinds = {"regressed": "failure", "inconclusive": doubt, "cannot_judge": "error"}
    if regression.verdict in kinds:
        _add(verdict, kinds[regression.verdict], regression.sentence)
    yield verdict
    for row in rows(regression):
        case = _case("regress", row.name)
        said = f"{row.figure} ({row.note}); limit {row.limit}" if row.note else f"{row.figure}; limit {row.limit}"
        said = plain(said)
        kind = {"lost": "failure", "open": doubt, "absent": "skipped", "beside": "skipped"}.get(row.state)
        if kind is not None:
            _add(case, kind, said)
        _text(case, "system-out", said)
        yield case


def _suite(name: str, cases: list[ElementTree.Element]) -> str:
    kinds = ("failure", "error", "skipped")
    counts = {kind: str(sum(case.find(kind) is not None for case in cases)) for kind in kinds}
    suite = ElementTree.Element(
        "testsuite",
        {
            "name": _clean(name),
            "tests": str(len(cases)),
            "failures": counts["failure"],
            "errors": counts["error"],
            "skipped": counts["skipped"],
        },
    )
    suite.extend(cases)
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"


def _case(suite: str, name: str) -> ElementTree.Element:
    return ElementTree.Element("testcase", {"classname": _clean(suite), "name": _clean(name)})


def _add(case: ElementTree.Element, kind: str, message: str) -> None:
    ElementTree.SubElement(case, kind, {"message": _clean(message)})


def _text(case: ElementTree.Element, kind: str, text: str) -> None:
    ElementTree.SubElement(case, kind).text = _clean(text)


def _clean(text: str) -> str:
    """Show what XML cannot hold (controls, lone surrogates) as symbols."""
    return _SURROGATES.sub("?", visible(text))
