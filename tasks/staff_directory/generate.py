"""Writes documents.jsonl and the three splits of this folder; the same seed gives the same bytes.

Run it with `python -m tasks.staff_directory.generate`. Every person of an invented firm has a family name
and a telephone extension of their own, and one card in the directory. Each person is asked about once, in
one split, so what is learnt about those in train says nothing about those in test.
"""

import random
from pathlib import Path

from tasks.rows import Row, write_jsonl, write_splits

SEED = 32
ROWS = {"train": 60, "dev": 40, "test": 200}

FIRST_NAMES = (
    "Marta", "Owen", "Priya", "Jonas", "Aylin", "Tom", "Chloe", "Deniz", "Ines", "Pavel", "Ruth", "Samir",
    "Greta", "Hugo", "Leila", "Niko", "Olga", "Pedro", "Rosa", "Sven", "Tara", "Viktor", "Wanda", "Yusuf",
)  # fmt: skip
ONSETS = (
    "Ald", "Bar", "Birch", "Brom", "Cald", "Chand", "Crom", "Dal", "Dor", "Elm", "Fen", "Frost", "Gard",
    "Glen", "Grim", "Hal", "Hazel", "Holm", "Ivar", "Jas", "Kestr", "King", "Lamb", "Lind", "Loch", "Mar",
    "Mill", "Nor", "Oak", "Orm", "Pel", "Quill", "Raven", "Ros", "Salt", "Stern", "Thorn", "Ulv", "Wes",
    "Yar",
)  # fmt: skip
ENDINGS = (
    "berg", "borough", "bridge", "brook", "bury", "by", "cliff", "combe", "cott", "dale", "den", "field",
    "ford", "gate", "grove", "ham", "hurst", "land", "ley", "low", "lund", "man", "mere", "more", "ness",
    "nova", "quist", "ridge", "rick", "shaw", "stad", "stone", "thorpe", "ton", "vale", "water", "well",
    "wick", "wood", "worth",
)  # fmt: skip
DEPARTMENTS = (
    "purchasing",
    "accounts",
    "design",
    "quality control",
    "the warehouse",
    "sales",
    "training",
    "legal affairs",
)
OFFICES = ("Leeds", "Cork", "Utrecht", "Graz", "Porto", "Malmo", "Turin")
QUESTIONS = (
    "What is the telephone extension of {name}?",
    "Which extension do I dial to reach {name}?",
    "I need to call {name}. What is the extension?",
    "On which extension can {name} be reached?",
)


def everything() -> tuple[list[Row], dict[str, list[Row]]]:
    """Return the directory's cards, and the rows of each split."""
    random_source = random.Random(SEED)
    count = sum(ROWS.values())
    families = random_source.sample([onset + ending for onset in ONSETS for ending in ENDINGS], count)
    extensions = random_source.sample(range(1_000, 10_000), count)
    cards: list[Row] = []
    rows: list[Row] = []
    for family, extension in zip(families, extensions, strict=True):
        name = f"{random_source.choice(FIRST_NAMES)} {family}"
        card = f"{name} works in {random_source.choice(DEPARTMENTS)} at the {random_source.choice(OFFICES)} office. "
        cards.append(
            {"id": f"card-{family.lower()}", "text": f"{card}The telephone extension of {name} is {extension}."}
        )
        question = random_source.choice(QUESTIONS).format(name=name)
        rows.append({"question": question, "extension": str(extension), "card": f"card-{family.lower()}"})
    splits: dict[str, list[Row]] = {}
    for split, size in ROWS.items():
        part, rows = rows[:size], rows[size:]
        splits[split] = [{"id": f"{split}-{index:03d}", **row} for index, row in enumerate(part, start=1)]
    return sorted(cards, key=lambda card: card["id"]), splits


def write(folder: Path) -> None:
    """Write the directory and the three splits into `folder`."""
    cards, splits = everything()
    write_jsonl(folder / "documents.jsonl", cards)
    write_splits(folder, splits)


if __name__ == "__main__":
    write(Path(__file__).parent)
