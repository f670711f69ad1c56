"""What a model's own format means for a task: what it cannot be shown, how it is shown the rest, and stray markers."""

from collections.abc import Iterator, Mapping

from harness.chat.markers import family_markers
from harness.chat.rows import ShownRow, row_faults
from harness.chat.turns import THOUGHTS, marked, plain
from harness.checking.findings import Fault, Finding, Hit, Place, gathered
from harness.checking.model_text import ModelText
from harness.checking.reading import Material, Record
from harness.checking.shown import quoted


def find_refusals(material: Material, texts: Mapping[str, ModelText]) -> list[Fault]:
    """Find what keeps models from being asked: no usable chat template, turns that it refuses, answers it cannot give.

    Args:
        material: The task; what is found is noted with its faults.
        texts: Of each model, by its source.
    """
    found: dict[Fault, None] = {}
    file = material.content.path.name
    for text in texts.values():
        sentences = [text.fault] if text.fault else []
        if text.chat is not None:
            sentences += row_faults(text.chat, _rows(material))
        found |= dict.fromkeys(Fault(file, sentence, None, "line", None) for sentence in sentences)
    for fault in found:
        material.faults.add(fault.file, fault.text)
    return list(found)


def _rows(material: Material) -> Iterator[ShownRow]:
    has_system = material.content.settings.prompt.system is not None
    for record in material.records_read():
        example = record.example
        yield ShownRow.of(str(record.place), example.messages, (example.target,), has_system=has_system)
    for pair in material.preferences:
        answers = (pair.item.chosen, pair.item.rejected)
        yield ShownRow.of(str(pair.place), pair.item.messages, answers, has_system=has_system)
    for said in material.feedback:
        yield ShownRow.of(str(said.place), said.item.messages, (said.item.answer,), has_system=has_system)


def find_formats(texts: Mapping[str, ModelText]) -> list[Finding]:
    """Tell how models are shown conversations where their templates do not take everything as it comes."""
    notes = [note for text in texts.values() if text.chat is not None for note in text.chat.notes]
    hits = [Hit((), note) for note in dict.fromkeys(notes)]
    remedy = "nothing to do: training, asking and exports all do so"
    return gathered("model_format", "note", "how conversations are written for the model", remedy, hits)


def find_markers(material: Material, texts: Mapping[str, ModelText]) -> list[Finding]:
    """Find markers of chat formats inside texts: the model's own, which a space splits, and other families'."""
    return [*_own_markers(material, texts), *_family_markers(material, texts), *_thoughts(material)]


def _own_markers(material: Material, texts: Mapping[str, ModelText]) -> list[Finding]:
    hits: dict[Hit, None] = {}
    for text in texts.values():
        if text.chat is None:
            continue
        for place, shown, _ in _texts(material):
            for marker in marked(shown, text.chat.form):
                detail = f"{quoted(marker)} is shown to {text.chat.model} as {quoted(plain(marker, text.chat.form))}"
                hits[Hit((place,), detail)] = None
    title = "texts that hold a marker of the model's own format"
    remedy = "take it out if nobody writes it on purpose; with a space inside it is text, and ends no turn"
    return gathered("own_marker", "warning", title, remedy, hits)


def _family_markers(material: Material, texts: Mapping[str, ModelText]) -> list[Finding]:
    """Find markers that are plain text to the models here, or whose models' files are not here."""
    known = {marker for text in texts.values() if text.chat is not None for marker in text.chat.form.markers}
    hits = []
    for place, shown, answer in _texts(material):
        for text, where in ((shown, ""), (answer, "its answer: ")):
            if found := [marker for marker in family_markers(text) if marker not in known]:
                hits.append(Hit((place,), f"{where}{', '.join(map(quoted, found))}"))
    remedy = "take it out: it was written for another model's format"
    return gathered("family_marker", "warning", "texts that hold a marker of a chat format", remedy, hits)


def _thoughts(material: Material) -> list[Finding]:
    hits = [
        Hit((record.place,), quoted(record.example.target))
        for record in material.records()
        if any(end in record.example.target for _, end in THOUGHTS)
    ]
    remedy = "leave it out: answers and targets are compared behind their thoughts, which training would teach as text"
    return gathered("thought_in_answer", "warning", "answers that hold a thought", remedy, hits)


def _texts(material: Material) -> Iterator[tuple[Place, str, str]]:
    """Yield what is shown of each row, and its answer; the task's own prompt first."""
    prompt = material.content.settings.prompt
    yield Place("task", material.content.path.name), f"{prompt.system or ''}\n{prompt.template}", ""
    for record in material.records():
        yield record.place, _turns(record), record.example.target
    for pair in material.preferences:
        turns = "\n".join(message.content for message in pair.item.messages)
        yield pair.place, turns, f"{pair.item.chosen}\n{pair.item.rejected}"
    for said in material.feedback:
        yield said.place, "\n".join(message.content for message in said.item.messages), said.item.answer
    for document in material.content.data.documents:
        yield Place("documents", document.source, id=document.id), document.text, ""


def _turns(record: Record) -> str:
    turns = [message.content for message in record.example.messages]
    return "\n".join([*turns, *(column.text for column in record.example.columns)])
