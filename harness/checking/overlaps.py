"""Held-out questions and answers that stand, word for word, inside what arms learn from or are shown."""

from collections import Counter
from collections.abc import Iterator, Sequence

from harness.checking.containment import found_inside, runs_of
from harness.checking.findings import Finding, Hit, Place, gathered
from harness.checking.reading import SIDES, Material, Record, Row, by_value, places, text_of_row
from harness.checking.shown import quoted
from harness.closed_set import ROWS_PER_LABEL
from harness.words import length_in_words, words_of

# Fewer words are found inside other texts by chance.
QUESTION_WORDS = 6
PROMPT_WORDS = 4  # a prompt is short, so less suffices
ANSWER_WORDS = 6
# A question so long is a copy whatever the answer beside it; a shorter one only when the answer is the same.
LONG_QUESTION = 10
MOSTLY = 0.5  # a training question must be this much of the held-out one that contains it


def find_contained(material: Material) -> list[Finding]:
    """Find held-out questions inside longer training inputs, and training questions that make up held-out ones."""
    runs = runs_of([rows[0].words for rows in material.questions], QUESTION_WORDS)
    hits: list[Hit] = []
    for part, whole in found_inside(runs, runs):
        parts, wholes = material.questions[part], material.questions[whole]
        is_most = len(parts[0].words) >= MOSTLY * len(wholes[0].words)
        for held_split, learnt_split in SIDES:
            hits += _sides(parts, wholes, held_split, learnt_split, parts)
            hits += _sides(wholes, parts, held_split, learnt_split, parts) if is_most else []
    remedy = "keep a question on one side only; --fix leaves the train or dev row out"
    title = "questions that are part of a longer one on the other side of a split"
    return gathered("contained", "warning", title, remedy, hits)


def _sides(
    held: Sequence[Row], learnt: Sequence[Row], held_split: str, learnt_split: str, parts: Sequence[Row]
) -> Iterator[Hit]:
    """One case for a question and the rows of the other side that hold it, or that it holds."""
    asked = [row for row in held if isinstance(row, Record) and row.place.split == held_split]
    answers = {row.answer for row in asked}
    found = [
        row
        for row in learnt
        if isinstance(row, Record)
        and row.place.split == learnt_split
        and (length_in_words(parts[0].words) >= LONG_QUESTION or row.answer in answers)
    ]
    if asked and found:
        drop = places(found)
        yield Hit((asked[0].place, *drop), quoted(text_of_row(parts[0])), drop)


def find_in_prompt(material: Material) -> list[Finding]:
    """Find held-out questions inside the task's own prompt, as solved examples pasted there."""
    prompt = material.content.settings.prompt
    texts = [text for text in (prompt.system, prompt.template) if text]
    held = list(material.records("test", "dev"))
    needles = runs_of([record.words for record in held], PROMPT_WORDS)
    pairs = found_inside(needles, runs_of([words_of(text) for text in texts], PROMPT_WORDS))
    place = Place("task", material.content.path.name)
    hits = [Hit((held[h].place, place), quoted(held[h].example.question.text)) for h, _ in pairs]
    remedy = "show examples from train, never from test or dev; few_shot does it by itself"
    return gathered("in_prompt", "error", "held-out questions that the task's own prompt shows", remedy, hits)


def find_answers_in_train(material: Material) -> list[Finding]:
    """Find long test answers inside training questions, and answers that one train row shares.

    What many rows answer is a label, which training questions cannot give away: training answers teach it.
    """
    test = list(material.records("test"))
    learnt = list(material.records("train", "dev"))
    given = Counter(record.answer for record in material.records())
    answers = [
        [] if material.has_labels or given[record.answer] >= ROWS_PER_LABEL else words_of(record.example.target)
        for record in test
    ]
    needles = runs_of(answers, ANSWER_WORDS)
    pairs = found_inside(needles, runs_of([record.words for record in learnt], ANSWER_WORDS))
    hits = [Hit((test[t].place, learnt[o].place), quoted(test[t].example.target), (learnt[o].place,)) for t, o in pairs]
    remedy = "remove the answer from the training question; --fix leaves the row out"
    found = gathered("answer_in_train", "warning", "test answers that training questions give away", remedy, hits)
    return found + _same_answers(material, answers)


def _same_answers(material: Material, answers: Sequence[Sequence[str]]) -> list[Finding]:
    """A long answer that one test row and one train row alone share hints at a reworded question."""
    rows = by_value((record.answer, record) for record in material.records())
    hits = []
    for record, words in zip(material.records("test"), answers, strict=True):
        same = rows[record.answer]
        is_shared_by_two = len(same) == 2 and {one.place.split for one in same} == {"train", "test"}
        if is_shared_by_two and length_in_words(words) >= ANSWER_WORDS:
            other = next(one for one in same if one is not record)
            text = f"{quoted(record.example.question.text)} and {quoted(other.example.question.text)}"
            hits.append(Hit((record.place, other.place), text))
    remedy = "look whether the training question says the same in other words"
    title = "questions of test and train that share a long answer nobody else has"
    return gathered("same_answer", "note", title, remedy, hits)


def find_in_documents(material: Material) -> list[Finding]:
    """Find documents that hold a test question together with its answer."""
    documents = material.content.data.documents
    texts = [words_of(document.text) for document in documents]
    test = list(material.records("test"))
    joined: dict[int, str] = {}
    hits = []
    asked = runs_of([record.words for record in test], QUESTION_WORDS)
    for number, holder in found_inside(asked, runs_of(texts, QUESTION_WORDS)):
        text = joined.setdefault(holder, f" {' '.join(texts[holder])} ")
        answer = " ".join(words_of(test[number].example.target))
        if answer and f" {answer} " in text:
            place = Place("documents", documents[holder].source, id=documents[holder].id)
            hits.append(Hit((test[number].place, place), quoted(test[number].example.question.text)))
    remedy = "fine if users' questions are in the documents too; else RAG is asked what it can look up word for word"
    return gathered("in_documents", "note", "test questions that a document holds with their answers", remedy, hits)
