import json
import math
from pathlib import Path
from shutil import copytree

from lm_eval.evaluator import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from pytest import approx, mark, raises

from harness.engine.transformers_engine import TransformersEngine
from harness.errors import ArmError, HarnessError
from harness.general.benchmark_tasks import CORE, OURS, WEIGHTS, choose, load_tasks
from harness.general.lm_eval_model import EngineLM
from harness.general.measure import TEXT_COUNT, general_items_digest
from harness.records import Completion, Weights


def lm_eval_s_own(tiny_model, name, folder, items):
    """What lm-eval's own command reports of these items."""
    own = HFLM(pretrained=str(tiny_model), device="cpu", dtype="float32", batch_size=4)
    manager = TaskManager(include_path=[OURS, folder], include_defaults=False)
    asked = {"tasks": [name], "task_manager": manager, "samples": {name: items}}
    return simple_evaluate(model=own, **asked, bootstrap_iters=0)["samples"][name]


@mark.parametrize("name", ["own_choice", "own_few_shot", "own_free", "core_continuation", "core_next_word"])
def test_scores_equal_those_of_lm_eval_s_own_model(measured, tiny_model, tasks_folder, name):
    found = measured(tasks=(name,), include_path=tasks_folder, limit=100).items
    samples = lm_eval_s_own(tiny_model, name, tasks_folder, [int(item.item) for item in found])
    expected = {str(sample["doc_id"]): sample for sample in samples}
    metric = "exact_match" if name == "own_free" else "acc"
    assert len(found) >= 8
    assert [item.score for item in found] == [expected[item.item][metric] for item in found]
    for item in found:
        likelihoods = [math.exp(answer[0][0]) for answer in expected[item.item]["resps"] if name != "own_free"]
        if name == "core_next_word":
            assert (item.probability, item.chance) == (approx(likelihoods[0], abs=1e-6), None)
        elif likelihoods:
            right = likelihoods[expected[item.item]["doc"]["gold"]]
            assert item.probability == approx(right / sum(likelihoods), abs=1e-3)
            assert item.chance == approx(1 / len(likelihoods))


def test_generated_texts_equal_those_of_lm_eval_s_own_model(engine, tiny_model, tasks_folder, cache):
    ours = EngineLM(engine, Weights(str(tiny_model)), lambda done, total: None)
    manager = TaskManager(include_path=tasks_folder, include_defaults=False)
    run = simple_evaluate(model=ours, tasks=["own_free"], task_manager=manager, bootstrap_iters=0)
    found = [sample["resps"] for sample in run["samples"]["own_free"]]
    assert found == [sample["resps"] for sample in lm_eval_s_own(tiny_model, "own_free", tasks_folder, list(range(15)))]
    assert len({response[0][0] for response in found}) > 1  # not all empty


def test_free_answers_have_no_chance_and_no_probability(measured, tasks_folder):
    items = measured(tasks=("own_free",), include_path=tasks_folder).items
    assert {(item.chance, item.probability, item.metric) for item in items} == {(None, None, "exact_match")}


def test_rolling_task_is_refused_because_it_scores_no_single_items(measured, tasks_folder):
    with raises(HarnessError, match="bits_per_byte"):
        measured(tasks=("own_rolling",), include_path=tasks_folder)


def test_core_is_the_seven_benchmarks_of_which_passages_get_four_times_as_many(measured):
    ability = measured(limit=13)
    counts = {task: len([i for i in ability.items if i.task == task]) for task in CORE}
    assert counts == {task: WEIGHTS.get(task, 1) for task in CORE}  # 5 x 1 + 2 x 4
    metrics = {item.task: item.metric for item in ability.items}
    assert metrics == {
        "core_piqa": "acc",
        "core_openbookqa": "acc_norm",
        "core_social_iqa": "acc",
        "core_commonsense_qa": "acc_norm",
        "core_boolq": "acc",
        "core_continuation": "acc",
        "core_next_word": "acc",
    }


def test_our_task_files_are_those_of_core():
    assert sorted(file.stem for file in OURS.glob("*.yaml")) == sorted(CORE)


def test_equal_seeds_give_equal_items_and_other_seeds_others(measured):
    first, second, other = (measured(limit=21, seed=seed) for seed in (0, 0, 1))
    assert first.items == second.items
    assert first.texts == second.texts
    assert [i.item for i in first.items] != [i.item for i in other.items]
    assert [t.item for t in first.texts] != [t.item for t in other.texts]


