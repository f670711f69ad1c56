"""The arms end to end on the tiny model: trial, training, selection on dev, and the adapter that ships."""

import json
import shutil
from dataclasses import replace

import pytest
from fit_ground import ANSWERS, OPTIONS, study
from plain_engine import PlainEngine
from pydantic import ValidationError

import baselines.finetune
from baselines.finetune import lora_sft, qlora_sft, rag_lora_sft, store
from baselines.finetune.dpo import lora_dpo
from baselines.finetune.pairs import find_pairs, is_wrong, normalised
from baselines.finetune.sft import prepare
from baselines.finetune.trial import TRIALS
from baselines.finetune.tuners import LORA, tuner_of
from baselines.finetune.verify import check_moves, check_tensors
from baselines.prompt.zero import zero_shot_program
from harness.answer_reading import AnswerRule, Reader
from harness.contract import Budget
from harness.errors import ArmError
from harness.records import Document, Example, GenerationSettings, Preference
from harness.store.files import decode


def test_the_rate_that_dev_prefers_is_trained_with(tuned):
    fitted, _ = tuned
    # 1e-5 for two steps leaves the model as it was; 1e-2 lowers the dev loss
    assert [trial.setting for trial in fitted.trials] == ["learning_rate=1e-05", "learning_rate=0.01"]
    assert fitted.trials[1].dev_loss < fitted.trials[0].dev_loss
    assert fitted.training.learning_rate == 1e-2


def test_the_history_holds_every_step_and_every_evaluation(tuned, engine):
    history = tuned[0].training
    assert [point.step for point in history.losses] == list(range(1, 10))  # 24 rows, batch 8, 3 epochs
    assert [point.epoch for point in history.checkpoints] == [1.0, 2.0, 3.0]
    rows = study().train
    assert (history.method, history.rows) == ("sft", len(rows))
    assert history.trainable_tokens == sum(engine.answer_tokens(row.target) for row in rows)
    assert 0 < history.trainable_parameters < history.total_parameters
    assert history.seconds > 0
    assert history.peak_memory_mb > 100
    assert history.losses[-1].loss < history.losses[0].loss
    assert any("0.01 is outside" in warning for warning in history.warnings)


def test_the_kept_checkpoint_is_the_best_on_dev_and_scores_so_again(tuned):
    fitted, context = tuned
    best = max(fitted.training.checkpoints, key=lambda point: (point.dev_score, -point.dev_loss))
    again = context.score(fitted.program, study().dev, with_loss=True)
    assert fitted.training.best_step == best.step
    assert (again.score, again.loss) == (best.dev_score, pytest.approx(best.dev_loss, abs=1e-5))


def test_only_the_adapter_the_log_and_what_came_of_the_trials_are_left_in_the_arms_folder(tuned):
    fitted, context = tuned
    assert sorted(path.name for path in context.folder.iterdir()) == ["adapter", "training"]
    training = context.folder / "training"
    files = {path.relative_to(training).as_posix() for path in training.rglob("*") if path.is_file()}
    assert len(fitted.trials) > 1
    assert files == {"trainer.log", f"sft-{TRIALS}"}


def test_plain_peft_loads_the_adapter_and_gives_the_same_answers(tuned, engine, tiny_model):
    fitted, context = tuned
    questions = [fitted.program.messages(row.question) for row in study().dev]
    settings = GenerationSettings(context.max_new_tokens)
    plain = PlainEngine(str(tiny_model)).generate(questions, settings, fitted.program.weights)
    ours = engine.generate(questions, settings, fitted.program.weights)
    base = engine.generate(questions, settings, context.base)
    assert [c.text for c in plain] == [c.text for c in ours]
    assert [c.text for c in ours] != [c.text for c in base]


def test_the_tuned_model_has_learnt_to_stop(tuned, engine):
    fitted, _ = tuned
    questions = [fitted.program.messages(row.question) for row in study().dev]
    done = engine.generate(questions, GenerationSettings(20), fitted.program.weights)
    assert {completion.finish for completion in done} == {"stop"}
    assert {completion.text for completion in done} <= set(ANSWERS)


