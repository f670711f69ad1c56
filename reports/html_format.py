"""report.html: one file that opens from disk, holds no script and fetches nothing.

Model output is hostile text. Three walls: every printed value becomes visible characters (`finalize`),
then HTML-escaped (autoescape), and a content security policy forbids everything but this very style
sheet, by its hash. There are no inline styles and no address but anchors of the page itself.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.contract import Rendered
from harness.records import Regression, Run
from reports.regression import html as regression_html
from reports.text import visible
from reports.view.examples import Caps
from reports.view.page import page
from reports.view.terms import identity, linked, linked_each

LARGEST = 1_900_000  # bytes; the promise is under 2 MB
# Tried in this order until the page fits; what is left out is counted on the page.
CAPS = (Caps(24, 700), Caps(24, 300), Caps(16, 200), Caps(8, 120), Caps(4, 60), Caps(0, 0))


class HtmlReport:
    """The report for people."""

    name = "html"

    def render(self, run: Run) -> Rendered:
        """Draw the run; equal runs give equal bytes."""
        template = _environment().get_template("report.html.jinja")
        style = (files("reports") / "templates" / "report.css").read_text(encoding="utf-8")
        text = ""
        for caps in CAPS:
            text = template.render(page=page(run, caps), style=Markup(style), policy=policy(style))
            if len(text.encode("utf-8")) <= LARGEST:
                break
        return Rendered("report.html", text)

    def render_regression(self, regression: Regression, *, is_strict: bool) -> Rendered:
        """Draw a regression check; equal checks give equal bytes."""
        style = (files("reports") / "templates" / "report.css").read_text(encoding="utf-8")
        return regression_html.render(regression, _environment(), policy(style))


def policy(style: str) -> str:
    """Return the content security policy that allows this style sheet and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"terms": linked, "terms_each": linked_each, "word_id": identity}
    return environment


def _printable(value: object) -> object:
    """Make text visible; refuse what the view should have put into words, such as None or a raw float."""
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeError(f"a template printed {value!r}; the view must turn it into text first")
