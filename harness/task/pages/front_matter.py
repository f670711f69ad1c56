"""Front matter: what of a page is for the site generator, and not for the reader."""

import re
import tomllib
from typing import Any

_BLOCK = re.compile(r"(---|\+\+\+)[ \t]*\n(.*?)^(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
# One of these at least names settings; 'Warning: ...' between two rules is text.
_KNOWN = frozenset(
    "title date layout tags tag slug description author authors category categories draft permalink weight id lang url "
    "sidebar_label sidebar_position sidebar nav_order parent aliases alias summary keywords template version status "
    "created updated last_modified hide_title image type order menu linktitle toc".split()
)
_TOP_HEADING = re.compile(r"^#\s+\S|^\S.*\n=+[ \t]*$", re.MULTILINE)


def without_front_matter(text: str) -> str:
    """Return a page without its front matter, YAML between '---' or TOML between '+++'.

    Its title becomes the page's heading where the page has none of its own: a site shows it there. What stands between
    two rules and is no such settings is text, and stays.
    """
    text = text.replace("\r\n", "\n")
    found = _BLOCK.match(text)
    if found is None:
        return text
    settings = _yaml(found[2]) if found[1] == "---" else _toml(found[2])
    if not isinstance(settings, dict):
        return text
    if settings and _KNOWN.isdisjoint(key.lower() for key in settings if isinstance(key, str)):
        return text
    rest = text[found.end() :].lstrip("\n")
    title = settings.get("title")
    return f"# {title.strip()}\n\n{rest}" if isinstance(title, str) and not _TOP_HEADING.search(rest) else rest


def _yaml(text: str) -> Any:
    from ruamel.yaml import YAML

    try:
        found = YAML(typ="safe", pure=True).load(text)
    except MemoryError:
        raise
    except Exception:  # of a value that is none of its tag's (`!!bool maybe`) the reader raises whatever comes of it
        return _unread(text)
    return {} if found is None else found


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):  # a number too long for Python is no TOMLDecodeError
        return None


def _unread(text: str) -> dict[str, str] | None:
    """Return no settings where each line looks like one, as `title: How to: a guide` does, which YAML refuses."""
    lines = [line for line in text.splitlines() if line.strip()]
    return {} if all(re.match(r"[\w-]+:|\s|- |#", line) for line in lines) else None
