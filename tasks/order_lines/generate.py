"""Writes train.jsonl, dev.jsonl and test.jsonl of this folder; the same seed gives the same bytes.

Run it with `python -m tasks.order_lines.generate`. An order names a town, two goods and how many of each, in one
of 16 sentences; no town, goods and numbers come together twice.
"""

import random
from pathlib import Path

from tasks.rows import Row, write_splits

SEED = 34
ROWS = {"train": 150, "dev": 48, "test": 200}

TOWNS = ("Leeds", "Cork", "Utrecht", "Graz", "Porto", "Malmo", "Turin", "Basel")
GOODS = {
    "filters": "FILTER",
    "cups": "CUP",
    "brushes": "BRUSH",
    "seals": "SEAL",
    "trays": "TRAY",
    "lids": "LID",
    "spoons": "SPOON",
    "jugs": "JUG",
    "hoses": "HOSE",
    "valves": "VALVE",
}
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}
SENTENCES = (
    "Please send {n1} {g1} and {n2} {g2} to our office in {town}.",
    "Our branch in {town} needs {n1} {g1} and {n2} {g2}.",
    "Could you ship {n1} {g1} together with {n2} {g2} to {town}?",
    "We are in {town} and would like {n1} {g1}, and {n2} {g2} as well.",
    "{town} has run out: {n1} {g1} and {n2} {g2}, please.",
    "I would like to order {n1} {g1} plus {n2} {g2}. Deliver them to {town}.",
    "For {town} we need {n1} new {g1} and also {n2} {g2}.",
    "Put {n1} {g1} and {n2} {g2} on the next van to {town}.",
    "Hello from {town}! Can we have {n1} {g1} and {n2} {g2} by Friday?",
    "The kitchen in {town} asks for {n1} {g1} and {n2} {g2}.",
    "Kindly add {n1} {g1} to our order, and {n2} {g2}. We are the {town} branch.",
    "My colleague in {town} wants {n1} {g1}. She also wants {n2} {g2}.",
    "Order for {town}: {n1} {g1}, {n2} {g2}. Thank you!",
    "We broke {n1} {g1} and {n2} {g2} here in {town}. Please replace them.",
    "{n1} {g1} and {n2} {g2} for {town}, as soon as you can.",
    "Would you mind sending {n1} {g1} and {n2} {g2} over to {town}?",
)


def rows_by_split() -> dict[str, list[Row]]:
    """Return all rows."""
    random_source = random.Random(SEED)
    seen: set[str] = set()
    return {
        split: [{"id": f"{split}-{index:03d}", **_order(seen, random_source)} for index in range(1, count + 1)]
        for split, count in ROWS.items()
    }


def _order(seen: set[str], random_source: random.Random) -> Row:
    while True:
        town = random_source.choice(TOWNS)
        first, second = random_source.sample(list(GOODS), 2)
        n1, n2 = random_source.choice(list(NUMBERS)), random_source.choice(list(NUMBERS))
        line = f"{town.upper()}/{NUMBERS[n1]} {GOODS[first]}/{NUMBERS[n2]} {GOODS[second]}"
        if line not in seen:
            seen.add(line)
            text = random_source.choice(SENTENCES).format(n1=n1, g1=first, n2=n2, g2=second, town=town)
            return {"order": text[0].upper() + text[1:], "line": line}


def write(folder: Path) -> None:
    """Write the three files into `folder`."""
    write_splits(folder, rows_by_split())


if __name__ == "__main__":
    write(Path(__file__).parent)
