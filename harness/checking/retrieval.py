"""Whether the documents hold what RAG is to find."""

from harness.checking.findings import Finding, Hit, Severity, gathered
from harness.checking.near_duplicates import words_of
from harness.checking.reading import Material, Record
from harness.checking.shown import quoted

SHORT_ANSWER = 5  # words; longer answers are seldom in a document word for word
MOST_MISSING = 0.5


def find_unknown_evidence(material: Material) -> list[Finding]:
    """Find evidence that names no document."""
    known = {document.id for document in material.content.data.documents}
    if not known:
        return []
    hits = [
        Hit((record.place,), f"evidence '{name}'")
        for record in material.records_read()
        for name in record.example.evidence
        if name not in known
    ]
    remedy = "use a document's id: a file's name without its suffix"
    return gathered("unknown_evidence", "error", "evidence that is the id of no document", remedy, hits)


def find_missing_answers(material: Material) -> list[Finding]:
    """Find short answers of test and dev that stand in no document, or not in the row's own evidence."""
    texts = {document.id: f" {' '.join(words_of(document.text))} " for document in material.content.data.documents}
    if not texts:
        return []
    everything = "".join(texts.values())
    vocabulary = set(everything.split())
    asked = [(record, words_of(record.example.target)) for record in material.records("test", "dev")]
    short = [(record, words) for record, words in asked if 0 < len(words) <= SHORT_ANSWER]
    absent: dict[str, bool] = {}
    hits = []
    for record, words in short:
        answer = " ".join(words)
        if answer not in absent:
            absent[answer] = not set(words) <= vocabulary or f" {answer} " not in everything
        if absent[answer]:
            hits.append(Hit((record.place,), f"{quoted(record.example.target, 40)} stands in no document"))
        elif not _in_evidence(record, answer, texts):
            hits.append(Hit((record.place,), f"{quoted(record.example.target, 40)} is not in its evidence"))
    share = len(hits) / max(1, len(short))
    severity: Severity = "warning" if share > MOST_MISSING else "note"
    title = f"short answers of test and dev that the documents lack ({share:.0%} of {len(short)})"
    remedy = "add the documents that hold them, or expect no more of RAG than of a prompt on these"
    return gathered("missing_answer", severity, title, remedy, hits)


def _in_evidence(record: Record, answer: str, texts: dict[str, str]) -> bool:
    named = [texts[name] for name in record.example.evidence if name in texts]
    return not named or any(f" {answer} " in text for text in named)