def test_the_model_card_names_method_and_figures_and_no_path(tuned, tiny_model):
    fitted, context = tuned
    card = (context.folder / "adapter" / "README.md").read_text()
    best = next(c for c in fitted.training.checkpoints if c.step == fitted.training.best_step)
    assert f"| dev score | {best.dev_score:.4f} |" in card
    assert "PeftModel.from_pretrained" in card
    assert str(tiny_model.parent) not in card
    assert (context.folder / "adapter" / "chat_template.jinja").is_file()


def test_dpo_shares_the_sft_training_and_says_so(tuned, preferred):
    fitted, context = preferred
    assert any("trained once in this run" in warning for warning in fitted.warnings)
    shared = len(tuned[0].trials)
    assert fitted.trials[:shared] == tuned[0].trials
    assert all(trial.setting.startswith("DPO learning_rate=") for trial in fitted.trials[shared:])
    # three rates of its own, and none of the SFT's again
    assert len({stage for stage in context.stages if stage.startswith("trying")}) == len(fitted.trials) - shared == 3
    assert fitted.training.seconds > tuned[0].training.seconds  # the shared seconds count in both


def test_dpo_is_kept_only_if_dev_says_so(tuned, preferred):
    history = preferred[0].training
    start = history.checkpoints[0]
    sft = next(c for c in tuned[0].training.checkpoints if c.step == tuned[0].training.best_step)
    assert (start.step, start.dev_score, start.dev_loss) == (0, sft.dev_score, sft.dev_loss)
    kept = next(c for c in history.checkpoints if c.step == history.best_step)
    assert (kept.dev_score, -kept.dev_loss) >= (start.dev_score, -start.dev_loss)
    assert history.method == "sft+dpo"
    assert history.losses[0].loss == pytest.approx(0.693147, abs=1e-3)


def test_the_dpo_adapter_is_one_plain_adapter(preferred, engine, tiny_model):
    fitted, context = preferred
    questions = [fitted.program.messages(row.question) for row in study().dev]
    settings = GenerationSettings(context.max_new_tokens)
    plain = PlainEngine(str(tiny_model)).generate(questions, settings, fitted.program.weights)
    ours = engine.generate(questions, settings, fitted.program.weights)
    assert [c.text for c in plain] == [c.text for c in ours]


def test_qlora_trains_and_serves_on_the_4_bit_base(make_context, trained_here):
    context = make_context("qlora_sft", budget=Budget(is_fast=True))
    fitted = baselines.finetune.qlora_sft({"learning_rate": 1e-2}).fit(study(), context)
    assert fitted.program.weights.quantization == "nf4"
    assert {program.weights.quantization for program in context.scored} == {"nf4"}
    assert len(fitted.training.losses) == 2  # a smoke run: two steps, no trial
    assert fitted.trials == ()
    assert "BitsAndBytesConfig" in (context.folder / "adapter" / "README.md").read_text()


def test_rag_lora_trains_and_asks_with_passages(make_context, trained_here):
    context = make_context("rag_lora_sft", budget=Budget(is_fast=True))
    arm = baselines.finetune.rag_lora_sft({"learning_rate": 1e-2, "k": 1})
    context.find = lambda program, rows: arm.retrieve(program, [row.question for row in rows])
    documents = (
        Document("desks", "Messages about a dog go to Paris.", "desks.md"),
        Document("snow", "Messages about snow are for today.", "snow.md"),
    )
    fitted = arm.fit(study(documents=documents), context)
    (found,) = arm.retrieve(fitted.program, [study().dev[0].question])
    assert len(found) == fitted.program.retriever.k == 1
    assert found[0].text in fitted.program.messages(study().dev[0].question, found)[-1].content
    # rows with a passage are longer than the same rows without
    assert arm.needs_documents
    assert arm.family == "combine"
    assert fitted.training.rows == 24


