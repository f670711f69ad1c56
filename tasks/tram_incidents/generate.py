"""Writes train.jsonl, dev.jsonl and test.jsonl of this folder; the same seed gives the same bytes.

Run it with `python -m tasks.tram_incidents.generate`. A report is a head with line and time, a phrasing of
the incident and a close. Each phrasing is dealt to one split, so that test reports are new in their wording.
"""

import random
from pathlib import Path

from tasks.rows import Row, write_splits
from tasks.tram_incidents import phrasings

SEED = 34
ROWS = {"train": 120, "dev": 48, "test": 200}
PHRASINGS = {"train": 12, "dev": 4, "test": 10}  # per cause; together all 26

CAUSES = {
    "line": phrasings.LINE,
    "car": phrasings.CAR,
    "people": phrasings.PEOPLE,
    "weather": phrasings.WEATHER,
}
PLACES = (
    "Mill Lane",
    "the Old Market",
    "Station Square",
    "Harbour Street",
    "the University",
    "Elm Park",
    "Castle Hill",
)
HEADS = (
    "Route {route}, {time}.",
    "{time}, route {route}:",
    "Tram {tram}, route {route}.",
    "This is route {route}.",
    "Control, route {route} here.",
)
CLOSES = ("We are waiting.", "Please advise.", "What shall I do?", "Over.", "Delay {delay} minutes so far.", "")


def rows_by_split() -> dict[str, list[Row]]:
    """Return all rows: causes in equal shares, no report twice, no phrasing in two splits."""
    random_source = random.Random(SEED)
    dealt = {cause: _dealt(len(texts), random_source) for cause, texts in CAUSES.items()}
    seen: set[str] = set()
    return {split: _rows(split, dealt, seen, random_source) for split in ROWS}


def _dealt(count: int, random_source: random.Random) -> dict[str, list[int]]:
    numbers = random_source.sample(range(count), count)
    splits = {}
    for split, size in PHRASINGS.items():
        splits[split], numbers = numbers[:size], numbers[size:]
    return splits


def _rows(
    split: str, dealt: dict[str, dict[str, list[int]]], seen: set[str], random_source: random.Random
) -> list[Row]:
    rows = []
    for index in range(ROWS[split]):
        cause = list(CAUSES)[index % len(CAUSES)]
        numbers = dealt[cause][split]
        number = numbers[index // len(CAUSES) % len(numbers)]
        report = _report(CAUSES[cause][number], seen, random_source)
        rows.append({"report": report, "cause": cause, "phrasing": f"{cause}-{number + 1:02d}"})
    random_source.shuffle(rows)
    return [{"id": f"{split}-{index:03d}", **row} for index, row in enumerate(rows, start=1)]


def _report(incident: str, seen: set[str], random_source: random.Random) -> str:
    while True:
        parts = (random_source.choice(HEADS), incident, random_source.choice(CLOSES))
        text = " ".join(part for part in parts if part).format(
            route=random_source.randrange(1, 19),
            tram=random_source.randrange(200, 400),
            time=f"{random_source.randrange(5, 24)}:{random_source.randrange(60):02d}",
            place=random_source.choice(PLACES),
            delay=random_source.randrange(2, 30),
        )
        if text not in seen:
            seen.add(text)
            return text


def write(folder: Path) -> None:
    """Write the three files into `folder`."""
    write_splits(folder, rows_by_split())


if __name__ == "__main__":
    write(Path(__file__).parent)
