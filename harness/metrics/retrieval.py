"""How well a retriever finds known evidence, documents or passages: recall, MRR and nDCG, by ir-measures."""

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from harness.answer_places import AnswerPlaces
from harness.records import AnswerRetrieval, Example, Passage, Retrieval


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


def answer_retrieval(
    shown: Mapping[str, Sequence[Passage]],
    examples: Iterable[Example],
    places: AnswerPlaces,
    scores: Mapping[str, float],
) -> AnswerRetrieval | None:
    """Judge rankings by the passage that holds the answer; None where of no question it can be told which that is.

    Args:
        shown: By question id, the passages, best first.
        examples: The questions; those that `shown` lacks are left out.
        places: Where answers stand in the documents.
        scores: By question id, how right the answer was, in [0, 1]; empty where nothing was asked.
    """
    ranks = {one.id: _rank(one, shown[one.id], places) for one in examples if one.id in shown and places.knows(one)}
    if not ranks:
        return None
    found = [rank for rank in ranks.values() if rank is not None]
    scored = {one: rank is not None for one, rank in ranks.items() if one in scores}
    return AnswerRetrieval(
        k=max(len(shown[one]) for one in ranks),
        n=len(ranks),
        recall=len(found) / len(ranks),
        mrr=sum(1 / rank for rank in found) / len(ranks),
        ndcg=sum(1 / math.log2(rank + 1) for rank in found) / len(ranks),  # one passage is to be found
        found=len(found),
        score_found=_mean([scores[one] for one, has_it in scored.items() if has_it]),
        score_missed=_mean([scores[one] for one, has_it in scored.items() if not has_it]),
    )


def _rank(example: Example, passages: Sequence[Passage], places: AnswerPlaces) -> int | None:
    """Return the place, from 1, of the first passage that holds the answer."""
    return next((rank for rank, one in enumerate(passages, start=1) if places.holds(example, one)), None)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
