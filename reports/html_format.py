"""report.html: one file that opens from disk, fetches nothing and reads without its script.

Model output is hostile text. Three walls: every printed value becomes visible characters (`finalize`),
then HTML-escaped (autoescape), and a content security policy forbids everything but this very style
sheet and this very script, by their hashes. There are no inline styles and no address but anchors of the page itself,
and `report.items.html` beside it where the items do not fit. The script puts text in as text.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.contract import Rendered
from harness.decision.slices import memberships
from harness.records import Regression, Run, RunDifference
from reports.difference import html as difference_html
from reports.items.pack import packed
from reports.minus import typeset_difference, typeset_regression, typeset_run
from reports.regression import html as regression_html
from reports.text import visible
from reports.view.examples import Caps
from reports.view.page import BESIDE, Page, page
from reports.view.terms import identity, linked, linked_each

LARGEST = 1_900_000  # bytes; the promise is under 2 MB
# Tried in this order until the page fits; what is left out is counted on the page.
CAPS = (Caps(24, 700), Caps(24, 300), Caps(16, 200), Caps(8, 120), Caps(4, 60), Caps(0, 0))


class HtmlReport:
    """The report for people."""

    name = "html"

    def render(self, run: Run) -> Rendered:
        """Draw the run; equal runs give equal bytes."""
        run = typeset_run(run)
        slices = memberships(run.examples)
        text, here = _report(run, packed(run, slices), len(run.examples))
        if _size(text) <= LARGEST:
            return Rendered("report.html", text)
        everything = _draw("items.html.jinja", page(run, CAPS[-1], here), packed(run, slices))
        beside = (Rendered(BESIDE, everything),)
        while here and _size(text) > LARGEST:
            here //= 2
            text, here = _report(run, packed(run, slices, here), here)
        return Rendered("report.html", text, beside)

    def render_regression(self, regression: Regression, *, is_strict: bool) -> Rendered:
        """Draw a regression check; equal checks give equal bytes."""
        return regression_html.render(typeset_regression(regression), _environment(), policy(_source("report.css")))

    def render_difference(self, difference: RunDifference) -> Rendered:
        """Draw two runs side by side; equal differences give equal bytes."""
        return difference_html.render(typeset_difference(difference), _environment(), policy(_source("report.css")))


def _report(run: Run, pack: str, here: int) -> tuple[str, int]:
    """Draw the page with as many examples as fit beside the items; return how many of these it holds too."""
    text = ""
    for caps in CAPS:
        text = _draw("report.html.jinja", page(run, caps, here), pack)
        if _size(text) <= LARGEST:
            break
    return text, here


def _draw(template: str, shown: Page, pack: str) -> str:
    style, script = _source("report.css"), _source("items.js")
    return (
        _environment()
        .get_template(template)
        .render(page=shown, pack=pack, style=Markup(style), script=Markup(script), policy=policy(style, script))
    )


def _source(name: str) -> str:
    return (files("reports") / "templates" / name).read_text(encoding="utf-8")


def _size(text: str) -> int:
    return len(text.encode("utf-8"))


def policy(style: str, script: str = "") -> str:
    """Return the content security policy that allows this style sheet, this script and nothing else."""
    runs = f"script-src {_digest(script)}; " if script else ""
    return f"default-src 'none'; style-src {_digest(style)}; {runs}img-src data:; base-uri 'none'; form-action 'none'"


def _digest(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode('utf-8')).digest()).decode('ascii')}'"


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
