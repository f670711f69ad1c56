"""Writes train.jsonl, dev.jsonl and test.jsonl of this folder; the same seed gives the same bytes.

Run it with `python -m tasks.support_routing.generate`. A message is an opening, a phrasing of the
problem, a detail and a closing. Each phrasing is dealt to one split, so that test problems are new in
their wording, and not only new combinations of known sentences.
"""

import random
from dataclasses import dataclass
from pathlib import Path

from tasks.rows import write_splits
from tasks.support_routing import phrasings

SEED = 20
ROWS = {"train": 120, "dev": 48, "test": 200}
PHRASINGS = {"train": 14, "dev": 4, "test": 10}  # per desk; together all 28
WORDS = range(10, 26)
TYPO_RATE = 0.06

MACHINES = ("Brevia 300", "Brevia 500", "Lungo One", "Caffara Duo", "Piccolina")
OPENINGS = ("", "Hello,", "Hi there,", "Good morning,", "Dear team,", "Hey,", "Good evening,")
DETAILS = (
    "My customer number is {number}.",
    "I have been a customer since {year}.",
    "I am writing from {city}.",
    "I wrote to you on {day} already.",
    "You can call me on {day}.",
    "I found your address on the website.",
    "",
)
CLOSINGS = ("Thanks, {name}", "Kind regards, {name}", "Please help.", "What now?", "Please reply soon.", "")
CITIES = ("Leeds", "Cork", "Utrecht", "Graz", "Porto", "Malmo", "Turin")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
NAMES = ("Marta", "Owen", "Priya", "Jonas", "Aylin", "Tom", "Chloe", "Deniz")


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a message goes: its page in the handbook, its house code, and what customers write to it."""

    page: str
    code: str
    problems: tuple[str, ...]


DESKS = (
    Desk("billing_desk", "KX-20", phrasings.BILLING),
    Desk("delivery_desk", "RL/409", phrasings.DELIVERY),
    Desk("repair_desk", "M7B", phrasings.REPAIRS),
    Desk("beans_desk", "Q88-T", phrasings.BEANS),
)


def rows_by_split() -> dict[str, list[dict[str, str]]]:
    """Return all rows: desks in equal shares, no message twice, no phrasing in two splits."""
    random_source = random.Random(SEED)
    dealt = {desk.page: _deal(desk, random_source) for desk in DESKS}
    seen: set[str] = set()
    return {split: _rows(split, dealt, seen, random_source) for split in ROWS}


def _deal(desk: Desk, random_source: random.Random) -> dict[str, list[int]]:
    """Deal the numbers of a desk's phrasings to the splits."""
    numbers = list(range(len(desk.problems)))
    random_source.shuffle(numbers)
    dealt = {}
    for split, count in PHRASINGS.items():
        dealt[split], numbers = numbers[:count], numbers[count:]
    return dealt


def _rows(
    split: str, dealt: dict[str, dict[str, list[int]]], seen: set[str], random_source: random.Random
) -> list[dict[str, str]]:
    rows = []
    for index in range(ROWS[split]):
        desk = DESKS[index % len(DESKS)]
        numbers = dealt[desk.page][split]
        number = numbers[index // len(DESKS) % len(numbers)]
        message = _message(desk.problems[number], seen, random_source)
        problem = f"{desk.page.removesuffix('_desk')}-{number + 1:02d}"
        rows.append({"message": message, "code": desk.code, "problem": problem, "page": desk.page})
    random_source.shuffle(rows)
    return [{"id": f"{split}-{index:03d}", **row} for index, row in enumerate(rows, start=1)]


def _message(problem: str, seen: set[str], random_source: random.Random) -> str:
    while True:
        opening = random_source.choice(OPENINGS)
        parts = [opening, problem, random_source.choice(DETAILS), random_source.choice(CLOSINGS)]
        text = " ".join(part for part in parts if part).format(
            machine=random_source.choice(MACHINES),
            number=random_source.randrange(10_000, 100_000),
            year=random_source.randrange(2012, 2025),
            city=random_source.choice(CITIES),
            day=random_source.choice(DAYS),
            name=random_source.choice(NAMES),
        )
        if random_source.random() < TYPO_RATE:
            text = _mistype(text, random_source)
        text = text[0].upper() + text[1:]
        if len(text.split()) in WORDS and text.casefold() not in seen:
            seen.add(text.casefold())
            return text


def _mistype(text: str, random_source: random.Random) -> str:
    """Swap two letters inside one of the longer words."""
    words = text.split(" ")
    longer = [index for index, word in enumerate(words) if len(word) > 5 and word.isalpha()]
    if longer:
        chosen = random_source.choice(longer)
        word = words[chosen]
        at = random_source.randrange(1, len(word) - 2)
        words[chosen] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return " ".join(words)


def write(folder: Path) -> None:
    """Write the three files into `folder`."""
    write_splits(folder, rows_by_split())


if __name__ == "__main__":
    write(Path(__file__).parent)
