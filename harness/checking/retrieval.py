"""Whether the documents hold what RAG is to find, and whether its search can be judged."""

from collections.abc import Sequence

from harness.checking.findings import Finding, Hit, Severity, gathered
from harness.checking.reading import Material, Record
from harness.checking.shown import quoted
from harness.task.documents import DocumentNames

SHORT_ANSWER = 5  # words; longer answers are seldom in a document word for word
MOST_MISSING = 0.5


def find_unknown_evidence(material: Material) -> list[Finding]:
    """Find evidence that names no document, or more than one."""
    documents = material.content.data.documents
    names = DocumentNames(documents, material.content.settings.data.documents or "")
    hits = [
        Hit((record.place,), fault)
        for record in material.records_read()
        for name in record.example.evidence
        if documents and (fault := names.fault(name))
    ]
    remedy = "use a document's id: a file's path without its suffix"
    return gathered("unknown_evidence", "error", "evidence that is the id of no document", remedy, hits)


def find_missing_answers(material: Material) -> list[Finding]:
    """Find short answers of test and dev that stand in no passage, or in none of the row's own evidence."""
    documents = material.content.data.documents
    places = material.answer_places
    asked = list(material.records("test", "dev")) if documents else []
    short = [record for record in asked if _is_short(places.results(record.example))]
    hits = []
    for record in short:
        answer = quoted(record.example.target, 40)
        if not places.stands(record.example):
            hits.append(Hit((record.place,), f"{answer} stands in no passage"))
        elif not places.stands_in_evidence(record.example):
            hits.append(Hit((record.place,), f"{answer} is not in its evidence"))
    share = len(hits) / max(1, len(short))
    severity: Severity = "warning" if share > MOST_MISSING else "note"
    title = f"short answers of test and dev that stand in no passage ({len(hits)} of {len(short)}, {share:.0%})"
    remedy = "add the documents that hold them, or expect no more of RAG than of a prompt on these"
    return gathered("missing_answer", severity, title, remedy, hits)


def _is_short(results: Sequence[str]) -> bool:
    return 0 < min((len(result.split()) for result in results), default=0) <= SHORT_ANSWER


def find_unjudged(material: Material) -> list[Finding]:
    """Say how the search will be judged: by the passage with the answer, or by the document alone."""
    documents, test = material.content.data.documents, list(material.records("test"))
    if not documents or not test:
        return []
    places = material.answer_places
    unknown = [record for record in test if not places.knows(record.example)]
    named = {record.example.evidence for record in unknown if record.example.evidence}
    hits = [Hit((), f"for {len(unknown)} of {len(test)} test questions {_judged_by(unknown)}")] if unknown else []
    if len(named) == 1 and len(unknown) > 1:
        hits.append(Hit((), f"all of these name {' and '.join(*named)}, so that any passage of it counts as found"))
    title = "questions for which it is unknown whether the passage with the answer is found"
    remedy = "their answers stand in no line word for word; the report says how many it could judge"
    return gathered("unjudged_search", "note", title, remedy, hits)


def _judged_by(records: list[Record]) -> str:
    count = sum(bool(record.example.evidence) for record in records)
    return f"only the document is known ({count}), or nothing ({len(records) - count})"
