"""Writes train.jsonl, dev.jsonl and test.jsonl of this folder; the same seed gives the same bytes.

Run it with `python -m tasks.serial_numbers.generate`. A message is an opening, a fault, a sentence with
the serial number and a closing, in one of two orders. Every row has a serial number of its own.
"""

import random
from pathlib import Path

from tasks.rows import Row, write_splits

SEED = 31
ROWS = {"train": 60, "dev": 40, "test": 200}

MACHINES = ("Brevia 300", "Brevia 500", "Lungo One", "Caffara Duo", "Piccolina")
OPENINGS = ("Hello.", "Hi there.", "Good morning.", "Dear team.", "Good evening.", "Dear service desk.")
FAULTS = (
    "my {machine} leaks under the water tank.",
    "the pump of our {machine} has been humming since {day}.",
    "the {machine} in our kitchen no longer heats up.",
    "our {machine} stops in the middle of a cup.",
    "the display of my {machine} stays dark.",
    "the grinder of our {machine} turns without grinding.",
    "my {machine} trips the fuse whenever it starts.",
    "the milk frother of the {machine} only spits hot water.",
    "since {day} my {machine} has asked for descaling after every cup.",
    "the drip tray of our {machine} does not lock any more.",
    "the power button of my {machine} is stuck.",
    "our {machine} makes weak and lukewarm coffee.",
)
NUMBERS = (
    "The serial number is {serial}.",
    "On the plate at the back I read {serial}.",
    "It carries the serial number {serial}.",
    "The label underneath says {serial}.",
    "You will want the serial number: {serial}.",
    "Its number is {serial}, if I read the label right.",
    "I registered it as {serial}.",
    "According to the warranty card it is {serial}.",
    "The sticker inside the door shows {serial}.",
    "We bought it in {city}, serial number {serial}.",
)
CLOSINGS = ("Can you help?", "What should I do?", "Please send somebody.", "Thanks, {name}", "Regards, {name}")
CITIES = ("Leeds", "Cork", "Utrecht", "Graz", "Porto", "Malmo", "Turin")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
NAMES = ("Marta", "Owen", "Priya", "Jonas", "Aylin", "Tom", "Chloe", "Deniz")
LETTERS = "BCDFGHKLMNPRTVW"


def rows_by_split() -> dict[str, list[Row]]:
    """Return all rows; no serial number stands twice."""
    random_source = random.Random(SEED)
    seen: set[str] = set()
    return {
        split: [_row(f"{split}-{index:03d}", seen, random_source) for index in range(1, count + 1)]
        for split, count in ROWS.items()
    }


def _row(name: str, seen: set[str], random_source: random.Random) -> Row:
    serial = _serial(random_source)
    while serial in seen:
        serial = _serial(random_source)
    seen.add(serial)
    middle = [random_source.choice(FAULTS), random_source.choice(NUMBERS)]
    if random_source.random() < 0.5:
        middle.reverse()
    sentences = [random_source.choice(OPENINGS), *map(_capital, middle), random_source.choice(CLOSINGS)]
    message = " ".join(sentences).format(
        machine=random_source.choice(MACHINES),
        day=random_source.choice(DAYS),
        city=random_source.choice(CITIES),
        name=random_source.choice(NAMES),
        serial=serial,
    )
    return {"id": name, "message": message, "serial": serial}


def _serial(random_source: random.Random) -> str:
    letters = "".join(random_source.choices(LETTERS, k=2))
    return f"{letters}-{random_source.randrange(10_000, 100_000)}"


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def write(folder: Path) -> None:
    """Write the three files into `folder`."""
    write_splits(folder, rows_by_split())


if __name__ == "__main__":
    write(Path(__file__).parent)
