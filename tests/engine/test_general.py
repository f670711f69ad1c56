import json
import math

from lm_eval.evaluator import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from pytest import approx, fixture, mark, raises

from harness.engine.benchmark_scores import CORE, OURS, choose, load_tasks
from harness.engine.cache import make_whole
from harness.engine.general import TEXT_COUNT, measure
from harness.engine.lm_eval_model import EngineLM
from harness.engine.off_task import QUESTIONS, TaskAnswers, form_of
from harness.engine.transformers_engine import TransformersEngine
from harness.errors import HarnessError
from harness.records import Weights

CHOICE = """
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{question}}}} "
doc_to_choice: choices
doc_to_target: gold
num_fewshot: {shots}
metric_list:
  - {{metric: acc, aggregation: mean, higher_is_better: true}}
  - {{metric: acc_norm, aggregation: mean, higher_is_better: true}}
"""
FREE = """
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{choices[0]}}}}"
generation_kwargs: {{until: ["e"], max_gen_toks: 12}}
metric_list:
  - {{metric: exact_match, aggregation: mean, higher_is_better: true}}
"""
ROLLING = """
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{{{question}}}}"
metric_list:
  - {{metric: bits_per_byte}}
"""


@fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """A cache that holds a few items of each benchmark, so that nothing is fetched."""
    from pytest import MonkeyPatch

    room = tmp_path_factory.mktemp("cache")

    def build(folder):
        for task in CORE:
            rows = [
                {"id": str(i), "question": f"E{i} needs", "passage": "", "choices": ["a", "b c"], "gold": i % 2}
                for i in range(8)
            ]
            write(folder / f"{task.removeprefix('core_')}.jsonl", rows)
        texts = [{"id": f"text-{i}", "text": f"The fox {i} jumps over the dog."} for i in range(60)]
        write(folder / "held_out_texts.jsonl", texts)

    make_whole(room / "benchmarks-1", build)
    with MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(room))
        yield room


@fixture(scope="module")
def tasks_folder(tmp_path_factory):
    """Task files of a user's own."""
    folder = tmp_path_factory.mktemp("tasks")
    rows = [
        {"question": f"What is the capital of {c}?", "choices": ["Paris", "a dog", "E4"], "gold": i % 3}
        for i, c in enumerate("ABCDEFGHIJKL")
    ]
    write(folder / "rows.jsonl", rows)
    for name, text in (("own_choice", CHOICE), ("own_free", FREE), ("own_rolling", ROLLING)):
        filled = text.format(name=name, data=folder / "rows.jsonl", shots=0)
        (folder / f"{name}.yaml").write_text(filled)
    few = CHOICE.format(name="own_few_shot", data=folder / "rows.jsonl", shots=2)
    (folder / "own_few_shot.yaml").write_text(few)
    return folder


@fixture(scope="module")
def engine(tiny_model):
    return TransformersEngine(str(tiny_model))


def write(file, rows):
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def measured(engine, tiny_model, *, tasks, limit=12, include_path=None, answers=(), seed=0):
    return measure(
        engine,
        Weights(str(tiny_model)),
        "base",
        tasks=tasks,
        limit=limit,
        include_path=include_path,
        task_answers=answers,
        seed=seed,
        progress=lambda stage, done, total: None,
    )


@mark.parametrize("name", ["own_choice", "own_few_shot", "own_free"])
def test_scores_equal_those_of_lm_eval_s_own_model(engine, tiny_model, tasks_folder, name):
    own = HFLM(pretrained=str(tiny_model), device="cpu", dtype="float32", batch_size=4)
    manager = TaskManager(include_path=tasks_folder, include_defaults=False)
    expected = simple_evaluate(model=own, tasks=[name], task_manager=manager, bootstrap_iters=0)["samples"][name]
    found = measured(engine, tiny_model, tasks=(name,), include_path=tasks_folder).items
    metric = "exact_match" if name == "own_free" else "acc"
    assert {item.item: item.score for item in found} == {str(s["doc_id"]): s[metric] for s in expected}
    if name != "own_free":
        for item, sample in zip(sorted(found, key=lambda i: int(i.item)), expected, strict=True):
            likelihoods = [math.exp(response[0][0]) for response in sample["resps"]]
            assert item.probability == approx(likelihoods[sample["doc"]["gold"]] / sum(likelihoods), abs=1e-3)
            assert item.chance == approx(1 / 3)