def test_rag_lora_without_documents_is_refused(make_context):
    with pytest.raises(ArmError, match="data.documents"):
        baselines.finetune.rag_lora_sft({}).fit(study(), make_context("rag_lora_sft"))


def lesson_of(context, data=None):
    return prepare(
        data or study(),
        context,
        zero_shot_program(data or study(), context),
        baselines.finetune.lora_sft({"learning_rate": 1e-2}).options,
    )


def test_a_damaged_shared_adapter_is_not_used(tuned, make_context, tmp_path):
    _, context = tuned
    (entry,) = (context.shared / "training").iterdir()
    copy = tmp_path / "training" / entry.name
    shutil.copytree(entry, copy)
    assert store.find(tmp_path, entry.name, "lora_sft") is not None
    weights = copy / "adapter" / "adapter_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert store.find(tmp_path, entry.name, "lora_sft") is None


@pytest.mark.parametrize("missing", ["manifest.json", "history.json", "adapter/adapter_config.json"])
def test_a_half_made_shared_adapter_is_not_used(tuned, tmp_path, missing):
    (entry,) = (tuned[1].shared / "training").iterdir()
    copy = tmp_path / "training" / entry.name
    shutil.copytree(entry, copy)
    (copy / missing).unlink()
    assert store.find(tmp_path, entry.name, "lora_sft") is None


def test_every_part_of_a_training_changes_its_address():
    made_of = {"model": "a", "quantization": None, "rows": [[1, 2]], "seed": 0}
    keys = {store.key_of(made_of)}
    for change in ({"model": "b"}, {"quantization": "nf4"}, {"rows": [[1, 3]]}, {"seed": 1}):
        keys.add(store.key_of({**made_of, **change}))
    assert len(keys) == 5
    assert store.key_of(made_of) in keys


def test_an_adapter_whose_b_is_zero_is_refused(tuned, tmp_path):
    from safetensors.torch import load_file, save_file

    name = "adapter_model.safetensors"
    tensors = load_file(tuned[1].folder / "adapter" / name)
    save_file({k: t * 0 if "lora_B" in k else t for k, t in tensors.items()}, tmp_path / name)
    with pytest.raises(ArmError, match="no-op"):
        check_tensors(tuner_of(LORA), tmp_path)
    save_file({k: t / 0 for k, t in tensors.items()}, tmp_path / name)
    with pytest.raises(ArmError, match="not finite"):
        check_tensors(tuner_of(LORA), tmp_path)


def test_an_adapter_that_moves_no_answer_is_refused(tuned, tmp_path):
    from safetensors.torch import load_file, save_file

    fitted, context = tuned
    copy = shutil.copytree(context.folder / "adapter", tmp_path / "adapter")
    tensors = load_file(copy / "adapter_model.safetensors")
    # B is not zero, and yet far below what fp32 adds to the base's own activations
    faint = {k: t * 1e-12 if "lora_B" in k else t for k, t in tensors.items()}
    save_file(faint, copy / "adapter_model.safetensors", metadata={"format": "pt"})
    check_tensors(tuner_of(LORA), copy)
    bare = replace(fitted.program, weights=context.base)
    check_moves(context, bare, tuner_of(LORA), context.folder / "adapter", study().train[0])
    with pytest.raises(ArmError, match="row row-0 by .* nats per token: what it left does nothing on this base"):
        check_moves(context, bare, tuner_of(LORA), copy, study().train[0])


def test_fewer_than_eight_pairs_are_refused_with_count_and_remedy(make_context):
    context = make_context("lora_dpo")
    given = tuple(Preference(f"p{n}", study().train[0].messages, "Paris", "today" if n else "paris ") for n in range(8))
    data = study(preferences=given)
    with pytest.raises(ArmError, match="only 7 preference pairs.*add pairs"):
        find_pairs(data, lesson_of(context, data), context, 96)


