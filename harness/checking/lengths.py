"""Record lengths in tokens, against the context window and the rule of thumb."""

from collections.abc import Mapping, Sequence

from harness.checking.findings import Finding, Hit, gathered
from harness.checking.model_text import ModelText
from harness.checking.reading import LABELLED, Material, Record
from harness.program import Prompt
from harness.records import Message

RULE = (200, 500)  # tokens a record of a good training set has, by the rule of thumb
_MARK = "."


def find_long_rows(material: Material, texts: Mapping[str, ModelText]) -> list[Finding]:
    """Find rows that do not fit a model's window, and tell the lengths of train.

    Args:
        material: The task.
        texts: Of each model, by its source.
    """
    found: list[Finding] = []
    rules: list[Hit] = []
    for model, text in texts.items():
        counts = _counts(material, text)
        hits = [
            Hit((record.place,), f"about {length} tokens with its answer; the window is {text.window}")
            for split in LABELLED
            for record, length in zip(material.splits[split], counts[split], strict=True)
            if text.window is not None and length > text.window
        ]
        remedy = "shorten the row or take a model with a larger window; nothing is ever cut"
        found += gathered("too_long", "error", f"rows that do not fit the window of {model}", remedy, hits)
        rules += _against_rule(counts["train"], model if len(texts) > 1 else "")
    remedy = "nothing to do: a rule of thumb for general instruction data, which tasks with short answers need not keep"
    return found + gathered("record_length", "note", "record lengths, prompt and answer", remedy, rules)


def _counts(material: Material, text: ModelText) -> dict[str, list[int]]:
    """The tokens of each row with its answer, by split."""
    settings = material.content.settings
    prompt = Prompt(settings.prompt.system, settings.prompt.template)
    frame = _frame(text)
    return {
        split: [count + frame for count in text.counts(_shown(prompt, material.splits[split]))] for split in LABELLED
    }


def _frame(text: ModelText) -> int:
    """The tokens that the chat template adds around a prompt of one turn, and the answer's end."""
    [bare, framed] = text.counts([_MARK, text.prompt([Message("system", _MARK), Message("user", _MARK)])])
    return framed - 2 * bare + 1


def _shown(prompt: Prompt, records: Sequence[Record]) -> list[str]:
    turns = prompt.every_message([record.example.question for record in records])
    return [
        "\n".join([*(message.content for message in messages), record.example.target])
        for messages, record in zip(turns, records, strict=True)
    ]


def _against_rule(lengths: list[int], model: str) -> list[Hit]:
    if not lengths:
        return []
    ordered = sorted(lengths)
    low, middle, high = (ordered[int(share * (len(ordered) - 1))] for share in (0.05, 0.5, 0.95))
    inside = sum(RULE[0] <= length <= RULE[1] for length in lengths) / len(lengths)
    text = (
        f"train{f' in tokens of {model}' if model else ''}: 5% below {low}, half below {middle}, 95% below {high} "
        f"tokens; {inside:.0%} have {RULE[0]} to {RULE[1]}"
    )
    return [Hit((), text)]
