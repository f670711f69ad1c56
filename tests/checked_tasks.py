"""Clean generated tasks of 1,000 rows, to plant faults in and to count false flags on."""

import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SIZES = {"train": 700, "dev": 100, "test": 200}
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"
FRAMES = (
    "Why does the {a} {v} whenever I put the {b} beside the {c}?",
    "My {a} began to {v} after we moved the {b} into the {c}.",
    "Can somebody tell me how a {a} can {v} the {b} without its {c}?",
    "Since yesterday our {a} will not {v}, although the {b} and the {c} are new.",
    "I ordered a {a} with a {b}, but a {c} came that I cannot {v}.",
    "Please explain when the {a} has to {v} and whether the {b} needs a {c}.",
    "The manual of the {a} says to {v} the {b}; there is no {c} anywhere.",
    "Two of my {a} units {v} at once as soon as the {b} reaches the {c}.",
)
LABELS = ("billing", "repair", "delivery", "beans")


@dataclass
class Task:
    """Rows by split and the settings that are not the default."""

    rows: dict[str, list[dict[str, Any]]]
    random: random.Random
    prompt: dict[str, str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)

    def add(self, split: str, **row: Any) -> tuple[str, int]:
        """Append a row and return its place."""
        number = len(self.rows[split]) + 1
        self.rows[split].append({"id": f"{split}-{number}", **row})
        return (split, number)

    def some(self, split: str, count: int = 5) -> list[tuple[tuple[str, int], dict[str, Any]]]:
        """Draw rows with their places."""
        numbers = self.random.sample(range(len(self.rows[split])), count)
        return [((split, number + 1), self.rows[split][number]) for number in numbers]

    def write(self, folder: Path) -> Path:
        """Write the task folder and return its task file."""
        settings: dict[str, Any] = {"version": 1, "name": "generated", "arms": ["zero_shot"], "prompt": self.prompt}
        settings["data"] = {split: f"{split}.jsonl" for split in self.rows}
        for split, rows in self.rows.items():
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (folder / f"{split}.jsonl").write_text(text, encoding="utf-8")
        if self.documents:
            settings["data"]["documents"] = "documents"
            (folder / "documents").mkdir()
            for name, text in self.documents.items():
                (folder / "documents" / name).write_text(text, encoding="utf-8")
        file = folder / "task.yaml"
        file.write_text(json.dumps(settings))  # JSON is YAML
        return file


def words(rng: random.Random, count: int) -> list[str]:
    """Make up distinct words of two to four syllables."""
    made: dict[str, None] = {}
    while len(made) < count:
        made["".join(rng.choice(CONSONANTS) + rng.choice(VOWELS) for _ in range(rng.randint(2, 4)))] = None
    return list(made)


def tickets(seed: int = 0) -> Task:
    """Labelled messages: eight frames, four slots, no slot combination twice."""
    rng = random.Random(seed)
    nouns, verbs = words(rng, 400), words(rng, 150)

    def message() -> str:
        a, b, c = rng.sample(nouns, 3)
        return rng.choice(FRAMES).format(a=a, b=b, c=c, v=rng.choice(verbs))

    return _filled(rng, message, lambda: rng.choice(LABELS))


def facts(seed: int = 0) -> Task:
    """Short questions that differ in one name, with sentences as answers."""
    rng = random.Random(seed)
    things, vocabulary = words(rng, 50), words(rng, 600)
    asked = [f"What is the {name} of {thing}?" for name in words(rng, 40) for thing in things]
    rng.shuffle(asked)
    return _filled(rng, asked.pop, lambda: "It is " + " ".join(rng.sample(vocabulary, 8)) + ".")


def sums(seed: int = 0) -> Task:
    """Arithmetic: questions alike but for their numbers, and answers that come again."""
    rng = random.Random(seed)
    pairs = [(a, b) for a in range(10, 100) for b in range(a, 100)]
    rng.shuffle(pairs)
    signs = (("+", lambda a, b: a + b), ("-", lambda a, b: a - b))
    rows: dict[str, list[dict[str, Any]]] = {}
    for split, size in SIZES.items():
        rows[split] = []
        for number in range(1, size + 1):
            (a, b), (sign, value) = pairs.pop(), rng.choice(signs)
            row = {"id": f"{split}-{number}", "input": f"What is {a} {sign} {b}?", "target": str(value(a, b))}
            rows[split].append(row)
    return Task(rows, rng)


def _filled(rng: random.Random, question: Any, answer: Any) -> Task:
    rows = {
        split: [{"id": f"{split}-{n}", "input": question(), "target": answer()} for n in range(1, size + 1)]
        for split, size in SIZES.items()
    }
    return Task(rows, rng)
