"""What retrieval lost: no arm's model is to blame for a question whose passage it was not shown."""

from harness.decision.arms import Arm
from harness.decision.words import share
from harness.records import AnswerRetrieval

MOSTLY = 0.5  # of what an arm lost
REMEDIES = "more passages, other chunk_tokens, another embedder, or documents that say it in the words of the questions"


def lost_in_retrieval(arm: Arm, least: float) -> AnswerRetrieval | None:
    """Return how an arm's search did, where most of what the arm lost was lost without the passage with the answer.

    Args:
        arm: Any arm.
        least: So many points of score, over all items, must have been lost so for it to matter.
    """
    search = arm.evidence.answer_retrieval
    if search is None or search.score_missed is None:
        return None
    without = (search.n - search.found) * (1 - search.score_missed)
    lost = sum(1 - score.value for score in arm.scores.values())
    return search if without >= max(MOSTLY * lost, least * len(arm.scores)) else None


def is_search_unknown(arm: Arm) -> bool:
    """Whether an arm searches documents, and of no question it is known whether it was shown what holds the answer."""
    return arm.evidence.family in ("rag", "combine") and arm.evidence.answer_retrieval is None


def search_words(search: AnswerRetrieval) -> str:
    """Say how often the passage was missing, and what came of it."""
    missed = f"the passage with the answer was not shown for {search.n - search.found} of {search.n} questions"
    if search.score_missed is None or search.score_found is None:
        return missed
    return f"{missed} ({share(search.score_missed)} on these, {share(search.score_found)} on the others)"


def search_caveats(arm: Arm, least: float) -> list[str]:
    """Say whose loss an arm's is, or that it is not known."""
    if search := lost_in_retrieval(arm, least):
        return [f"{arm.name}: {search_words(search)}, so most of what it lost was lost in retrieval, not by the model"]
    lost = sum(1 - score.value for score in arm.scores.values())
    if is_search_unknown(arm) and arm.evidence.retrieval is not None and lost > least * len(arm.scores):
        known = "it is known which documents hold the answers and not which passages"
        return [f"{arm.name}: {known}, so what it lost may be lost in retrieval or by the model"]
    return []
