"""The measurement of means: what its figures rest on, without a model."""

import itertools
import json
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from inner_process import spec_in

from bench import means
from bench.means import CELLS, ROOT, TIMED, Settings, kept, split_off, within
from harness.task import load_task

SETTINGS = Settings(minutes=1.5, rows=60, dev=32, rate=None, limit=60, seed=0)


@pytest.mark.parametrize("task", ["support_routing", "order_lines", "serial_numbers", "random_labels"])
def test_held_out_rows_share_neither_row_nor_group_with_what_is_learnt_and_chosen_from(task):
    whole = load_task(ROOT / "tasks" / task / "task.yaml").study
    study, held_out = split_off(whole, SETTINGS)
    seen = (*study.train, *study.dev)
    assert len(study.train) <= 60 and len(study.dev) <= 32 and len(held_out) >= 20
    assert not {row.id for row in held_out} & {row.id for row in seen}
    assert not {row.group for row in held_out if row.group} & {row.group for row in seen}
    assert {row.id for row in held_out} <= {row.id for row in whole.train}


@pytest.fixture
def stepping(monkeypatch):
    """A training process whose every step takes so many CPU seconds; keeps what it was asked to run."""

    def make(seconds):
        clock = itertools.count(100.0, seconds)
        monkeypatch.setattr(means, "_cpu_seconds", lambda: next(clock))
        runs = []

        def run(spec, on_step, on_checkpoint):
            runs.append(spec)
            for _ in range(spec.steps):
                on_step(None)

        return SimpleNamespace(run=run, runs=runs)

    return make


def test_a_cell_gets_as_many_steps_as_fit_into_its_minutes_and_is_timed_once(tmp_path, stepping):
    process = stepping(5.0)
    spec = spec_in(tmp_path / "sft", steps=100, evaluate_at=(10, 20, 100))
    for _ in range(2):
        planned = within(spec, process, SETTINGS, tmp_path)
        assert (planned.steps, planned.evaluate_at) == (18, (10, 18))  # 90 s hold 18 steps of 5 s
    assert [timed.steps for timed in process.runs] == [TIMED]


def test_the_schedule_is_never_longer_than_the_options_allow(tmp_path, stepping):
    spec = spec_in(tmp_path / "sft", steps=100, evaluate_at=(10, 100))
    assert within(spec, stepping(0.1), SETTINGS, tmp_path).steps == 100  # 900 would fit


def test_rows_of_other_settings_are_not_taken_for_finished_ones(tmp_path):
    out: Path = tmp_path / "means.jsonl"
    assert kept(out, SETTINGS) == []
    rows = [{"task": "a", "cell": "today", "settings": asdict(s)} for s in (SETTINGS, replace(SETTINGS, minutes=3.0))]
    out.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert kept(out, SETTINGS) == rows[:1]


def test_cells_differ_from_the_default_in_what_they_are_about_alone():
    from baselines.finetune import lora_sft

    for options in CELLS.values():
        assert lora_sft(options).options.penalties == (options["kl_to_base"],)