def test_right_answers_give_no_pair(make_context):
    context = make_context("lora_dpo")
    context.answer = lambda program, rows: [f" {row.target.upper()}." for row in rows]
    with pytest.raises(ArmError, match="only 0 preference pairs.*24 of 24 training rows right"):
        find_pairs(study(), lesson_of(context), context, 96)


def test_mined_pairs_set_gold_against_the_models_own_wrong_answer(make_context):
    context = make_context("lora_dpo")
    context.answer = lambda program, rows: ["London\nand more" for _ in rows]
    pairs, source = find_pairs(study(), lesson_of(context), context, most=10)
    gold = {row.id: row.target for row in study().train}
    assert len(pairs) == 10
    assert all((pair.chosen, pair.rejected) == (gold[pair.id], "London") for pair in pairs)
    assert "mined" in source


def test_pair_rejects_the_whole_completion_where_a_rule_reads_a_result_out_of_it(make_context):
    data = study()
    rows = tuple(replace(row, target=f"It is so.\n#### {row.target}") for row in data.train)
    data = replace(data, train=rows, answer=AnswerRule(Reader("first_line", "####")))
    context = make_context("lora_dpo")
    for said in ("It is so.\n#### London", "London, I would say"):  # the second has no result at all
        context.answer = lambda program, asked, said=said: [f"<think>well</think>{said}" for _ in asked]
        pairs, _ = find_pairs(data, lesson_of(context, data), context, most=10)
        assert {pair.rejected for pair in pairs} == {said}
        assert {pair.chosen for pair in pairs} <= {row.target for row in rows}


def test_an_empty_answer_is_not_a_wrong_answer():
    row = study().train[0]
    assert not is_wrong(" \n", row)
    assert is_wrong("London", row)
    assert normalised("  PARIS. ") == normalised("Paris")


def test_train_rows_are_capped_by_the_budget_with_a_warning(make_context):
    context = make_context("lora_sft", budget=Budget(train_rows=10))
    plan = lesson_of(context)
    assert len(plan.rows) == 10
    assert "trained on 10 of 24 rows" in plan.warnings[0]


def test_a_training_whose_rows_have_no_answer_never_starts(make_context):
    context = make_context("lora_sft")
    data = study()
    data = replace(data, train=tuple(replace(row, target="") for row in data.train))
    with pytest.raises(ArmError, match="24 of 24 training rows have no answer token.*row-0, row-1"):
        lesson_of(context, data)
    assert not (context.folder / "training").exists()


def test_a_finished_training_is_reused_without_starting_a_process(tuned, make_context):
    _, before = tuned
    context = make_context("again", shared=before.shared)
    fitted = baselines.finetune.lora_sft(OPTIONS).fit(study(), context)
    assert fitted.training == tuned[0].training
    assert not (context.folder / "training").exists()
    names = ("adapter_model.safetensors", "adapter_config.json")
    for name in names:
        assert (context.folder / "adapter" / name).read_bytes() == (before.folder / "adapter" / name).read_bytes()


def test_the_adapter_config_names_the_base(tuned, tiny_model):
    config = json.loads((tuned[1].folder / "adapter" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(tiny_model)
    assert config["peft_type"] == "LORA"


@pytest.mark.parametrize("make", [lora_sft, qlora_sft, rag_lora_sft, lora_dpo])
def test_unknown_options_are_refused(make):
    with pytest.raises(ValidationError, match="learning_rat"):
        make({"learning_rat": 1e-4})


def test_the_pairs_that_dpo_learnt_from_are_left_in_its_folder(preferred):
    fitted, context = preferred
    pairs = [decode(Preference, line) for line in (context.folder / "pairs.jsonl").read_text().splitlines()]
    gold = {row.id: row.target for row in study().train}
    assert len(pairs) == fitted.training.rows
    assert all(pair.chosen == gold[pair.id] and is_wrong(pair.rejected, row_of(pair)) for pair in pairs)


def row_of(pair: Preference) -> Example:
    return next(row for row in study().train if row.id == pair.id)