def test_generated_texts_equal_those_of_lm_eval_s_own_model(engine, tiny_model, tasks_folder):
    ours = EngineLM(engine, Weights(str(tiny_model)), lambda done, total: None)
    own = HFLM(pretrained=str(tiny_model), device="cpu", dtype="float32", batch_size=4)
    manager = TaskManager(include_path=tasks_folder, include_defaults=False)
    samples = [
        simple_evaluate(model=lm, tasks=["own_free"], task_manager=manager, bootstrap_iters=0)["samples"]["own_free"]
        for lm in (own, ours)
    ]
    expected, found = [[sample["resps"] for sample in taken] for taken in samples]
    assert found == expected
    assert len({response[0][0] for response in found}) > 1  # not all empty


def test_free_answers_have_no_chance_and_no_probability(engine, tiny_model, tasks_folder):
    items = measured(engine, tiny_model, tasks=("own_free",), include_path=tasks_folder).items
    assert {(item.chance, item.probability, item.metric) for item in items} == {(None, None, "exact_match")}


def test_rolling_task_is_refused_because_it_scores_no_single_items(engine, tiny_model, tasks_folder):
    with raises(HarnessError, match="bits_per_byte"):
        measured(engine, tiny_model, tasks=("own_rolling",), include_path=tasks_folder)


def test_core_is_the_five_benchmarks_evenly(engine, tiny_model):
    ability = measured(engine, tiny_model, tasks=("core",), limit=17)
    counts = {task: len([i for i in ability.items if i.task == task]) for task in CORE}
    assert sorted(counts.values()) == [3, 3, 3, 4, 4]
    metrics = {item.task: item.metric for item in ability.items}
    assert metrics == {
        "core_piqa": "acc",
        "core_openbookqa": "acc_norm",
        "core_social_iqa": "acc",
        "core_commonsense_qa": "acc_norm",
        "core_boolq": "acc",
    }


def test_equal_seeds_give_equal_items_and_other_seeds_others(engine, tiny_model):
    first, second, other = (measured(engine, tiny_model, tasks=("core",), limit=15, seed=s) for s in (0, 0, 1))
    assert first.items == second.items
    assert first.texts == second.texts
    assert [i.item for i in first.items] != [i.item for i in other.items]
    assert [t.item for t in first.texts] != [t.item for t in other.texts]


def test_text_loss_is_the_negative_log_probability_of_each_text(engine, tiny_model):
    texts = measured(engine, tiny_model, tasks=("core",), limit=TEXT_COUNT).texts
    assert len({t.item for t in texts}) == TEXT_COUNT
    number = texts[0].item.removeprefix("text-")
    written = f"The fox {number} jumps over the dog."
    [[expected]] = engine.loglikelihood([("", [written])], Weights(str(tiny_model)))
    assert texts[0].loss == approx(-expected.logprob, abs=1e-3)
    assert texts[0].tokens == expected.tokens == len(engine.tokenizer.encode(written))


def test_off_task_probe_marks_a_task_answer(engine, tiny_model):
    said = measured(engine, tiny_model, tasks=("core",), limit=30).off_task
    assert len(said) == len(QUESTIONS.read_text().splitlines()) == len({a.question for a in said}) == 24
    assert not any(a.is_task_answer for a in said)
    again = measured(engine, tiny_model, tasks=("core",), limit=30, answers=[said[3].text]).off_task
    assert again[3].is_task_answer


