"""Twenty kinds of leak and conflict, planted in clean tasks of 1,000 rows, five rows a kind."""

from checked_tasks import LABELS, facts, tickets

from harness.checking import examine, read_material

ACCENTED = str.maketrans({"a": "á", "e": "é", "o": "ö", "u": "ü"})
SLANG = ("Hello team,", "Hi,", "Good evening,", "Dear all,", "Hey,")
# The question of FRAMES[n] in entirely other words, as a person might put it.
REWORDED = "Something is off with what I have here: {0} and {1} get in each other's way and I am stuck."


def _copies(change, split="train", source="test", make=tickets):
    """Plant changed copies of five rows, with their answers."""
    task = make()
    places = []
    for place, row in task.some(source):
        copy = task.add(split, input=change(row["input"], task.random), target=row["target"])
        places.append({place, copy})
    return task, places


def _slip(text, rng):
    """Swap two letters inside the two longest words."""
    words = text.split()
    for at in sorted(range(len(words)), key=lambda n: len(words[n]))[-2:]:
        word = words[at]
        words[at] = word[:2] + word[3] + word[2] + word[4:]
    return " ".join(words)


def _shuffled(text, rng):
    words = text.split()
    return " ".join(rng.sample(words, len(words)))


def _one_word_less(text, rng):
    words = text.split()
    del words[rng.randrange(2, len(words) - 2)]
    return " ".join(words)


def _in_greetings(text, rng):
    return f"{rng.choice(SLANG)} {text} Many thanks in advance and have a nice day, Tom"


def _inside_a_longer_one(text, rng):
    return f"Worked exercises of last week, with comments by the teacher. {text} " + "Discuss at length. " * 20


def _reworded(text, rng):
    return REWORDED.format(*rng.sample(text.rstrip("?.").split(), 2))


def exact_copy_in_train():
    return _copies(lambda text, rng: text)


def copy_in_other_case_and_spacing():
    return _copies(lambda text, rng: "  ".join(text.upper().split()))


def copy_without_punctuation():
    return _copies(lambda text, rng: "".join(c for c in text if c.isalnum() or c == " "))


def copy_with_accents():
    return _copies(lambda text, rng: text.translate(ACCENTED))


def copy_with_slips():
    return _copies(_slip)


def copy_without_one_word():
    return _copies(_one_word_less)


def copy_in_another_order():
    return _copies(_shuffled)


def copy_with_greeting_and_thanks():
    return _copies(_in_greetings)


def question_inside_a_longer_training_input():
    return _copies(_inside_a_longer_one)


def test_row_in_dev():
    return _copies(lambda text, rng: text, split="dev")


def dev_row_in_train():
    return _copies(_slip, source="dev")


def copy_in_other_words():
    return _copies(_reworded)


def preference_that_asks_a_test_question():
    task = tickets()
    task.rows["preferences"] = []
    places = []
    for place, row in task.some("test"):
        asked = task.add("preferences", prompt=row["input"].upper(), chosen=row["target"], rejected="I do not know")
        places.append({place, asked})
    return task, places


def test_question_solved_in_the_system_prompt():
    task = tickets()
    solved = task.some("test")
    task.prompt["system"] = "Answer.\n" + "\n".join(f"{row['input']} -> {row['target']}" for _, row in solved)
    return task, [{place} for place, _ in solved]


def test_answer_given_away_by_a_training_question():
    task = facts()
    places = []
    for place, row in task.some("test"):
        text = f"Somebody once said to me: {row['target']} Is that so?"
        places.append({place, task.add("train", input=text, target="Yes, that is so.")})
    return task, places


def group_on_both_sides():
    task = tickets()
    places = []
    for number, (held, learnt) in enumerate(zip(task.some("test"), task.some("train"), strict=True)):
        held[1]["group"] = learnt[1]["group"] = f"customer {number}"
        places.append({held[0], learnt[0]})
    return task, places


def test_question_with_its_answer_in_a_document():
    task = facts()
    held = task.some("test")
    page = "\n\n".join(f"{row['input']}\n{row['target']}" for _, row in held)
    task.documents = {"faq.md": page, "other.md": "Nothing of interest."}
    return task, [{place} for place, _ in held]


def answer_marked_in_its_own_question():
    task = tickets()
    rows = task.some("test")
    for _, row in rows:
        row["input"] += f" (label: {row['target']})"
    return task, [{place} for place, _ in rows]


def one_input_with_two_labels():
    task = tickets()
    places = []
    for place, row in task.some("train"):
        other = next(label for label in LABELS if label != row["target"])
        places.append({place, task.add("train", input=row["input"], target=other)})
    return task, places


def nearly_one_input_with_two_labels():
    task = tickets()
    places = []
    for place, row in task.some("train"):
        other = next(label for label in LABELS if label != row["target"])
        places.append({place, task.add("train", input=_slip(row["input"], task.random), target=other)})
    return task, places


PLANTS = (
    exact_copy_in_train,
    copy_in_other_case_and_spacing,
    copy_without_punctuation,
    copy_with_accents,
    copy_with_slips,
    copy_without_one_word,
    copy_in_another_order,
    copy_with_greeting_and_thanks,
    copy_in_other_words,
    question_inside_a_longer_training_input,
    test_row_in_dev,
    dev_row_in_train,
    preference_that_asks_a_test_question,
    test_question_solved_in_the_system_prompt,
    test_answer_given_away_by_a_training_question,
    group_on_both_sides,
    test_question_with_its_answer_in_a_document,
    answer_marked_in_its_own_question,
    one_input_with_two_labels,
    nearly_one_input_with_two_labels,
)
# Word overlap cannot see a question in entirely other words.
UNSEEN = {copy_in_other_words}


def _named(report):
    """The rows of every case, those of notes on a whole split left out."""
    return [
        {(place.split, place.number) for place in hit.rows if place.number}
        for finding in report.findings
        for hit in finding.hits
    ]


def found_rows(plant, folder):
    """Whether each planted case is named, and which other rows are."""
    task, planted = plant()
    report = examine(read_material(task.write(folder)))
    named = _named(report)
    is_found = [any(case <= rows for rows in named) for case in planted]
    others = set().union(*named) - set().union(*planted) if named else set()
    return is_found, others
