"""What weights lost, as arms see it while they choose: reduced to one share of a budget, on material of its own."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx
from scripted_context import ScriptedEngine, scripted_context

from harness.errors import ArmError
from harness.evidence import selection
from harness.evidence.selection import Material, SelectionProbe, forgetting_of
from harness.program import Prompt
from harness.records import BenchmarkItem, Forgetting, GeneralAbility, Limits, OffTaskAnswer, TextLoss, Weights
from harness.store.files import decode, encode

LIMITS = Limits(max_drop=0.03, max_text_loss=0.25, max_off_task=0.10)
PROMPT = Prompt("Answer with a code.", "{{ input }}")


def texts(*losses: float, tokens: int = 10) -> tuple[TextLoss, ...]:
    return tuple(TextLoss(f"text{i}", loss, tokens) for i, loss in enumerate(losses))


def answers(*are_the_tasks: bool, prompted: bool = False) -> tuple[OffTaskAnswer, ...]:
    return tuple(
        OffTaskAnswer(f"q{i}{'-prompted' if prompted else ''}", "?", "A-1", is_the_tasks, is_prompted=prompted)
        for i, is_the_tasks in enumerate(are_the_tasks)
    )


def items(*probabilities: float | None) -> tuple[BenchmarkItem, ...]:
    return tuple(BenchmarkItem("sums", str(i), 1.0, p, 0.25) for i, p in enumerate(probabilities))


ONE_TEXT = (TextLoss("text0", 20.0, 10),)


def ability(items=(), texts=ONE_TEXT, off_task=()) -> GeneralAbility:
    return GeneralAbility("any", items, texts, off_task)


def reduced(base: GeneralAbility, tuned: GeneralAbility, limits: Limits = LIMITS) -> Forgetting:
    """Reduce two measurements as before a gate of 128 unrelated questions."""
    return forgetting_of(base, tuned, limits, 128)


def test_text_loss_is_the_mean_of_the_texts_changes_a_token():
    # 10 tokens each: (21 - 20) / 10 = 0.1 and (32 - 30) / 10 = 0.2; mean 0.15; of half of 0.25 that is 1.2
    found = reduced(ability(texts=texts(20, 30)), ability(texts=texts(21, 32)))
    assert found.text_loss == approx(0.15)
    assert found.spent == approx(0.15 / 0.125)
    assert not found.is_inside


def test_off_task_is_the_worse_of_alone_and_under_the_prompt_and_pairs_with_the_base():
    # alone: one of four turned (another was the base's own); under the prompt: two of four
    base = ability(off_task=(*answers(True, False, False, False), *answers(*[False] * 4, prompted=True)))
    tuned = ability(off_task=(*answers(True, True, False, False), *answers(True, True, False, False, prompted=True)))
    found = reduced(base, tuned)
    assert found.off_task == 0.5
    # from four questions not even one may be turned: the budget ends at half a question
    assert found.spent == approx(2 / 0.5)


def test_probability_is_granted_a_standard_error_before_it_spends():
    # changes -0.2, -0.1, 0, -0.1: mean -0.1; deviations 0.1, 0, 0.1, 0 give variance 0.02 / 3; error sqrt(0.02/3)/2
    base, tuned = ability(items(0.5, 0.5, 0.5, 0.5)), ability(items(0.3, 0.4, 0.5, 0.4))
    found = reduced(base, tuned)
    assert found.probability == approx(-0.1)
    assert found.spent == approx((0.1 - math.sqrt(0.02 / 3) / 2) / 0.015)


def test_a_drop_within_its_standard_error_spends_nothing():
    # changes -0.3, 0.2, -0.1, 0.1: mean -0.025, far below the error of 0.11
    found = reduced(ability(items(0.5, 0.5, 0.5, 0.5)), ability(items(0.2, 0.7, 0.4, 0.6)))
    assert found.probability == approx(-0.025)
    assert found.spent == 0.0


def test_without_benchmark_items_there_is_no_change_of_probability():
    assert reduced(ability(), ability()).probability is None


def test_gains_on_one_side_do_not_pay_for_losses_on_another():
    # text became easier, and every question got the task's answer
    base = ability(texts=texts(30), off_task=answers(False))
    found = reduced(base, ability(texts=texts(20), off_task=answers(True)))
    assert found.text_loss == approx(-1.0)
    assert found.spent == approx(1 / 0.5)


@pytest.mark.parametrize("lost", [math.nan, math.inf])
@pytest.mark.parametrize("limits", [LIMITS, replace(LIMITS, max_text_loss=0.0, max_drop=0.0)])
def test_what_is_no_number_is_outside_every_budget(lost, limits):
    base = ability(items(0.5, 0.5), texts(20))
    for tuned in (ability(items(0.5, 0.5), texts(lost)), ability(items(0.5, -lost), texts(20))):
        found = reduced(base, tuned, limits)
        assert found.spent == math.inf
        assert not found.is_inside
    assert not Forgetting(0.0, 0.0, None, math.nan).is_inside


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_kept_and_read_again(number):
    again = decode(Forgetting, encode(Forgetting, Forgetting(number, 0.0, None, math.inf)))
    assert again.spent == math.inf
    assert math.isnan(again.text_loss) if math.isnan(number) else again.text_loss == number


def test_a_limit_of_zero_allows_nothing_and_forgives_no_loss():
    strict = replace(LIMITS, max_text_loss=0.0)
    assert reduced(ability(texts=texts(20)), ability(texts=texts(20)), strict).spent == 0.0
    assert reduced(ability(texts=texts(20)), ability(texts=texts(20.1)), strict).spent == math.inf


def test_routed_weights_spend_nothing_and_still_say_what_they_lost():
    routed = replace(LIMITS, deployment="routed")
    found = reduced(ability(texts=texts(20)), ability(texts=texts(40)), routed)
    assert (found.text_loss, found.spent) == (approx(2.0), 0.0)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=6), st.floats(0, 5), st.floats(0, 5))
def test_weights_that_lose_nothing_spend_nothing_and_a_heavier_loss_never_spends_less(pairs, lost, more):
    base = ability(items(*[before for before, _ in pairs]), texts(20, 30))
    assert reduced(base, base).spent == 0.0
    changed = items(*[after for _, after in pairs])
    light, heavy = (ability(changed, texts(20 + loss, 30)) for loss in (lost, lost + more))
    assert reduced(base, heavy).spent >= reduced(base, light).spent


# ---- what is asked, and how often ------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch):
    """Stand in for the measurement, and write down what it was asked."""
    calls: list[tuple[Weights, dict[str, object]]] = []

    def measure(engine, weights, name, **given):
        calls.append((weights, given))
        return ability(texts=texts(20.0 if weights.adapter is None else 21.0))

    monkeypatch.setattr(selection, "measure", measure)
    return calls


def probe() -> SelectionProbe:
    material = Material(("core",), None, 48, 96, 128, frozenset({"A-1"}), PROMPT, LIMITS, 0)
    return SelectionProbe(None, material, lambda *_: None)  # type: ignore[arg-type]


def adapter(folder: Path, content: str) -> Weights:
    folder.mkdir(exist_ok=True)
    (folder / "adapter_model.safetensors").write_text(content)
    (folder / "adapter_config.json").write_text("{}")
    return Weights("model", adapter=str(folder))


def test_only_selections_own_material_is_asked_and_under_the_tasks_prompt(asked, tmp_path):
    probe().forgetting(adapter(tmp_path / "a", "one"))
    assert {given["use"] for _, given in asked} == {"selection"}
    assert all((given["limit"], given["prompt"], given["task_answers"]) == (48, PROMPT, {"A-1"}) for _, given in asked)
    assert {given["questions"] for _, given in asked} == {96}


def test_the_base_is_measured_once_for_each_quantisation(asked, tmp_path):
    measured = probe()
    for content in ("one", "two"):
        measured.forgetting(adapter(tmp_path / content, content))
        measured.forgetting(replace(adapter(tmp_path / content, content), quantization="nf4"))
    bases = [(weights.quantization, weights.adapter) for weights, _ in asked if weights.adapter is None]
    assert bases == [(None, None), ("nf4", None)]
    assert len(asked) == 2 + 4


def test_equal_weights_are_measured_once_wherever_they_lie_and_a_reused_path_again(asked, tmp_path):
    measured = probe()
    measured.forgetting(adapter(tmp_path / "a", "one"))
    measured.forgetting(adapter(tmp_path / "b", "one"))
    assert len(asked) == 2  # the base, and the weights
    measured.forgetting(adapter(tmp_path / "a", "another"))
    assert len(asked) == 3


def test_a_bench_without_a_probe_says_so(tmp_path):
    context = scripted_context(tmp_path, ScriptedEngine(lambda conversation: "yes"), baseline=None)
    with pytest.raises(ArmError, match="no material"):
        context.forgetting(Weights("model"))


def test_a_bench_asks_its_probe(asked, tmp_path):
    context = scripted_context(tmp_path, ScriptedEngine(lambda conversation: "yes"), baseline=None)
    context = replace(context, probe=probe())
    # one nat more on ten tokens
    assert context.forgetting(adapter(tmp_path / "a", "one")).text_loss == approx(0.1)


def test_a_run_lends_its_arms_a_probe_with_its_own_limits_and_prompt(tiny_task, tmp_path):
    from harness.evidence.arm import Workplace
    from harness.task import load_task

    task = load_task(tiny_task("zero_shot"))
    place = Workplace(task, *[None] * 5, is_fast=False)  # type: ignore[arg-type]
    place = replace(place, events=type("EventWriter", (), {"progress": print}))
    material = place.probe.material
    assert (material.tasks, material.limits, material.seed) == (task.general.tasks, task.limits, task.seeds[0])
    assert material.prompt == Prompt(task.study.system, task.study.template)
    assert material.task_answers == {example.target for example in task.study.train}
    assert place.probe is place.probe  # so that all arms share what is known of the base
    assert material.items == selection.ITEMS
    assert replace(place, is_fast=True).probe.material.items == selection.FAST_ITEMS


def test_benchmark_items_that_the_tuned_weights_could_not_answer_count_as_lost():
    # all four of four right answers at a probability of 0.9: a change of -0.9 each
    lost = tuple(replace(item, score=math.nan, probability=None) for item in items(0.9, 0.9, 0.9, 0.9))
    found = reduced(ability(items(0.9, 0.9, 0.9, 0.9)), ability(lost))
    assert found.probability == approx(-0.9)
    assert not found.is_inside


def test_generated_answers_without_probabilities_count_by_their_score():
    right = items(None, None, None, None)
    wrong = tuple(replace(item, score=0.0) for item in right)
    assert not reduced(ability(right), ability(wrong)).is_inside
    assert reduced(ability(right), ability(right)).is_inside


def test_texts_that_were_not_asked_are_not_taken_for_unharmed():
    assert not reduced(ability(texts=()), ability(texts=())).is_inside


def test_item_that_the_base_alone_could_not_answer_is_no_loss():
    part = (replace(items(0.9)[0], score=math.nan, probability=None), *items(0.9, 0.9, 0.9)[1:])
    assert reduced(ability(part), ability(items(0.9, 0.9, 0.9))).is_inside
