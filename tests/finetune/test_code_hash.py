"""What trains is known by its code: another objective is another training."""

import shutil
from pathlib import Path

from baselines.finetune import store


def test_every_source_that_trains_counts(tmp_path, monkeypatch):
    copy = shutil.copytree(Path(store.__file__).parent, tmp_path / "finetune")
    monkeypatch.setattr(store, "__file__", str(copy / "store.py"))
    before = store._code_hash()
    for source in ("loop.py", "objectives/supervised.py", "objectives/preference.py"):
        whole = (copy / source).read_bytes()
        (copy / source).write_bytes(whole + b"#")
        assert store._code_hash() != before
        (copy / source).write_bytes(whole)
    assert store._code_hash() == before


def test_arm_on_a_quantised_model_trains_on_that_form_of_it(monkeypatch):
    from types import SimpleNamespace

    from baselines.finetune import arms
    from baselines.finetune.options import LoraOptions
    from harness.contract import Budget
    from harness.program import Program, Prompt
    from harness.records import GenerationSettings, Study, Weights

    monkeypatch.setattr(arms, "fit_sft", lambda study, context, program, options, clock: program.weights)
    monkeypatch.setattr(
        arms, "zero_shot_program", lambda study, context: Program(context.base, Prompt(), GenerationSettings(4))
    )
    forms = {
        (base, own): arms.Sft(LoraOptions(), own)
        .fit(Study((), ()), SimpleNamespace(base=Weights("m", base), budget=Budget()))
        .quantization
        for base in (None, "nf4")
        for own in (None, "nf4")
    }
    assert forms == {(None, None): None, (None, "nf4"): "nf4", ("nf4", None): "nf4", ("nf4", "nf4"): "nf4"}
