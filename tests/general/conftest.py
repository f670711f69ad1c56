"""A cache with a few items of each benchmark, task files of a user's own, and an engine on a tiny model."""

import json

from pytest import MonkeyPatch, fixture

from harness.assets.cache import make_whole
from harness.engine.transformers_engine import TransformersEngine
from harness.general.benchmark_tasks import CORE
from harness.general.measure import TEXT_COUNT, measure
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
fewshot_split: test
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
OWN_ROWS = 15  # of which a fifth is for selection


@fixture(scope="session")
def cache_room(tmp_path_factory):
    room = tmp_path_factory.mktemp("cache")
    uses = ["gate"] * 8 + ["selection"] * 2

    def build(folder):
        for task in CORE:
            rows = [
                {
                    "id": str(i),
                    "question": f"E{i} needs",
                    "passage": "",
                    "choices": ["a", "b c"],
                    "gold": i % 2,
                    "answer": "filter",
                    "use": use,
                }
                for i, use in enumerate(uses)
            ]
            write(folder / f"{task.removeprefix('core_')}.jsonl", rows)
        texts = [
            {"id": f"text-{use}-{i}", "text": f"The fox {i} jumps over the {use} dog.", "use": use}
            for use, count in TEXT_COUNT.items()
            for i in range(count + 20)
        ]
        write(folder / "held_out_texts.jsonl", texts)

    make_whole(room / "benchmarks-2", build)
    return room


@fixture(scope="module")
def cache(cache_room):
    """Nothing is fetched."""
    with MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(cache_room))
        yield cache_room


@fixture(scope="session")
def tasks_folder(tmp_path_factory):
    """Task files of a user's own."""
    folder = tmp_path_factory.mktemp("tasks")
    rows = [
        {"question": f"What is the capital of {c}?", "choices": ["Paris", "a dog", "E4"], "gold": i % 3}
        for i, c in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:OWN_ROWS])
    ]
    write(folder / "rows.jsonl", rows)
    for name, text in (("own_choice", CHOICE), ("own_free", FREE), ("own_rolling", ROLLING)):
        filled = text.format(name=name, data=folder / "rows.jsonl", shots=0)
        (folder / f"{name}.yaml").write_text(filled)
    few = CHOICE.format(name="own_few_shot", data=folder / "rows.jsonl", shots=2)
    (folder / "own_few_shot.yaml").write_text(few)
    (folder / "own_lost.yaml").write_text(CHOICE.format(name="own_lost", data=folder / "none.jsonl", shots=0))
    return folder


@fixture(scope="session")
def engine(tiny_model):
    return TransformersEngine(str(tiny_model))


@fixture(scope="module")
def measured(engine, tiny_model, cache):
    """Measure the tiny model; returns a function of what is measured."""

    def ask(*, tasks=("core",), limit=12, include_path=None, answers=(), engine=engine, **more):
        settings = {"seed": 0, "progress": lambda stage, done, total: None} | more
        return measure(
            engine,
            Weights(str(tiny_model)),
            "base",
            tasks=tasks,
            limit=limit,
            include_path=include_path,
            task_answers=answers,
            **settings,
        )

    return ask


def write(file, rows):
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
