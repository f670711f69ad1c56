"""Report formats: HTML for people, Markdown for pull requests, JSON for programs, JUnit XML for pipelines.

Each entry point is a callable that returns a `harness.contract.ReportFormat`; nothing is imported before.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.contract import ReportFormat


def html() -> "ReportFormat":
    """Return the format that writes report.html: one file, no network, no script."""
    from reports.html_format import HtmlReport

    return HtmlReport()


def markdown() -> "ReportFormat":
    """Return the format that writes report.md: a summary for a pull request."""
    from reports.markdown_format import MarkdownReport

    return MarkdownReport()


def json() -> "ReportFormat":
    """Return the format that writes result.json, described by result.schema.json."""
    from reports.json_format import JsonReport

    return JsonReport()


def junit() -> "ReportFormat":
    """Return the format that writes result.xml, and regression.xml of a regression check."""
    from reports.junit_format import JunitReport

    return JunitReport()
