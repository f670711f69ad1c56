"""The pages: HTML without a script, under the reports' strict policy. What strangers wrote does nothing."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.decision.words import VERDICTS, duration
from harness.viewing.catalogue import Entry
from harness.viewing.follow import Progress
from harness.visible import visible

REFRESH_SECONDS = 3


def runs_page(entries: list[Entry], query: str, verdict: str, base: str) -> str:
    """Draw the list, filtered by words and by verdict.

    Args:
        entries: All runs.
        query: Words that must all stand in an entry.
        verdict: The verdict that it must have; '' for any.
        base: Where the pages are: '/TOKEN/'.
    """
    words = query.casefold().split()
    shown = [entry for entry in entries if all(word in entry.words for word in words) and verdict in ("", entry.action)]
    return _draw("runs", base, entries=entries, shown=shown, query=query, verdict=verdict, verdicts=VERDICTS)


def run_page(entry: Entry, progress: Progress, files_there: list[str], base: str) -> str:
    """Draw one run; a running one asks for itself again every few seconds."""
    left = f"about {duration(progress.left)} left" if progress.left and entry.state == "running" else ""
    jobs = [(job, duration(job.seconds) if job.seconds is not None else "") for job in progress.jobs.values()]
    refresh = REFRESH_SECONDS if entry.state == "running" else 0
    return _draw("run", base, entry=entry, progress=progress, jobs=jobs, left=left, files=files_there, refresh=refresh)


def fault_page(text: str, base: str) -> str:
    """Say what is wrong in a sentence."""
    return _draw("fault", base, text=text)


@cache
def style() -> str:
    """Return the style sheet."""
    return (files("harness.viewing") / "templates" / "view.css").read_text(encoding="utf-8")


@cache
def policy() -> str:
    """Return the content security policy: this very style sheet, forms to this server, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style().encode("utf-8")).digest()).decode("ascii")
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )


def _draw(name: str, base: str, **values: object) -> str:
    page = _environment().get_template(f"{name}.html.jinja")
    return page.render(base=base, style=Markup(style()), words=VERDICTS, **values)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("harness.viewing"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
