"""The file in which SQuAD is published: articles with paragraphs, each with its questions (arXiv 1606.05250)."""

from collections.abc import Iterator, Mapping
from typing import Any


def squad_rows(values: Any) -> list[dict[str, Any]] | None:
    """Return a row a question of such a file, in its order; None of a file of another form.

    Several answers to a question stay a list, each of them right. A question without an answer has an empty list.
    """
    if not isinstance(values, Mapping) or not isinstance(values.get("data"), list):
        return None
    try:
        return [row for article in values["data"] for row in _rows(article)]
    except (KeyError, TypeError):
        return None


def _rows(article: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for paragraph in article["paragraphs"]:
        for asked in paragraph["qas"]:
            yield {
                "id": asked["id"],
                **({"title": article["title"]} if "title" in article else {}),
                "context": paragraph["context"],
                "question": asked["question"],
                "answers": [answer["text"] for answer in asked["answers"]],
            }
