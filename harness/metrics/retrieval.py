"""How well a retriever finds known evidence: recall, MRR and nDCG by ir-measures."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from harness.records import Retrieval


def retrieval_quality(
    ranked: Mapping[str, Sequence[tuple[str, str]]], relevant: Mapping[str, AbstractSet[str]]
) -> Retrieval:
    """Judge rankings against the evidence ids of their questions.

    What is to be found are evidence ids, of passages or of documents, and a passage finds those that
    are its own id or its document's. An id is found once, at its first passage: a second passage of
    one relevant document takes a place and adds nothing, so recall never exceeds 1.

    Args:
        ranked: By question id, the passages as (id, document id), best first.
        relevant: By question id, the evidence ids. Questions without any are left out.

    Returns:
        Means over the questions with evidence; `k` is the longest ranking.

    Raises:
        ValueError: If no question has evidence, or one that has was never searched for.
    """
    import ir_measures
    from ir_measures import RR, Qrel, R, ScoredDoc, nDCG

    asked = {question: ids for question, ids in relevant.items() if ids}
    if not asked:
        raise ValueError("no question has evidence ids, so there is no retrieval to judge")
    missing = sorted(asked.keys() - ranked.keys())
    if missing:
        raise ValueError(f"no ranking for {len(missing)} questions with evidence, e.g. {missing[0]!r}; search for them")
    found = {question: _findings(ranked[question], ids) for question, ids in asked.items()}
    k = max(len(ranked[question]) for question in asked)
    depth = max(map(len, found.values()))  # above k only where one passage finds two ids
    qrels = [Qrel(question, _name(item), 1) for question, ids in asked.items() for item in ids]
    run = [
        ScoredDoc(question, _name(item) if item is not None else f"miss {place}", -float(place))
        for question, items in found.items()
        for place, item in enumerate(items)
    ]
    figures = ir_measures.calc_aggregate([R @ depth, RR, nDCG @ depth], qrels, run)
    return Retrieval(k, len(asked), figures[R @ depth], figures[RR], figures[nDCG @ depth])


def _findings(passages: Sequence[tuple[str, str]], relevant: AbstractSet[str]) -> list[str | None]:
    """Return the evidence ids in the order found; None for a place that finds nothing new."""
    items: list[str | None] = []
    for names in passages:
        new = [name for name in dict.fromkeys(names) if name in relevant and name not in items]
        items.extend(new or [None])
    return items or [None]


def _name(item: str) -> str:
    return f"evidence {item}"  # so that no id is taken for a miss
