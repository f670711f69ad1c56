"""Retrieval-augmented arm: documents chunked, embedded, searched, and shown before the question."""

from collections.abc import Mapping

from baselines.rag.arm import Rag
from baselines.rag.options import RagOptions


def rag(options: Mapping[str, object]) -> Rag:
    """Make the arm that answers from retrieved passages."""
    return Rag(RagOptions.model_validate(options))
