"""Record lengths in tokens, against the context window and the rule of thumb."""

from harness.checking.findings import Finding, Hit, gathered
from harness.checking.model_text import ModelText
from harness.checking.reading import LABELLED, Material, Record
from harness.program import Prompt
from harness.records import Message

RULE = (200, 500)  # tokens a record of a good training set has, by the rule of thumb
_MARK = "."


def find_long_rows(material: Material, text: ModelText) -> list[Finding]:
    """Find rows that do not fit the window, and tell the lengths of train."""
    prompt = Prompt(material.content.settings.prompt.system, material.content.settings.prompt.template)
    frame = _frame(text)
    hits: list[Hit] = []
    lengths: dict[str, list[int]] = {}
    for split in LABELLED:
        rows = material.splits[split]
        lengths[split] = [count + frame for count in text.counts([_shown(prompt, record) for record in rows])]
        for record, length in zip(rows, lengths[split], strict=True):
            if text.window is not None and length > text.window:
                hits.append(Hit((record.place,), f"about {length} tokens with its answer; the window is {text.window}"))
    remedy = "shorten the row or take a model with a larger window; nothing is ever cut"
    found = gathered("too_long", "error", "rows that do not fit the model's window", remedy, hits)
    return found + _against_rule(lengths["train"])


def _frame(text: ModelText) -> int:
    """The tokens that the chat template adds around a prompt of one turn, and the answer's end."""
    [bare, framed] = text.counts([_MARK, text.prompt([Message("system", _MARK), Message("user", _MARK)])])
    return framed - 2 * bare + 1


def _shown(prompt: Prompt, record: Record) -> str:
    messages = prompt.messages(record.example.question)
    return "\n".join([*(message.content for message in messages), record.example.target])


def _against_rule(lengths: list[int]) -> list[Finding]:
    if not lengths:
        return []
    ordered = sorted(lengths)
    low, middle, high = (ordered[int(share * (len(ordered) - 1))] for share in (0.05, 0.5, 0.95))
    inside = sum(RULE[0] <= length <= RULE[1] for length in lengths) / len(lengths)
    text = (
        f"train: 5% below {low}, half below {middle}, 95% below {high} tokens; {inside:.0%} have {RULE[0]} to {RULE[1]}"
    )
    remedy = "nothing to do: a rule of thumb for general instruction data, which tasks with short answers need not keep"
    return gathered("record_length", "note", "record lengths, prompt and answer", remedy, [Hit((), text)])
