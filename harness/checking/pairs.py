"""Faults of preference pairs."""

from harness.checking.findings import Finding, Hit, gathered
from harness.checking.reading import Material, Pair, places
from harness.checking.shown import quoted
from harness.words import words_of


def find_pair_faults(material: Material) -> list[Finding]:
    """Find pairs whose two answers say the same, and pairs that another pair turns round."""
    alike = [
        Hit((pair.place,), f"{quoted(pair.item.chosen, 40)} and {quoted(pair.item.rejected, 40)}", (pair.place,))
        for pair in material.preferences
        if _plain(pair.item.chosen) == _plain(pair.item.rejected)
    ]
    remedy = "give two answers that differ; --fix leaves the pair out"
    title = "preference pairs whose answers differ in case, spaces or punctuation alone"
    return gathered("equal_pair", "warning", title, remedy, alike) + _turned_round(material)


def _turned_round(material: Material) -> list[Finding]:
    known: dict[tuple[str, str, str], Pair] = {}
    hits = []
    for pair in material.preferences:
        chosen, rejected = pair.item.chosen.strip(), pair.item.rejected.strip()
        other = known.get((pair.input, rejected, chosen))
        if other is not None:
            both = places([other, pair])
            hits.append(Hit(both, f"{quoted(pair.item.messages[-1].content)}: {quoted(chosen, 40)}", both))
        known.setdefault((pair.input, chosen, rejected), pair)
    remedy = "settle which answer is better; --fix leaves both pairs out"
    return gathered("turned_pair", "error", "pairs that prefer what another pair rejects", remedy, hits)


def _plain(text: str) -> list[str]:
    return words_of(text) or text.split()