def test_text_loss_is_the_negative_log_probability_of_each_text(measured, engine, tiny_model):
    texts = measured(limit=TEXT_COUNT["gate"]).texts
    assert len({t.item for t in texts}) == TEXT_COUNT["gate"]
    written = f"The fox {texts[0].item.removeprefix('text-gate-')} jumps over the gate dog."
    [[expected]] = engine.loglikelihood([("", [written])], Weights(str(tiny_model)))
    assert texts[0].loss == approx(-expected.logprob, abs=1e-3)
    assert texts[0].tokens == expected.tokens == len(engine.tokenizer.encode(written))


def test_few_items_mean_few_texts_and_questions(measured):
    ability = measured(limit=7, answers=["billing"])
    assert (len(ability.items), len(ability.texts), len(ability.off_task)) == (7, 7, 7)


# ---- items that cannot be scored -------------------------------------------------------------


class Failing:
    """An engine that refuses contexts with certain words, as ours refuses log-probabilities that are not finite."""

    def __init__(self, engine, words):
        self.engine, self.words, self.context_window = engine, words, engine.context_window

    def loglikelihood(self, requests, weights):
        if any(self.words in context for context, _ in requests):
            raise ArmError("a log-probability of nan")
        return self.engine.loglikelihood(requests, weights)

    def generate(self, prompts, settings, weights, until=()):
        answers = self.engine.generate(prompts, settings, weights, until)
        full = Completion("", "context_overflow", 600, 0, 0.0)
        return [full if self.words in prompt else answer for prompt, answer in zip(prompts, answers, strict=True)]


class NoRoom(Failing):
    """An engine whose window leaves no room for generated answers, and enough for options."""

    def loglikelihood(self, requests, weights):
        return self.engine.loglikelihood(requests, weights)


@mark.parametrize("name", ["own_choice", "own_free"])
def test_an_item_that_cannot_be_scored_is_nan_and_the_others_are_as_ever(measured, engine, tasks_folder, name):
    asked = {"tasks": (name,), "include_path": tasks_folder, "limit": 100}
    whole = {item.item: item for item in measured(**asked).items}
    broken = {item.item: item for item in measured(**asked, engine=Failing(engine, "capital of A")).items}
    assert broken.keys() == whole.keys()
    assert (math.isnan(broken["0"].score), broken["0"].probability) == (True, None)
    for item in whole.keys() - {"0"}:
        assert broken[item].score == whole[item].score
        assert broken[item].probability == approx(whole[item].probability, abs=1e-4) or name == "own_free"


def test_a_log_probability_that_is_no_number_is_no_score(measured, engine, tasks_folder):
    class Dumb(Failing):
        def loglikelihood(self, requests, weights):
            from dataclasses import replace

            found = self.engine.loglikelihood(requests, weights)
            return [
                [replace(answer, logprob=math.nan) if self.words in context else answer for answer in answers]
                for (context, _), answers in zip(requests, found, strict=True)
            ]

    items = measured(
        tasks=("own_choice",), include_path=tasks_folder, limit=100, engine=Dumb(engine, "capital of A")
    ).items
    assert [item.item for item in items if math.isnan(item.score)] == ["0"]


def test_weights_that_score_no_item_at_all_are_an_arm_s_error(measured, engine, tasks_folder):
    with raises(ArmError, match="nan"):
        measured(tasks=("own_choice",), include_path=tasks_folder, engine=Failing(engine, "capital"))


def test_a_window_that_takes_no_prompt_costs_the_items_of_its_benchmark_alone(measured, engine, tasks_folder):
    asked = {"tasks": ("own_free", "own_choice"), "include_path": tasks_folder, "limit": 100}
    items = measured(**asked, engine=NoRoom(engine, "capital")).items
    assert {item.task: math.isnan(item.score) for item in items} == {"own_free": True, "own_choice": False}