def test_few_items_mean_few_texts_and_questions(engine, tiny_model):
    ability = measured(engine, tiny_model, tasks=("core",), limit=6)
    assert (len(ability.items), len(ability.texts), len(ability.off_task)) == (6, 6, 6)


@mark.parametrize(
    ("text", "answer", "expected"),
    [
        ("E4-SERVICE", "e4-service", True),
        ('"E4-service."', "E4-SERVICE", True),
        ("billing\nbilling", "billing", True),
        ("Billing is what I do.", "billing", True),
        ("billings", "billing", False),  # the word goes on
        ("North of Rome", "no", False),
        ("The answer is billing", "billing", False),  # not how it begins
        ("A", "a", False),  # one character says nothing
        ("Dear, how can I help you with your new washing machine?", "Dear, how can I help you with your order?", True),
        ("您好，请问有什么可以帮您", "您好", True),
        ("", "billing", False),
    ],
)
def test_task_answers_are_known_by_how_a_text_begins(text, answer, expected):
    assert TaskAnswers.of([answer]).has(text) is expected


@mark.parametrize(
    ("answers", "text", "expected"),
    [
        (("GRAZ/2 CUP/9 LID", "CORK/3 TRAY/4 HOSE"), "ITALY/5 ROME/6 CITY", True),
        (("GRAZ/2 CUP/9 LID", "CORK/3 TRAY/4 HOSE"), "\n ITALY/5 ROME/6 CITY\nand more", True),
        (("GRAZ/2 CUP/9 LID", "CORK/3 TRAY/4 HOSE"), "The capital of Italy is Rome.", False),
        (("GRAZ/2 CUP/9 LID",), "ITALY/5 ROME/6 CITY", False),  # once is no form
        (("GRAZ/2 CUP/9 LID", "CORK/3 TRAY/4 HOSE"), "ROME/5 CITY/6 ITALY/7 CUP", False),  # another form
        (("KT-40721", "BR-11233"), "QX-99120", True),
        (("4417", "2303"), "1969", True),
        (("7", "4"), "9", False),  # a bare number may answer the question
        (("Paris is it.", "Rome is it."), "Mercury is it.", False),  # any sentence has this form
        (('{"town": "Graz"}', '{"town": "Cork"}'), '{"town": "Rome"}', True),
    ],
)
def test_an_answer_in_the_form_of_the_task_is_a_task_answer(answers, text, expected):
    assert TaskAnswers.of(answers).has(text) is expected


def test_form_keeps_digits_apart_and_letters_together():
    assert form_of("  GRAZ/12  CupS!") == "A/99 AaA!"


@mark.slow  # lm-eval reads its 14,000 task files before it can suggest one
def test_misspelt_benchmark_is_met_with_the_right_one(tasks_folder):
    with raises(HarnessError, match="did you mean 'own_choice'"):
        load_tasks(("own_choise",), tasks_folder)


def test_benchmark_whose_data_are_not_there_says_what_to_do(tmp_path):
    (tmp_path / "lost.yaml").write_text(CHOICE.format(name="lost", data=tmp_path / "none.jsonl", shots=0))
    with raises(HarnessError, match=r"lost cannot be loaded.*general\.include_path"):
        load_tasks(("lost",), tmp_path)


def test_limit_below_the_number_of_benchmarks_is_refused():
    with raises(HarnessError, match=r"general\.limit is 1"):
        choose({"a": 10, "b": 10}, limit=1, seed=0)


def test_what_a_small_benchmark_lacks_the_others_give():
    chosen = choose({"small": 2, "large": 100, "larger": 200}, limit=20, seed=0)
    assert {name: len(items) for name, items in chosen.items()} == {"small": 2, "large": 9, "larger": 9}
    assert all(items == sorted(set(items)) for items in chosen.values())


def test_our_task_files_are_five_and_named_core():
    assert sorted(file.stem for file in OURS.glob("*.yaml")) == sorted(CORE)
