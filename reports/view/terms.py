"""Links from a text to the glossary: the first use of each term in it, where a reader may not know the term."""

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

from reports.text import visible

# As texts write a term, and the entry that explains it.
SPELLINGS = {
    "95% interval": "95% interval",
    "one-sided 95%": "95% interval",
    "forgetting": "Forgetting",
    "general ability": "General ability",
    "test items": "Test items",
    "points": "Point",
    "p95": "p95",
    "dev": "Dev",
    "gate": "Gate",
    "seed": "Seed",
    "seeds": "Seed",
    "rag": "RAG",
    "retrieval": "RAG",
    "goal": "Goal",
    "adapter": "Adapter",
    "smoke run": "Smoke run",
    "arm": "Option, arm",
    "arms": "Option, arm",
    "routed": "Shared, routed",
    "undertrained": "Undertrained",
    "exact match": "Exact match",
    "paired": "Paired difference",
}
_KNOWN = re.compile(
    rf"(?<![\w-])({'|'.join(sorted(map(re.escape, SPELLINGS), key=len, reverse=True))})(?![\w-])", re.IGNORECASE
)


def identity(word: str) -> str:
    """Return the id of a glossary entry: 'word-95-interval'."""
    return "word-" + re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-")


def linked(text: str) -> Markup:
    """Make a text safe to show, with the first use of each known term linked to the glossary."""
    return linked_each([text])[0]


def linked_each(texts: Sequence[str]) -> list[Markup]:
    """Do so for texts that stand together: what is linked in one is not linked again in those after it."""
    seen: set[str] = set()

    def link(found: re.Match[str]) -> str:
        entry = SPELLINGS[found[1].lower()]
        if entry in seen:
            return found[1]
        seen.add(entry)
        return f'<a class="term" href="#{identity(entry)}">{found[1]}</a>'

    # escaped here; what is added is ours
    return [Markup(_KNOWN.sub(link, str(escape(visible(text))))) for text in texts]
