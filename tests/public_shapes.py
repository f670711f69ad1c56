# ruff: noqa: E501
"""Columns of well-known public data sets, with three invented rows each, and what `harness init` should make of them.

The columns are those that each set's public documentation names; the rows are ours. '#' stands for a word and N for a
number that differ from row to row, so that three rows can be repeated.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.checking import examine, read_material
from harness.drafting import InDoubt, draft_task
from harness.errors import TaskFileError
from harness.task import load_task

SYLLABLES = "ka lo mi ru te po sa ni ve du".split()
WORDS = [a + b + c for a in SYLLABLES for b in SYLLABLES for c in SYLLABLES]
ROWS = 120
N = "<N>"


@dataclass(frozen=True)
class Right:
    """What a right task says of the first row."""

    asks: tuple[str, ...]  # texts that stand in the question
    answer: str
    metric: str
    preferences: bool = False
    feedback: bool = False


@dataclass(frozen=True)
class Shape:
    """One data set."""

    name: str
    rows: Sequence[dict[str, Any]]
    expected: Right | str  # or 'asked --target', 'asked --input', or words of the refusal


def varied(value: Any, number: int) -> Any:
    if isinstance(value, str):
        return number if value == N else "####".join(part.replace("#", WORDS[number]) for part in value.split("####"))
    if isinstance(value, list):
        return [varied(one, number) for one in value]
    if isinstance(value, dict):
        return {key: varied(one, number) for key, one in value.items()}
    return value


def records(shape: Shape) -> list[dict[str, Any]]:
    rows = max(ROWS, 6 * len(shape.rows))  # a closed set has some rows of each label
    return [varied(shape.rows[number % len(shape.rows)], number) for number in range(rows)]


def result_of(shape: Shape, folder: Path) -> tuple[str, str]:
    """Return 'right', 'asked', 'refused' or 'wrong', and what was said or made."""
    source = folder / "rows.jsonl"
    source.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in records(shape)), encoding="utf-8")
    try:
        draft_task(source, folder / "out")
    except InDoubt as doubt:
        said = f"asked {doubt.flag}"
        return ("asked" if shape.expected == said else "wrong"), f"{doubt.flag}: {', '.join(doubt.columns)}"
    except TaskFileError as fault:
        is_well = isinstance(shape.expected, str) and shape.expected in str(fault)
        return ("refused" if is_well else "wrong"), fault.faults[0]
    return _judged(shape, folder / "out" / "task.yaml")


def _judged(shape: Shape, path: Path) -> tuple[str, str]:
    task = load_task(path)
    items = [*task.study.train, *task.study.dev, *task.test]
    made = f"{task.primary_metric}: '{items[0].question.text[:80]}' -> '{items[0].target[:40]}'"
    wanted = shape.expected
    if isinstance(wanted, str):
        return "wrong", made
    for number in range(0, ROWS, len(shape.rows)):
        asks = [varied(text, number) for text in wanted.asks]
        answer = str(varied(wanted.answer, number))
        found = [item for item in items if all(any(ask in turn.content for turn in item.messages) for ask in asks)]
        if answer not in [item.target for item in found]:
            return "wrong", made
    is_right = task.primary_metric == wanted.metric
    report = examine(read_material(path))
    if report.exit_code:
        return "wrong", f"check: {report.faults or [found.title for found in report.findings]}"
    is_right &= bool(task.study.preferences) == wanted.preferences and bool(task.study.feedback) == wanted.feedback
    return ("right" if is_right else "wrong"), made


def q(*rows: Sequence[Any], names: str) -> list[dict[str, Any]]:
    """Rows by the names of their columns."""
    return [dict(zip(names.split(), row, strict=True)) for row in rows]


def _said(*texts: str, who: tuple[str, str] = ("human", "gpt"), keys: tuple[str, str] = ("from", "value")) -> Any:
    return [{keys[0]: who[at % 2], keys[1]: text} for at, text in enumerate(texts)]


def _messages(*texts: str) -> Any:
    return _said(*texts, who=("user", "assistant"), keys=("role", "content"))


ASK_T, ASK_I = "asked --target", "asked --input"
NESTED = "write the answer you want into a column 'target'"
RANKED = "write a better and a worse one into columns 'chosen' and 'rejected'"
POEM = "Write a poem on the # in four lines."
VERSE = "The # is old, the # is grey, it sleeps all night and hums all day."
FILM = "A warm film about # that never drags."
DULL = "A dull film about # that never ends."
NEWS = "The council of # voted on Monday to close the old bridge, residents said, after years of debate."
CASE = "The # was seen near the harbour in the evening by two of the guards."

SHAPES = [
    # mathematics
    Shape(
        "GSM8K",
        q(
            ("Ann of # has 3 pens and buys 4. How many has she?", "3 + 4 = <<3+4=7>>7 for #\n#### 7"),
            ("Ben of # has 9 cups and breaks 4. How many are left?", "9 - 4 = <<9-4=5>>5 for #\n#### 5"),
            ("Cy of # packs 6 boxes of 2. How many things?", "6 * 2 = <<6*2=12>>12 for #\n#### 12"),
            names="question answer",
        ),
        Right(("Ann of # has",), "3 + 4 = <<3+4=7>>7 for #\n#### 7", "number"),
    ),
    Shape(
        "MATH",
        q(
            ("What is $2+#$?", "Level 1", "Algebra", "Adding gives $\\boxed{2+#}$."),
            ("Find # in $x=3#$.", "Level 3", "Geometry", "So it is $\\boxed{3#}$."),
            ("How many # are in a dozen?", "Level 2", "Counting", "There are $\\boxed{12}$ of #."),
            names="problem level type solution",
        ),
        Right(("What is $2+#$?",), "Adding gives $\\boxed{2+#}$.", "exact_match"),
    ),
    Shape(
        "SVAMP",
        q(
            ("a1-#", "Tom of # had 8 pears. He ate 3.", "How many are left?", "( 8 - 3 )", "5", "Subtraction"),
            ("a2-#", "Eva of # has 2 dogs and 5 cats.", "How many animals?", "( 2 + 5 )", "7", "Addition"),
            ("a3-#", "Each of 4 boys of # has 3 pens.", "How many pens?", "( 4 * 3 )", "12", "Multiplication"),
            names="ID Body Question Equation Answer Type",
        ),
        Right(("Tom of # had 8 pears", "How many are left?"), "5", "number"),
    ),
    Shape(
        "MetaMathQA",
        q(
            ("GSM_A", "What is 3 plus 4 for #?", "What is 3 plus 4 for #? Say it.", "It is 7 for #. The answer is: 7"),
            ("GSM_B", "What is 9 less 4 for #?", "What is 9 less 4 for #? Say it.", "It is 5 for #. The answer is: 5"),
            ("MATH_A", "What is 2 by 6 for #?", "What is 2 by 6 for #? Say it.", "It is 12 for #. The answer is: 12"),
            names="type original_question query response",
        ),
        Right(("What is 3 plus 4 for #? Say it.",), "It is 7 for #. The answer is: 7", "number"),
    ),
    Shape(
        "AQuA-RAT",
        q(
            ("A train of # goes 60 km in 2 h. Speed?", ["A)20", "B)30", "C)40", "D)50", "E)60"], "60/2=30", "B"),
            ("A car of # goes 80 km in 4 h. Speed?", ["A)20", "B)30", "C)40", "D)50", "E)60"], "80/4=20", "A"),
            ("A bus of # goes 90 km in 3 h. Speed?", ["A)45", "B)35", "C)40", "D)30", "E)60"], "90/3=30", "D"),
            names="question options rationale correct",
        ),
        Right(("A train of # goes", "A. 20\nB. 30"), "B", "choice"),
    ),
    # choices
    Shape(
        "MMLU",
        q(
            ("Which # barks?", "zoology", ["dog", "cat", "cow", "hen"], 0),
            ("Which # moos?", "zoology", ["dog", "cat", "cow", "hen"], 2),
            ("Which # lays eggs?", "farming", ["dog", "cat", "cow", "hen"], 3),
            names="question subject choices answer",
        ),
        Right(("Which # barks?", "A. dog\nB. cat\nC. cow\nD. hen"), "A", "choice"),
    ),
    Shape(
        "MedMCQA",
        q(
            ("m1-#", "Which # is a bone?", "femur", "liver", "lung", "skin", 0, "single", "It is hard #.", "Anatomy", "Leg"),
            ("m2-#", "Which # breathes?", "femur", "liver", "lung", "skin", 2, "single", "It has air #.", "Anatomy", "Chest"),
            ("m3-#", "Which # covers?", "femur", "liver", "lung", "skin", 3, "multi", "It is outside #.", "Anatomy", None),
            names="id question opa opb opc opd cop choice_type exp subject_name topic_name",
        ),
        Right(("Which # is a bone?", "A. femur\nB. liver"), "A", "choice"),
    ),
    Shape(
        "ARC",
        q(
            ("a-#", "Which # melts?", {"text": ["ice", "rock", "sand"], "label": ["A", "B", "C"]}, "A"),
            ("b-#", "Which # burns?", {"text": ["ice", "wood", "sand"], "label": ["A", "B", "C"]}, "B"),
            ("c-#", "Which # flows?", {"text": ["ice", "rock", "water"], "label": ["1", "2", "3"]}, "3"),
            names="id question choices answerKey",
        ),
        Right(("Which # melts?", "A. ice\nB. rock\nC. sand"), "A", "choice"),
    ),
    Shape(
        "OpenBookQA",
        q(
            ("a-#", "The # can swim", {"text": ["fish", "cat"], "label": ["A", "B"]}, "A"),
            ("b-#", "The # can purr", {"text": ["fish", "cat"], "label": ["A", "B"]}, "B"),
            ("c-#", "The # can bark", {"text": ["dog", "cat"], "label": ["A", "B"]}, "A"),
            names="id question_stem choices answerKey",
        ),
        Right(("The # can swim", "A. fish\nB. cat"), "A", "choice"),
    ),
    Shape(
        "CommonsenseQA",
        q(
            ("a#", "Where is the # kept?", "kitchen", {"label": ["A", "B"], "text": ["shelf", "sea"]}, "A"),
            ("b#", "Where does the # swim?", "fish", {"label": ["A", "B"], "text": ["shelf", "sea"]}, "B"),
            ("c#", "Where does the # sleep?", "bed", {"label": ["A", "B"], "text": ["bed", "sea"]}, "A"),
            names="id question question_concept choices answerKey",
        ),
        Right(("Where is the # kept?", "A. shelf\nB. sea"), "A", "choice"),
    ),
    Shape(
        "HellaSwag",
        q(
            (N, "Baking", "A man of # stirs.", "he", "A man of # stirs. he", ["bakes it", "flies off"], "v-#", "train", "indomain", "0"),
            (N, "Diving", "A girl of # jumps.", "she", "A girl of # jumps. she", ["melts", "swims on"], "v-#", "train", "indomain", "1"),
            (N, "Diving", "A boy of # jumps.", "he", "A boy of # jumps. he", ["swims on", "melts"], "v-#", "train", "zeroshot", "0"),
            names="ind activity_label ctx_a ctx_b ctx endings source_id split split_type label",
        ),
        ASK_I,
    ),
    Shape(
        "WinoGrande",
        q(
            ("The # did not fit the box as _ was big.", "trophy", "box", "1"),
            ("The # did not fit the box as _ was small.", "trophy", "box", "2"),
            ("The # sank as _ was heavy.", "stone", "river", "1"),
            names="sentence option1 option2 answer",
        ),
        Right(("The # did not fit the box as _ was big.", "A. trophy\nB. box"), "A", "choice"),
    ),
    Shape(
        "PIQA",
        q(
            ("To open the # jar,", "twist the lid", "kick the lid", 0),
            ("To dry the # shirt,", "wet it again", "hang it up", 1),
            ("To warm the # soup,", "heat it", "freeze it", 0),
            names="goal sol1 sol2 label",
        ),
        Right(("To open the # jar,", "A. twist the lid\nB. kick the lid"), "A", "choice"),
    ),
    Shape(
        "SocialIQA",
        q(
            ("Ann of # lost a key.", "How does she feel?", "sad", "glad", "tall", "1"),
            ("Ben of # won a cup.", "How does he feel?", "sad", "glad", "tall", "2"),
            ("Cy of # lost a dog.", "How does he feel?", "sad", "glad", "wet", "1"),
            names="context question answerA answerB answerC label",
        ),
        Right(("Ann of # lost a key.", "How does she feel?", "A. sad\nB. glad"), "A", "choice"),
    ),
    Shape(
        "RACE",
        q(
            ("h1-#", "The market of # opens at six each day.", "B", "When does it open?", ["five", "six", "ten", "two"]),
            ("h2-#", "The school of # closes at ten each day.", "C", "When does it close?", ["five", "six", "ten", "two"]),
            ("h3-#", "The bank of # opens at five each day.", "A", "When does it open?", ["five", "six", "ten", "two"]),
            names="example_id article answer question options",
        ),
        Right(("The market of # opens", "When does it open?", "B. six"), "B", "choice"),
    ),
    Shape(
        "CosmosQA",
        q(
            ("c1-#", "I left # in the rain today again.", "What may be true?", "I got wet", "I ate", "I flew", "None", 0),
            ("c2-#", "I cooked for # the whole day long.", "What may be true?", "I swam", "I ate", "I flew", "None", 1),
            ("c3-#", "I took the plane to # this morning.", "What may be true?", "I got wet", "I ate", "I flew", "None", 2),
            names="id context question answer0 answer1 answer2 answer3 label",
        ),
        Right(("I left # in the rain", "What may be true?", "A. I got wet\nB. I ate"), "A", "choice"),
    ),
    Shape(
        "LogiQA",
        q(
            ("All # are tall and some are old.", "What follows?", ["some tall", "no tall", "all old", "none"], 0),
            ("No # are tall and some are old.", "What follows?", ["some tall", "no tall", "all old", "none"], 1),
            ("All # are old and none is tall.", "What follows?", ["some tall", "no old", "all old", "none"], 2),
            names="context query options correct_option",
        ),
        Right(("All # are tall", "What follows?", "A. some tall"), "A", "choice"),
    ),
    Shape(
        "SciQ",
        q(
            ("What gas do # breathe?", "iron", "salt", "gold", "oxygen #", "Animals such as # breathe it all day."),
            ("What do # drink?", "iron", "salt", "gold", "water #", "Animals such as # drink it all day."),
            ("What do # eat?", "iron", "salt", "gold", "grass #", "Animals such as # eat it all day."),
            names="question distractor3 distractor1 distractor2 correct_answer support",
        ),
        Right(("Animals such as # breathe it", "What gas do # breathe?"), "oxygen #", "exact_match"),
    ),
    Shape(
        "TruthfulQA (generation)",
        q(
            ("Adversarial", "Myths", "Do # bite?", "No, # never bite.", ["No"], ["Yes"], "https://example.org/#"),
            ("Adversarial", "Law", "May # vote?", "Yes, # may vote.", ["Yes"], ["No"], "https://example.org/#"),
            ("Adversarial", "Law", "Do # pay tax?", "Yes, # pay tax.", ["Yes"], ["No"], "https://example.org/#"),
            names="type category question best_answer correct_answers incorrect_answers source",
        ),
        Right(("Do # bite?",), "No, # never bite.", "exact_match"),
    ),
    Shape(
        "TruthfulQA (multiple choice)",
        q(
            ("Do # bite?", {"choices": ["No", "Yes"], "labels": [1, 0]}, {"choices": ["No", "Yes"], "labels": [1, 0]}),
            ("May # vote?", {"choices": ["Yes", "No"], "labels": [1, 0]}, {"choices": ["Yes", "No"], "labels": [1, 0]}),
            ("Do # fly?", {"choices": ["No", "Yes"], "labels": [1, 0]}, {"choices": ["No", "Yes"], "labels": [1, 0]}),
            names="question mc1_targets mc2_targets",
        ),
        NESTED,
    ),
    Shape(
        "COPA",
        q(
            ("The # fell off the table.", "It broke in two.", "It sang a song.", "effect", N, 0),
            ("The # was wet in the morning.", "It had burnt.", "It had rained.", "cause", N, 1),
            ("The # slept in the sun.", "It was tired then.", "It was on fire.", "cause", N, 0),
            names="premise choice1 choice2 question idx label",
        ),
        Right(("The # fell off the table.", "effect", "A. It broke in two.\nB. It sang"), "A", "choice"),
    ),
    Shape(
        "MMLU-Pro",
        q(
            (N, "Which # barks?", ["dog", "cat", "cow", "hen", "ox"], "A", 0, "Dogs bark.", "biology", "ori"),
            (N, "Which # moos?", ["dog", "cat", "cow", "hen", "ox"], "C", 2, "Cows moo.", "biology", "ori"),
            (N, "Which # clucks?", ["dog", "cat", "cow", "hen", "ox"], "D", 3, "Hens cluck.", "other", "stem"),
            names="question_id question options answer answer_index cot_content category src",
        ),
        Right(("Which # barks?", "A. dog\nB. cat\nC. cow"), "A", "choice"),
    ),
    Shape(
        "MedQA",
        q(
            ("Which # is a bone?", "femur", {"A": "femur", "B": "liver"}, "step1", "A"),
            ("Which # is soft?", "liver", {"A": "femur", "B": "liver"}, "step2", "B"),
            ("Which # holds air?", "lung", {"A": "lung", "B": "liver"}, "step1", "A"),
            names="question answer options meta_info answer_idx",
        ),
        Right(("Which # is a bone?", "A. femur\nB. liver"), "A", "choice"),
    ),
    Shape(
        "QuAIL",
        q(
            ("f1-#", "fiction", CASE, "Who saw the #?", "Character", ["guards", "cats", "kings"], 0),
            ("f2-#", "news", CASE, "Where was the #?", "Factual", ["inn", "harbour", "sea"], 1),
            ("f3-#", "fiction", CASE, "When was the #?", "Factual", ["morning", "noon", "evening"], 2),
            names="id domain context question question_type answers correct_answer_id",
        ),
        Right((CASE, "Who saw the #?", "A. guards\nB. cats"), "A", "choice"),
    ),
    # questions on texts
    Shape(
        "SQuAD",
        q(
            ("s1-#", "Town", CASE, "Where was the # seen?", {"text": ["the harbour of #", "near #"], "answer_start": [20, 9]}),
            ("s2-#", "Town", CASE, "Who saw the #?", {"text": ["two guards of #"], "answer_start": [40]}),
            ("s3-#", "Hall", CASE, "When was the # seen?", {"text": ["in the # evening"], "answer_start": [30]}),
            names="id title context question answers",
        ),
        Right((CASE, "Where was the # seen?"), "the harbour of #", "exact_match"),
    ),
    Shape(
        "BoolQ",
        q(
            ("is the # old", True, "The # was built long ago by the monks."),
            ("is the # new", False, "The # was built long ago by the monks."),
            ("is the # tall", True, "The # is the highest one in the town."),
            names="question answer passage",
        ),
        Right(("The # was built long ago", "is the # old"), "true", "label_accuracy"),
    ),
    Shape(
        "DROP",
        q(
            ("n1-#", "q1-#", CASE, "How many guards saw the #?", {"spans": ["two"], "types": ["number"]}),
            ("n2-#", "q2-#", CASE, "Where was the #?", {"spans": ["harbour"], "types": ["span"]}),
            ("n3-#", "q3-#", CASE, "When was the #?", {"spans": ["evening"], "types": ["span"]}),
            names="section_id query_id passage question answers_spans",
        ),
        NESTED,
    ),
    Shape(
        "CoQA",
        q(
            ("web", CASE, ["Who saw it?", "Where?"], {"input_text": ["guards", "harbour"], "answer_start": [3, 9]}),
            ("web", CASE, ["Who saw it?", "When?"], {"input_text": ["guards", "evening"], "answer_start": [3, 9]}),
            ("web", CASE, ["Where?", "When?"], {"input_text": ["harbour", "evening"], "answer_start": [3, 9]}),
            names="source story questions answers",
        ),
        NESTED,
    ),
    Shape(
        "HotpotQA",
        q(
            ("h1-#", "Who led #?", "Ann #", "bridge", "hard", {"title": ["#"], "sent_id": [0]}, {"title": ["#"], "sentences": [["Ann # led it."]]}),
            ("h2-#", "Who built #?", "Ben #", "bridge", "hard", {"title": ["#"], "sent_id": [0]}, {"title": ["#"], "sentences": [["Ben # built it."]]}),
            ("h3-#", "Who sold #?", "Cy #", "comparison", "easy", {"title": ["#"], "sent_id": [0]}, {"title": ["#"], "sentences": [["Cy # sold it."]]}),
            names="id question answer type level supporting_facts context",
        ),
        Right(("Ann # led it.", "Who led #?"), "Ann #", "exact_match"),
    ),
    Shape(
        "PubMedQA",
        q(
            (N, "Does # help the heart?", {"contexts": ["We gave # to ten."], "labels": ["METHODS"]}, "It helped all of them.", "yes"),
            (N, "Does # harm the heart?", {"contexts": ["We gave # to two."], "labels": ["METHODS"]}, "It harmed none of them.", "no"),
            (N, "Does # cure the cold?", {"contexts": ["We gave # to six."], "labels": ["METHODS"]}, "Nothing could be said.", "maybe"),
            names="pubid question context long_answer final_decision",
        ),
        Right(("We gave # to ten.", "Does # help the heart?"), "yes", "label_accuracy"),
    ),
    Shape(
        "FinQA",
        q(
            ("f1-#", ["Sales of # rose."], ["All figures in millions."], [["year", "sales"], ["2019", "11"]], "What were sales of #?", "11 of #", "table(1)"),
            ("f2-#", ["Costs of # rose."], ["All figures in millions."], [["year", "costs"], ["2019", "12"]], "What were costs of #?", "12 of #", "table(1)"),
            ("f3-#", ["Debt of # fell."], ["All figures in millions."], [["year", "debt"], ["2019", "13"]], "What was the debt of #?", "13 of #", "table(1)"),
            names="id pre_text post_text table question answer program",
        ),
        Right(("Sales of # rose.", "year | sales\n2019 | 11", "What were sales of #?"), "11 of #", "exact_match"),
    ),
    Shape(
        "Natural Questions (open)",
        q(
            ("who wrote #", ["Ann #", "A. #"]),
            ("who sang #", ["Ben #"]),
            ("who built #", ["Cy #", "Cyrus #"]),
            names="question answer",
        ),
        Right(("who wrote #",), "Ann #", "exact_match"),
    ),
    Shape(
        "TriviaQA",
        q(
            ("Who wrote #?", "t1-#", "example.org", {"value": "Ann #", "aliases": ["A #"]}),
            ("Who sang #?", "t2-#", "example.org", {"value": "Ben #", "aliases": ["B #"]}),
            ("Who built #?", "t3-#", "example.org", {"value": "Cy #", "aliases": ["C #"]}),
            names="question question_id question_source answer",
        ),
        ASK_T,
    ),
    Shape(
        "MultiRC",
        q(
            (CASE, "Who saw the #?", "two guards of #", {"paragraph": N, "question": 0, "answer": 0}, 1),
            (CASE, "Who saw the #?", "a cat of # alone", {"paragraph": N, "question": 0, "answer": 1}, 0),
            (CASE, "When was it, #?", "in the evening #", {"paragraph": N, "question": 1, "answer": 0}, 1),
            names="paragraph question answer idx label",
        ),
        ASK_T,
    ),
    Shape(
        "WikiQA",
        q(
            ("Q1-#", "how old is the # tower", "# Tower", "The # tower is old.", 1),
            ("Q2-#", "how tall is the # tower", "# Tower", "The # tower is red.", 0),
            ("Q3-#", "how far is the # tower", "# Tower", "The # tower is far.", 1),
            names="question_id question document_title answer label",
        ),
        ASK_T,
    ),
    # labels
    Shape(
        "banking77",
        [{"text": "My card # has not come yet", "label": f"card_{word}"} for word in WORDS[:77]],
        Right(("My card # has not come yet",), "card_kakaka", "label_accuracy"),
    ),
    Shape(
        "CLINC150",
        [{"text": "what is the weather in #", "intent": f"ask_{word}"} for word in WORDS[:150]],
        Right(("what is the weather in #",), "ask_kakaka", "label_accuracy"),
    ),
    Shape(
        "MASSIVE",
        q(
            (N, "en-US", "train", "alarm", "alarm_set", "wake me in # at nine", "wake me in # at [time : nine]", "1"),
            (N, "en-US", "train", "play", "play_music", "play me some # music now", "play me some # [kind : music] now", "2"),
            (N, "en-US", "train", "play", "play_radio", "put the # radio on now", "put the # [kind : radio] on now", "3"),
            names="id locale partition scenario intent utt annot_utt worker_id",
        ),
        Right(("wake me in # at nine",), "alarm_set", "label_accuracy"),
    ),
    Shape(
        "IMDB",
        q((FILM, 1), (DULL, 0), (f"Again: {FILM}", 1), names="text label"),
        Right((FILM,), "1", "label_accuracy"),
    ),
    Shape(
        "SST-2",
        q((N, FILM, 1), (N, DULL, 0), (N, f"Again: {FILM}", 1), names="idx sentence label"),
        Right((FILM,), "1", "label_accuracy"),
    ),
    Shape(
        "AG News",
        q((f"{NEWS} It rained.", 0), (f"{NEWS} Shares fell.", 2), (f"{NEWS} They won.", 1), names="text label"),
        Right((NEWS,), "0", "label_accuracy"),
    ),
    Shape(
        "DBpedia14",
        q(
            (0, "The old # company of the north", "It makes ships of # and sells them."),
            (1, "The new # school of the south", "It teaches the # of the sea."),
            (2, "The great # singer of the west", "She sang of # in many towns."),
            names="label title content",
        ),
        Right(("The old # company", "It makes ships of #"), "0", "label_accuracy"),
    ),
    Shape(
        "TREC",
        q(
            ("What is the # made of?", 1, 3),
            ("Who was the # of it all?", 2, 8),
            ("Where does the # come from?", 1, 9),
            names="text coarse_label fine_label",
        ),
        ASK_T,
    ),
    Shape(
        "tweet_eval",
        q(("so glad about # today", 2), ("so sad about # today", 0), ("it is # today again", 1), names="text label"),
        Right(("so glad about # today",), "2", "label_accuracy"),
    ),
    Shape(
        "20 Newsgroups",
        q(
            ("My # motor does not start at all", 0, "autos"),
            ("The # probe has left the orbit", 1, "space"),
            ("My # mouse does not click any more", 2, "hardware"),
            names="text label label_text",
        ),
        Right(("My # motor does not start",), "autos", "label_accuracy"),
    ),
    Shape(
        "GoEmotions",
        q(
            ("So glad that # won, well done", ["joy", "admiration"], "g1-#"),
            ("I miss # so much these days", ["sadness"], "g2-#"),
            ("How dare # say that to you", ["anger", "surprise"], "g3-#"),
            names="text labels id",
        ),
        Right(("So glad that # won",), "joy, admiration", "label_set"),
    ),
    Shape(
        "GoEmotions (raw)",
        q(
            ("So glad that # won, well done", "g1-#", "ann", 1, 0, 0, 0),
            ("I miss # so much these days", "g2-#", "ben", 0, 1, 0, 1),
            ("How dare # say that to you", "g3-#", "cy", 0, 0, 1, 1),
            names="text id author joy sadness anger surprise",
        ),
        ASK_T,
    ),
    Shape(
        "Jigsaw toxic comments",
        q(
            ("j1-#", "Thank you for # and the rest", 0, 0, 0),
            ("j2-#", "You are a # and worse than that", 1, 0, 1),
            ("j3-#", "Go away # or I will find you", 1, 1, 0),
            names="id comment_text toxic threat insult",
        ),
        ASK_T,
    ),
    Shape(
        "Amazon reviews (multilingual)",
        q(
            ("en_1#", "p1", "u1-#", 5, "The # works very well for me.", "Works well", "en", "wireless"),
            ("en_2#", "p2", "u2-#", 1, "The # broke after a single day.", "Broke fast", "en", "kitchen"),
            ("en_3#", "p3", "u3-#", 3, "The # is neither good nor bad.", "So so", "en", "toy"),
            names="review_id product_id reviewer_id stars review_body review_title language product_category",
        ),
        Right(("The # works very well for me.",), "5", "label_accuracy"),
    ),
    Shape(
        "Yelp reviews",
        q((4, FILM), (0, DULL), (2, f"Again: {FILM}"), names="label text"),
        Right((FILM,), "4", "label_accuracy"),
    ),
    Shape(
        "language identification",
        q(("en", f"the {CASE}"), ("de", "der # steht am Hafen und wartet"), ("fr", "le # est au port ce soir"), names="labels text"),
        Right((f"the {CASE}",), "en", "label_accuracy"),
    ),
    Shape(
        "Sentiment140",
        q(
            ("so glad about # today", "Mon May 11", "ann", 4, "NO_QUERY"),
            ("so sad about # today", "Mon May 11", "ben", 0, "NO_QUERY"),
            ("it is # today again", "Mon May 11", "cy", 4, "NO_QUERY"),
            names="text date user sentiment query",
        ),
        Right(("so glad about # today",), "4", "label_accuracy"),
    ),
    Shape(
        "financial phrasebank",
        q(("Sales of # rose by ten per cent", 2), ("Sales of # fell by ten per cent", 0), ("Sales of # stayed the same", 1), names="sentence label"),
        Right(("Sales of # rose",), "2", "label_accuracy"),
    ),
    # pairs
    Shape(
        "SNLI",
        q(
            ("A man of # plays the flute.", "A man makes music #.", 0),
            ("A dog of # runs in the park.", "A cat sleeps #.", 2),
            ("A girl of # eats a red apple.", "She is hungry #.", 1),
            names="premise hypothesis label",
        ),
        Right(("A man of # plays the flute.", "A man makes music #."), "0", "label_accuracy"),
    ),
    Shape(
        "e-SNLI",
        q(
            ("A man of # plays the flute.", "A man makes music #.", 0, "A flute makes music for #.", "", ""),
            ("A dog of # runs in the park.", "A cat sleeps #.", 2, "A dog is no cat of # at all.", "", ""),
            ("A girl of # eats a red apple.", "She is hungry #.", 1, "Who eats may be hungry #.", "", ""),
            names="premise hypothesis label explanation_1 explanation_2 explanation_3",
        ),
        Right(("A man of # plays the flute.", "A man makes music #."), "0", "label_accuracy"),
    ),
    Shape(
        "ANLI",
        q(
            ("u1-#", "A man of # plays the flute.", "A man makes music #.", 0, "A flute makes music."),
            ("u2-#", "A dog of # runs in the park.", "A cat sleeps #.", 2, "A dog is no cat at all."),
            ("u3-#", "A girl of # eats a red apple.", "She is hungry #.", 1, ""),
            names="uid premise hypothesis label reason",
        ),
        Right(("A man of # plays the flute.", "A man makes music #."), "0", "label_accuracy"),
    ),
    Shape(
        "MRPC",
        q(
            ("The bank of # closed today.", "Today the bank of # shut.", 1, N),
            ("The shop of # opened today.", "The sea of # is blue.", 0, N),
            ("The king of # spoke today.", "Today the king of # talked.", 1, N),
            names="sentence1 sentence2 label idx",
        ),
        Right(("The bank of # closed today.", "Today the bank of # shut."), "1", "label_accuracy"),
    ),
    Shape(
        "QQP",
        q(
            ("How do I clean my #?", "How is a # cleaned?", 1, N),
            ("How do I cook my #?", "Where is the # sold?", 0, N),
            ("How do I sell my #?", "How is a # sold?", 1, N),
            names="question1 question2 label idx",
        ),
        Right(("How do I clean my #?", "How is a # cleaned?"), "1", "label_accuracy"),
    ),
    Shape(
        "QNLI",
        q(
            ("When did # fall?", "The town of # fell in the spring.", 0, N),
            ("Who ruled the # then?", "The sea of # is deep and cold.", 1, N),
            ("Where is the # now?", "The # lies in the far north.", 0, N),
            names="question sentence label idx",
        ),
        Right(("When did # fall?", "The town of # fell in the spring."), "0", "label_accuracy"),
    ),
    Shape(
        "WiC",
        q(
            ("bank#", "The bank of # was shut.", "He sat on the bank of #.", N, 4, 14, 8, 19, 0),
            ("run#", "A run of # on the shop.", "A run of # on the inn.", N, 2, 2, 5, 5, 1),
            ("set#", "A set of # was sold.", "He set the # down.", N, 2, 3, 5, 6, 0),
            names="word sentence1 sentence2 idx start1 start2 end1 end2 label",
        ),
        ASK_I,
    ),
    Shape(
        "VitaminC",
        q(
            ("v1-#", "SUPPORTS", "The # sold ten units.", "By May the # had sold ten.", "#", "real"),
            ("v2-#", "REFUTES", "The # sold two units.", "By May the # had sold ten.", "#", "real"),
            ("v3-#", "NOT ENOUGH INFO", "The # is quite red.", "By May the # had sold ten.", "#", "synthetic"),
            names="unique_id label claim evidence page revision_type",
        ),
        Right(("The # sold ten units.", "By May the # had sold ten."), "SUPPORTS", "label_accuracy"),
    ),
    Shape(
        "STS-B (GLUE)",
        q(
            ("A man of # plays the flute.", "Somebody of # is making music.", 3.8, N),
            ("A dog of # runs in the park.", "A cat of # sleeps all day.", 0.4, N),
            ("A girl of # eats an apple.", "A girl of # is eating fruit.", 4.25, N),
            names="sentence1 sentence2 label idx",
        ),
        Right(("A man of # plays the flute.", "Somebody of # is making music."), "3.8", "within_tolerance"),
    ),
    Shape(
        "STS benchmark",
        q(
            ("train", "captions", "MSRvid", "2012", "0001", 3.8, "A man of # plays the flute.", "Somebody of # makes music."),
            ("train", "news", "headlines", "2013", "0002", 0.4, "A dog of # runs in a park.", "A cat of # sleeps."),
            ("train", "captions", "MSRvid", "2014", "0003", 5, "A girl of # eats an apple.", "A girl of # is eating."),
            names="split genre dataset year sid score sentence1 sentence2",
        ),
        Right(("A man of # plays the flute.", "Somebody of # makes music."), "3.8", "within_tolerance"),
    ),
    Shape(
        "SICK",
        q(
            (N, "A man of # plays.", "Somebody of # makes music.", 0, 4.5),
            (N, "A dog of # runs.", "A cat of # is sleeping now.", 1, 1.2),
            (N, "A girl of # eats.", "No girl of # is eating now.", 2, 3.6),
            (N, "A king of # rides.", "A king of # is riding now.", 0, 4.9),
            names="pair_ID sentence_A sentence_B label relatedness_score",
        ),
        ASK_T,
    ),
    Shape(
        "query and product relevance",
        q(
            ("red # shoes for the rain", "Red shoes by # for all weathers", 3.0),
            ("blue # coat for the snow", "Blue coat by # for the winter", 2.67),
            ("green # hat for the sun", "A saw by # for hard wood", 1.33),
            names="search_term product_title relevance",
        ),
        ASK_T,
    ),
    # text to text
    Shape(
        "XSum",
        q((NEWS, "The bridge of # shuts.", N), (f"{NEWS} It rained.", "Rain in #.", N), (f"{NEWS} They won.", "# won.", N), names="document summary id"),
        Right((NEWS,), "The bridge of # shuts.", "exact_match"),
    ),
    Shape(
        "CNN / DailyMail",
        q(
            (NEWS, "The old bridge of # will be closed.\nResidents had asked for years.", "c1-#"),
            (f"{NEWS} It rained.", "Rain fell on the old bridge of #.\nNobody was hurt that day.", "c2-#"),
            (f"{NEWS} They won.", "The team of # won at the old bridge.\nThe town was glad of it.", "c3-#"),
            names="article highlights id",
        ),
        Right((NEWS,), "The old bridge of # will be closed.\nResidents had asked for years.", "rouge_l"),
    ),
    Shape(
        "SAMSum",
        q(
            ("s1-#", "Ann: Will you come to #?\nBen: Yes, at six.", "Ben comes to # at six, he tells Ann in their chat."),
            ("s2-#", "Cy: Did you see #?\nDee: No, never.", "Dee has never seen #, she tells Cy in their chat."),
            ("s3-#", "Eva: Where is #?\nFox: At home.", "Fox says to Eva that # is at home and nowhere else."),
            names="id dialogue summary",
        ),
        Right(("Ann: Will you come to #?",), "Ben comes to # at six, he tells Ann in their chat.", "rouge_l"),
    ),
    Shape(
        "DialogSum",
        q(
            ("d1-#", "#P1#: Will you come?\n#P2#: Yes, at six.", "P2 comes to the house of # at six in the evening.", "visit"),
            ("d2-#", "#P1#: Did you see it?\n#P2#: No, never.", "P2 has never seen the # that P1 is asking for.", "film"),
            ("d3-#", "#P1#: Where is it?\n#P2#: At home.", "P2 has left the # at home and tells it to P1.", "loss"),
            names="id dialogue summary topic",
        ),
        Right(("P1#: Will you come?",), "P2 comes to the house of # at six in the evening.", "rouge_l"),
    ),
    Shape(
        "BillSum",
        q(
            (NEWS, "A bill that lets the council of # close its bridge for good.", "An act on the bridge of #"),
            (f"{NEWS} It rained.", "A bill on the rain that falls on the bridge of # each spring.", "An act on the rain of #"),
            (f"{NEWS} They won.", "A bill that gives a prize to the team of # each spring.", "An act on the prize of #"),
            names="text summary title",
        ),
        Right((NEWS,), "A bill that lets the council of # close its bridge for good.", "rouge_l"),
    ),
    Shape(
        "scientific papers",
        q(
            (NEWS, "We study why the old bridge of # was closed after years.", "introduction\nthe # bridge"),
            (f"{NEWS} It rained.", "We study the rain on the old bridge of # over years.", "introduction\nrain on the #"),
            (f"{NEWS} They won.", "We study the team that won at the bridge of # this year.", "introduction\nthe team of #"),
            names="article abstract section_names",
        ),
        Right((NEWS,), "We study why the old bridge of # was closed after years.", "rouge_l"),
    ),
    Shape(
        "WMT16",
        [{"translation": {"de": "Das Teil # ist defekt.", "en": "The part # is broken."}},
         {"translation": {"de": "Das Rad # fehlt.", "en": "The wheel # is missing."}},
         {"translation": {"de": "Der Motor # ist laut.", "en": "The motor # is loud."}}],
        Right(("Das Teil # ist defekt.",), "The part # is broken.", "chrf"),
    ),
    Shape(
        "OPUS Books",
        [{"id": N, "translation": {"en": "The part # is broken.", "fr": "La pièce # est cassée."}},
         {"id": N, "translation": {"en": "The wheel # is missing.", "fr": "La roue # manque."}},
         {"id": N, "translation": {"en": "The motor # is loud.", "fr": "Le moteur # est fort."}}],
        Right(("The part # is broken.",), "La pièce # est cassée.", "chrf"),
    ),
    Shape(
        "parallel columns",
        q(
            ("The part # is broken now.", "Das Teil # ist nun defekt."),
            ("The wheel # is missing now.", "Das Rad # fehlt nun ganz."),
            ("The motor # is loud now.", "Der Motor # ist nun laut."),
            names="en de",
        ),
        ASK_T,
    ),
    Shape(
        "CoNaLa",
        q(
            ("Sort the list # in place", N, "Sort the list `#` in place", "#.sort()"),
            ("Print the name # in full", N, "Print the name `#` in full", "print(#)"),
            ("Close the file # at once", N, "Close the file `#` at once", "#.close()"),
            names="intent question_id rewritten_intent snippet",
        ),
        ASK_T,
    ),
    # instructions and chats
    Shape(
        "Alpaca",
        q(
            (POEM, "", VERSE, f"Below is an instruction. {POEM}"),
            ("Translate the word.", "#", "It means # and more than that, in the old tongue of the hills.", "Below is #."),
            ("Name a colour for #.", "", "A deep blue goes well with # in most rooms of the house.", "Below is a #."),
            names="instruction input output text",
        ),
        Right((POEM,), VERSE, "rouge_l"),
    ),
    Shape(
        "Dolly",
        q(
            ("Who saw the #?", CASE, "Two of the guards saw the # near the harbour that evening.", "closed_qa"),
            (POEM, "", VERSE, "creative_writing"),
            ("Name a # for me.", "", "I would name the green one first, as # is always so fine.", "brainstorming"),
            names="instruction context response category",
        ),
        Right((CASE, "Who saw the #?"), "Two of the guards saw the # near the harbour that evening.", "rouge_l"),
    ),
    Shape(
        "OpenOrca",
        q(
            ("niv.#", "You are a kind assistant.", POEM, VERSE),
            ("flan.#", "You are a kind assistant.", "Name the # of the town.", "The # of the town is known to all who live in it."),
            ("cot.#", "Think step by step.", "Why is the # old?", "The # is old since it was built by the monks long ago."),
            names="id system_prompt question response",
        ),
        Right(("You are a kind assistant.", POEM), VERSE, "rouge_l"),
    ),
    Shape(
        "no_robots",
        [{"prompt": POEM, "prompt_id": "n-#", "messages": _messages(POEM, VERSE), "category": "Generation"}],
        Right((POEM,), VERSE, "rouge_l"),
    ),
    Shape(
        "ShareGPT dump",
        [{"id": "s-#", "conversations": _said("Who is #?", "A king of old.", POEM, VERSE)}],
        Right(("A king of old.", POEM), VERSE, "rouge_l"),
    ),
    Shape(
        "UltraChat",
        [{"prompt": POEM, "prompt_id": "u-#", "messages": _messages(POEM, VERSE)}],
        Right((POEM,), VERSE, "rouge_l"),
    ),
    Shape(
        "LIMA",
        [{"conversations": [POEM, VERSE], "source": "web"}],
        "column 'conversations' holds lists of texts, not turns; write each row as [{'role': 'user'",
    ),
    Shape(
        "OpenAssistant (messages)",
        q(
            ("m1-#", None, "u1", POEM, "prompter", "en", 0),
            ("m2-#", "m1-#", "u2", VERSE, "assistant", "en", 1),
            ("m3-#", "m1-#", "u3", f"Again: {VERSE}", "assistant", "de", 2),
            names="message_id parent_id user_id text role lang rank",
        ),
        ASK_T,
    ),
    Shape(
        "P3 and FLAN",
        q(("Name the # of the hill.", "It is # hill"), ("Name the # of the sea.", "It is # sea"), ("Name the # of the sky.", "It is # sky"), names="inputs targets"),
        Right(("Name the # of the hill.",), "It is # hill", "exact_match"),
    ),
    Shape(
        "HelpSteer",
        q(
            (POEM, VERSE, 4, 3, 4, 2, 1),
            ("Name the # of the town.", "The # of the town is known.", 2, 3, 4, 1, 1),
            ("Why is the # old?", "It was built long ago by #.", 3, 3, 3, 2, 2),
            names="prompt response helpfulness correctness coherence complexity verbosity",
        ),
        ASK_T,
    ),
    Shape(
        "glaive function calling v2",
        q(
            ("SYSTEM: You have tools for #.", "USER: Book #.\n\n\nASSISTANT: <functioncall> {\"name\": \"book\"} <|endoftext|>"),
            ("SYSTEM: You have tools for #.", "USER: Find #.\n\n\nASSISTANT: <functioncall> {\"name\": \"find\"} <|endoftext|>"),
            ("SYSTEM: You have none.", "USER: Greet #.\n\n\nASSISTANT: Hello #! <|endoftext|>"),
            names="system chat",
        ),
        "column 'chat' holds whole dialogues, a speaker's name or mark before each turn, which are not read; write each row as",
    ),
    Shape(
        "xLAM function calling",
        q(
            (N, "Weather in # now?", '[{"name": "weather", "arguments": {"city": "#"}}]', '[{"name": "weather"}]'),
            (N, "Time in # now?", '[{"name": "time", "arguments": {"city": "#"}}]', '[{"name": "time"}]'),
            (N, "News from # now?", '[{"name": "news", "arguments": {"place": "#"}}]', '[{"name": "news"}]'),
            names="id query answers tools",
        ),
        Right(('[{"name": "weather"}]', "Weather in # now?"), '[{"name": "weather", "arguments": {"city": "#"}}]', "tool_call"),
    ),
    # preferences
    Shape(
        "hh-rlhf",
        [{"chosen": "\n\nHuman: Who is #?\n\nAssistant: Ann?\n\nHuman: No.\n\nAssistant: A king of #.",
          "rejected": "\n\nHuman: Who is #?\n\nAssistant: Ann?\n\nHuman: No.\n\nAssistant: No idea #."}],
        Right(("Who is #?", "No."), "A king of #.", "exact_match", preferences=True),
    ),
    Shape(
        "UltraFeedback (binarized)",
        [{"prompt": POEM, "prompt_id": "u-#", "chosen": _messages(POEM, VERSE), "rejected": _messages(POEM, "No # today."),
          "messages": _messages(POEM, VERSE), "score_chosen": 8.5, "score_rejected": 2.0}],
        Right((POEM,), VERSE, "rouge_l", preferences=True),
    ),
    Shape(
        "UltraFeedback (raw)",
        [{"source": "web", "instruction": POEM, "models": ["a", "b"], "completions": [{"response": VERSE, "score": 8}],
          "correct_answers": ["None"], "incorrect_answers": ["None"]}],
        RANKED,
    ),
    Shape(
        "Orca DPO pairs",
        q(
            ("You are kind.", POEM, VERSE, "No # today."),
            ("", "Name the # of the town.", "The # of the town is known to all who live there.", "No idea #."),
            ("You are kind.", "Why is the # old?", "The # was built by the monks in the old days.", "No idea of #."),
            names="system question chosen rejected",
        ),
        Right(("You are kind.", POEM), VERSE, "rouge_l", preferences=True),
    ),
    Shape(
        "LLaMA-Factory ranking",
        [{"conversations": _said(POEM), "chosen": {"from": "gpt", "value": VERSE}, "rejected": {"from": "gpt", "value": "No #."}}],
        Right((POEM,), VERSE, "rouge_l", preferences=True),
    ),
    Shape(
        "KTO mix",
        [{"prompt": _messages("Who is #?"), "completion": _messages("Who is #?", "A king of #.")[1:], "label": True},
         {"prompt": _messages("Where is #?"), "completion": _messages("Where is #?", "No idea, #.")[1:], "label": False},
         {"prompt": _messages("When was #?"), "completion": _messages("When was #?", "Long ago, #.")[1:], "label": True}],
        Right(("Who is #?",), "A king of #.", "exact_match", feedback=True),
    ),
    Shape(
        "PKU-SafeRLHF",
        q(
            ("How do I open the #?", "With a key, as for all #.", "I can not say, sorry #.", True, True, 0, 0),
            ("How do I break the #?", "With a saw, as for all #.", "I can not say, sorry #.", False, True, 1, 1),
            ("How do I steal the #?", "At night, as for all #.", "I can not say, sorry #.", False, True, 0, 1),
            names="prompt response_0 response_1 is_response_0_safe is_response_1_safe better_response_id safer_response_id",
        ),
        "columns 'response_0' and 'response_1' may be two answers to one question: write the better and the worse one",
    ),
    Shape(
        "Stanford human preferences",
        q(
            ("p1#", "askcooks", "How do I cook the #?", "Boil the # for an hour or two.", "Fry the # in a pan.", 1, 12, 4),
            ("p2#", "askcooks", "How do I store the #?", "Put the # on ice at once.", "Leave the # out.", 0, 3, 40),
            ("p3#", "asklaw", "May I sell the #?", "Yes, the # is yours to sell.", "No idea of # at all.", 1, 9, 2),
            names="post_id domain history human_ref_A human_ref_B labels score_A score_B",
        ),
        ASK_T,
    ),
    Shape(
        "MS MARCO",
        q(
            (["Ann #"], {"is_selected": [1], "passage_text": ["Ann # led it for long."]}, "who led #", N, "PERSON", []),
            (["Ben #", "B #"], {"is_selected": [1], "passage_text": ["Ben # built it well."]}, "who built #", N, "PERSON", []),
            (["Cy #"], {"is_selected": [0], "passage_text": ["Cy # sold it at last."]}, "who sold #", N, "PERSON", []),
            names="answers passages query query_id query_type wellFormedAnswers",
        ),
        Right(("Ann # led it for long.", "who led #"), "Ann #", "exact_match"),
    ),
    Shape(
        "WebGPT comparisons",
        q(
            ({"full_text": "Who is #?"}, {"title": []}, "Ann, a king of #.", {"title": []}, "Ben, a cook of #.", 0.5, -0.5),
            ({"full_text": "Where is #?"}, {"title": []}, "In the north of #.", {"title": []}, "In the south of #.", 0.0, 0.0),
            ({"full_text": "When was #?"}, {"title": []}, "In the spring of #.", {"title": []}, "In the fall of #.", -0.5, 0.5),
            names="question quotes_0 answer_0 quotes_1 answer_1 score_0 score_1",
        ),
        NESTED,
    ),
    # code, tables, tokens
    Shape(
        "Spider",
        q(
            ("shop", "SELECT name FROM # WHERE id = 1", ["SELECT", "name"], "Which name has # one?", ["Which", "name"]),
            ("shop", "SELECT count(*) FROM #", ["SELECT", "count"], "How many # are there?", ["How", "many"]),
            ("bank", "SELECT sum(x) FROM #", ["SELECT", "sum"], "What is the sum of #?", ["What", "is"]),
            names="db_id query query_toks question question_toks",
        ),
        Right(("Which name has # one?",), "SELECT name FROM # WHERE id = 1", "exact_match"),
    ),
    Shape(
        "sql-create-context",
        q(
            ("Which name has # one?", "CREATE TABLE # (id INT, name TEXT)", "SELECT name FROM # WHERE id = 1"),
            ("How many # are there?", "CREATE TABLE # (id INT, name TEXT)", "SELECT count(*) FROM #"),
            ("What is the sum of #?", "CREATE TABLE # (id INT, x INT)", "SELECT sum(x) FROM #"),
            names="question context answer",
        ),
        Right(("CREATE TABLE # (id INT, name TEXT)", "Which name has # one?"), "SELECT name FROM # WHERE id = 1", "exact_match"),
    ),
    Shape(
        "WikiSQL",
        [{"phase": 1, "question": "Which name has # one?", "table": {"header": ["id", "name"], "rows": [["1", "#"]]},
          "sql": {"human_readable": "SELECT name FROM # WHERE id = 1", "sel": 1, "agg": 0}}],
        ASK_T,
    ),
    Shape(
        "MBPP",
        q(
            (N, "Write a function that adds # to a number.", "def add(x):\n    return x + #", ["assert add(1)"], "", []),
            (N, "Write a function that drops # from a list.", "def drop(x):\n    return x - #", ["assert drop(1)"], "", []),
            (N, "Write a function that names # in a text.", "def name(x):\n    return #", ["assert name(1)"], "", []),
            names="task_id text code test_list test_setup_code challenge_test_list",
        ),
        Right(("Write a function that adds # to a number.",), "def add(x):\n    return x + #", "exact_match"),
    ),
    Shape(
        "HumanEval",
        q(
            ("HumanEval/#", "def add_#(x):\n    '''Add # to x.'''\n", "    return x + #\n", "assert add_#(1)", "add_#"),
            ("HumanEval/x#", "def drop_#(x):\n    '''Drop # from x.'''\n", "    return x - #\n", "assert drop_#(1)", "drop_#"),
            ("HumanEval/y#", "def name_#(x):\n    '''Name # in x.'''\n", "    return #\n", "assert name_#(1)", "name_#"),
            names="task_id prompt canonical_solution test entry_point",
        ),
        Right(("def add_#(x):",), "return x + #", "exact_match"),
    ),
    Shape(
        "CoNLL-2003",
        q(
            (N, ["Ann", "of", "#"], [1, 2, 1], [1, 2, 1], [1, 0, 5]),
            (N, ["The", "#", "won"], [3, 1, 4], [1, 1, 2], [0, 3, 0]),
            (N, ["In", "#", "then"], [2, 1, 3], [2, 1, 0], [0, 5, 0]),
            names="id tokens pos_tags chunk_tags ner_tags",
        ),
        NESTED,
    ),
    Shape(
        "WNUT-17",
        q(
            (N, ["Ann", "of", "#"], [1, 0, 5]),
            (N, ["The", "#", "won"], [0, 3, 0]),
            (N, ["In", "#", "then"], [0, 5, 0]),
            names="id tokens ner_tags",
        ),
        NESTED,
    ),
    Shape(
        "LAMBADA",
        q((NEWS, "#"), (f"{NEWS} It rained.", "#"), (f"{NEWS} They won.", "#"), names="text domain"),
        "no question and answer can be told",
    ),
    Shape(
        "WikiText",
        [{"text": NEWS}],
        "no question and answer can be told",
    ),
    Shape(
        "Inspec (keyphrases)",
        [{"document": f"{NEWS} It is #.", "keyphrases": ["old # bridge", "town #"]}],
        Right((NEWS,), "old # bridge, town #", "label_set"),
    ),
    Shape(
        "choices with a flag each",
        [
            {"question": "Which # barks?", "options": [{"text": "dog", "is_correct": True}, {"text": "cat", "is_correct": False}]},
            {"question": "Which # purrs?", "options": [{"text": "dog", "is_correct": False}, {"text": "cat", "is_correct": True}]},
        ],
        Right(("Which # barks?", "A. dog\nB. cat"), "A", "choice"),
    ),
    Shape(
        "DPR passages",
        [
            {
                "question": "who built #",
                "answers": ["Ann #", "A. #"],
                "ctxs": [{"title": "#", "text": "Ann # built it.", "has_answer": True}],
            }
        ],
        Right(("who built #",), "Ann #", "exact_match"),
    ),
]  # fmt: skip