def test_benchmark_whose_every_prompt_exceeds_the_window_has_items_without_scores(measured, tmp_path):
    rows = [{"question": f"{n} " + "word " * 600, "choices": ["yes", "no"], "answer": "yes"} for n in range(8)]
    (tmp_path / "long.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))  # the window is 512 tokens
    items = measured(tasks=(str(tmp_path / "long.jsonl"),), limit=100).items
    assert items and all(math.isnan(item.score) and item.probability is None for item in items)


def test_lack_of_memory_is_no_item_s_fault(measured, engine, tasks_folder):
    class Full(Failing):
        def loglikelihood(self, requests, weights):
            if any(self.words in context for context, _ in requests):
                raise ArmError("a text of 30 tokens takes more memory than there is") from MemoryError()
            return self.engine.loglikelihood(requests, weights)

    with raises(ArmError, match="memory"):
        measured(tasks=("own_choice",), include_path=tasks_folder, limit=100, engine=Full(engine, "capital of A"))


# ---- what is asked ---------------------------------------------------------------------------


@mark.slow  # lm-eval reads its 14,000 task files before it can suggest one
def test_misspelt_benchmark_is_met_with_the_right_one(tasks_folder):
    with raises(HarnessError, match="did you mean 'own_choice'"):
        load_tasks(("own_choise",), tasks_folder)


def test_benchmark_whose_data_are_not_there_says_what_to_do(tasks_folder):
    with raises(HarnessError, match=r"own_lost cannot be loaded.*general\.include_path"):
        load_tasks(("own_lost",), tasks_folder)


def test_limit_below_the_number_of_benchmarks_is_refused():
    with raises(HarnessError, match=r"general\.limit is 1"):
        choose({"a": range(10), "b": range(10)}, limit=1, seed=0)


def test_what_a_small_benchmark_lacks_the_others_give():
    chosen = choose({"small": [3, 8], "large": range(100), "larger": range(200)}, limit=20, seed=0)
    assert {name: len(items) for name, items in chosen.items()} == {"small": 2, "large": 9, "larger": 9}
    assert chosen["small"] == [3, 8]
    assert all(items == sorted(set(items)) for items in chosen.values())


def test_every_benchmark_gets_an_item_and_the_limit_is_kept():
    pools = {name: range(50) for name in CORE}
    for limit in (7, 8, 20, 100):
        counts = [len(items) for items in choose(pools, limit, seed=0).values()]
        assert (min(counts) >= 1, sum(counts)) == (True, limit)


def test_digest_of_what_is_asked_is_the_same_until_an_item_changes(cache, tasks_folder, tmp_path):
    def digest(seed=0, limit=100, folder=tasks_folder):
        return general_items_digest(("own_choice", "own_free"), limit, folder, seed)

    assert digest() == digest()
    assert len(digest()) == 16
    assert digest(limit=10) not in {digest(), digest(limit=10, seed=1)}
    for file in tasks_folder.iterdir():
        text = file.read_text().replace(str(tasks_folder), str(tmp_path))
        (tmp_path / file.name).write_text(text)
    assert digest(folder=tmp_path) == digest()  # a copy asks the same
    file = tmp_path / "own_free.yaml"
    told = file.read_text()
    file.write_text(told.replace("{metric: exact_match,", "{metric: exact_match, ignore_case: true,"))
    assert file.read_text() != told
    assert digest(folder=tmp_path) != digest()  # the same answers are scored in another way
    file.write_text(told)
    rows = Path(tmp_path / "rows.jsonl")
    rows.write_text(rows.read_text().replace('"gold": 1', '"gold": 2'))
    assert digest(folder=tmp_path) != digest()


def test_stage_is_named_before_its_first_answers(measured, tasks_folder, monkeypatch):
    seen = []
    ask = TransformersEngine.loglikelihood

    def asked(engine, requests, weights):
        seen.append(("asked", None))
        return ask(engine, requests, weights)

    monkeypatch.setattr(TransformersEngine, "loglikelihood", asked)
    measured(
        tasks=("own_choice",), include_path=tasks_folder, limit=6,
        progress=lambda stage, done, total: seen.append((stage, done)),
    )  # fmt: skip
    assert seen.index(("benchmarks", 0)) < seen.index(("asked", None))


def test_task_file_with_the_name_of_one_of_ours_is_refused(cache, tasks_folder, tmp_path):
    own = (tasks_folder / "own_choice.yaml").read_text()
    (tmp_path / "own.yaml").write_text(own.replace("task: own_choice", "task: core_piqa"))
    for names in (["core"], ["core_piqa"]):
        with raises(HarnessError, match="general.include_path: 'core_piqa' is one of ours; give the task another name"):
            load_tasks(names, tmp_path)


@mark.parametrize("names", [["core"], ["own_choice"]])
def test_folder_that_changed_since_the_task_was_read_is_refused_before_lm_eval_opens_it(
    cache, tasks_folder, tmp_path, names
):
    folder = tmp_path / "tasks"
    copytree(tasks_folder, folder)
    (folder / "deep.yaml").write_text("task: deep\ndoc_to_text: " + "[" * 100 + "]" * 100)
    with raises(HarnessError, match="deep.yaml line .* more than 30 levels"):
        load_tasks(names, folder)


def test_group_that_changes_one_of_ours_changes_nothing_of_core(cache, tmp_path):
    (tmp_path / "group.yaml").write_text("group: easy\ntask: [core_piqa]\ndoc_to_text: 'nothing'\n")
    plain, grouped = load_tasks(["core"], None), load_tasks(["core", "easy"], tmp_path)
    assert [task.config.doc_to_text for task in grouped.values()] == [t.config.doc_to_text for t in plain.values()]
    assert load_tasks(["easy"], tmp_path)["core_piqa"].config.doc_to_text == "nothing"
