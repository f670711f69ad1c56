"""How many passages `rag_lora_sft` shows, settled on dev."""

from dataclasses import dataclass, replace

import pytest
from fit_ground import study
from scripted_context import ScriptedEngine, scripted_context

import baselines.finetune
from baselines.finetune.passages import settle_passages
from baselines.rag.prompting import passages_prompt
from harness.contract import Budget
from harness.errors import ArmError
from harness.program import Program, Retriever
from harness.records import Document, GenerationSettings, Message, Passage, Weights

DATA = study(train=2, dev=8)


@dataclass
class Arm:
    """Finds its passages in one order for every question."""

    order: tuple[str, ...] = ("a", "b", "c")

    def retrieve(self, program, questions):
        found = tuple(Passage(name, f"page-{name}", f"text {name}") for name in self.order)
        return [found[: program.retriever.k] for _ in questions]


def settle(tmp_path, data, arm=None, engine=None, budget=None, numbers=(1, 2, 3), **options):
    arm = arm or Arm()
    programs = [
        Program(Weights("scripted"), passages_prompt(data), GenerationSettings(4), retriever=Retriever("index", k))
        for k in numbers
    ]
    context = scripted_context(tmp_path, engine or ScriptedEngine(lambda conversation: "?"), arm, budget)
    chosen = baselines.finetune.rag_lora_sft(options).options
    program, trials, warnings = settle_passages(data, context, programs, arm, chosen)
    return program.retriever.k, [(trial.setting, trial.dev_score) for trial in trials], warnings


def with_evidence(*evidence):
    """Dev rows whose evidence stands on these pages."""
    rows = tuple(replace(row, evidence=(name,)) for row, name in zip(DATA.dev, evidence, strict=True))
    return replace(DATA, dev=rows)


def test_evidence_on_dev_chooses_the_fewest_passages_that_find_as_much_as_can_be_told(tmp_path):
    # found: 4, 7, 8 of 8; the most is 1.0 and certain, so only 3 will do
    data = with_evidence(*["page-a"] * 4, *["page-b"] * 3, "page-c")
    k, trials, _ = settle(tmp_path, data)
    assert k == 3
    told = "(recall of the evidence on 8 dev rows)"
    assert trials == [(f"k=1 {told}", 4 / 8), (f"k=2 {told}", 7 / 8), (f"k=3 {told}", 1.0)]
    # found: 4, 6, 7 of 8; 7/8 is uncertain by sqrt(7/64/8) = 0.117, and 6/8 is 0.125 below it
    assert settle(tmp_path, with_evidence(*["page-a"] * 4, *["page-b"] * 2, "page-c", "elsewhere"))[0] == 3
    # found: 2, 6, 6 of 8: the third passage finds nothing more
    assert settle(tmp_path, with_evidence(*["page-a"] * 2, *["page-b"] * 4, *["elsewhere"] * 2))[0] == 2
    # found: 5, 6, 6 of 8; 6/8 is uncertain by sqrt(3/16/8) = 0.153, and 5/8 is 0.125 below it
    assert settle(tmp_path, with_evidence(*["page-a"] * 5, "page-b", *["elsewhere"] * 2))[0] == 1


def test_number_is_chosen_by_the_passages_with_the_answers_where_these_are_known(tmp_path):
    dev = tuple(
        replace(row, messages=(Message("user", f"Which code has city {at}?"),), target=f"C{at}", evidence=("page-a",))
        for at, row in enumerate(DATA.dev)
    )
    lines = [f"city {at} has C{at}." for at in range(8)]
    data = replace(DATA, dev=dev, documents=(Document("page-a", "\n".join(lines), "a.md"),))
    parts = {"a": lines[:3], "b": lines[3:], "c": []}  # passages of one page: by the page, the first finds all

    class Cut(Arm):
        def retrieve(self, program, questions):
            found = [Passage(name, "page-a", "\n".join(part)) for name, part in parts.items()]
            return [tuple(found[: program.retriever.k])] * len(questions)

    told = "(recall of the passages with the answer on 8 dev rows)"
    k, trials, _ = settle(tmp_path, data, Cut())
    assert trials == [(f"k=1 {told}", 3 / 8), (f"k=2 {told}", 1.0), (f"k=3 {told}", 1.0)]
    assert k == 2


def test_without_evidence_the_base_models_answers_choose(tmp_path):
    engine = ScriptedEngine(lambda conversation: "Paris" if "text b" in conversation[-1].content else "?")
    k, trials, _ = settle(tmp_path, DATA, engine=engine)
    right = sum(row.target == "Paris" for row in DATA.dev) / len(DATA.dev)
    assert trials == [("k=1", 0.0), ("k=2", right), ("k=3", right)]
    assert k == 2  # equal scores and losses: fewer passages


def test_numbers_whose_prompts_exceed_the_window_are_left_out_with_a_warning(tmp_path):
    # a passage takes three words, and three of them with the rest 19; four more are for the answer
    engine = ScriptedEngine(lambda conversation: "?", context_window=22)
    k, trials, warnings = settle(tmp_path, with_evidence(*["page-b"] * 8), engine=engine)
    assert (k, [setting[:3] for setting, _ in trials]) == (2, ["k=1", "k=2"])
    assert [warning.partition(":")[0] for warning in warnings] == ["k=3 left out"]
    with pytest.raises(ArmError, match="k=1 left out.*lower chunk_tokens"):
        settle(tmp_path, DATA, engine=ScriptedEngine(lambda conversation: "?", context_window=6))


def test_a_number_that_is_given_is_taken_and_a_smoke_run_takes_the_fewest(tmp_path):
    assert settle(tmp_path, DATA, numbers=(2,), k=2) == (2, [], ())
    assert settle(tmp_path, with_evidence(*["page-c"] * 8), budget=Budget(is_fast=True))[:2] == (1, [])
