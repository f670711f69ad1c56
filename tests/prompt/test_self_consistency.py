"""Several answers to a question, of which the most frequent result counts."""

import ast
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from scripted_context import ScriptedEngine, row, scripted_context

from baselines.prompt import chain_of_thought
from harness.answer_reading import AnswerRule, Reader, elect
from harness.chat.turns import without_thought
from harness.evidence.answering import answer, elected
from harness.evidence.fits import fits_of
from harness.program import Program, Prompt
from harness.records import Completion, GenerationSettings, Outcome, Study, Weights

sys.path.insert(0, str(Path(__file__).parents[1] / "exporting"))

STUDY = Study((row("t", "one", "a"),), (row("d", "two", "b"),))


class Drawing(ScriptedEngine):
    """Answers by the seed of each draw."""

    def generate(self, conversations, settings, weights):
        self.asked.append(settings)
        texts = ("Answer: a", "I think.", "so\nAnswer: B", "Answer: b ", "Answer: c")
        return [Completion(texts[settings.seed % 5], "stop", 9, 4, 0.5) for _ in conversations]


def program_of(samples: int, tmp_path, engine) -> Program:
    arm = chain_of_thought({"samples": samples, "temperature": 0.5})
    return arm.fit(STUDY, replace_seed(scripted_context(tmp_path, engine, arm), 10)).program


def replace_seed(context, seed):
    context.seed = seed
    return context


def test_most_frequent_result_counts_and_all_are_paid_for(tmp_path):
    engine = Drawing(lambda c: "")
    program = program_of(5, tmp_path, engine)
    [[found]] = answer(program, [STUDY.dev[0].question], engine, lambda asked: [()], log=print)
    assert (found.text, found.answer, found.outcome) == ("so\nAnswer: B", "B", Outcome.SCORED)
    assert found.probability == pytest.approx(2 / 5)
    assert (found.completion_tokens, found.seconds) == (5 * 4, pytest.approx(5 * 0.5))
    assert [(asked.seed, asked.temperature) for asked in engine.asked] == [(10 + n, 0.5) for n in range(5)]


def test_one_answer_is_greedy(tmp_path):
    program = program_of(1, tmp_path, Drawing(lambda c: ""))
    assert (program.samples, program.generation.temperature) == (1, 0.0)


@pytest.mark.parametrize(
    ("texts", "chosen", "probability"),
    [
        (("Answer: a", "Answer: b"), "Answer: a", 0.5),  # of equals the first
        (("none", "Answer: b", "nothing"), "Answer: b", 1 / 3),
        (("none", "nothing"), "none", None),
    ],
)
def test_ties_and_answers_without_a_result(texts, chosen, probability):
    program = Program(
        Weights("m"), Prompt(), GenerationSettings(4), Reader("first_line", "Answer:"), samples=len(texts)
    )
    found = elected(program, [Completion(text, "stop", 1, 1, 0.0) for text in texts])
    assert (found.text, found.probability) == (chosen, pytest.approx(probability) if probability else None)


def test_program_comes_back_with_its_samples(tmp_path):
    program = program_of(3, tmp_path, Drawing(lambda c: ""))
    assert Program.from_dict(program.to_dict(tmp_path), tmp_path) == program
    assert replace(program, samples=2).digest != program.digest


def test_real_draws_depend_on_their_seed_alone(tiny_model):
    from harness.engine.transformers_engine import TransformersEngine

    engine, weights = TransformersEngine(str(tiny_model)), Weights(str(tiny_model))
    prompts = [STUDY.dev[0].messages, STUDY.train[0].messages]

    def drawn(seed):
        return [one.text for one in engine.generate(prompts, GenerationSettings(8, 5.0, seed), weights)]

    assert drawn(1) == drawn(1) != drawn(2)


@pytest.mark.parametrize(("samples", "fits"), [(1, 1), (4, 3)])
def test_arm_that_draws_answers_once_a_seed(samples, fits):
    from harness.task.task import ArmSpec, ModelSpec

    class Task:
        seeds = (0, 1, 2)

    arm = ArmSpec("cot", "chain_of_thought", {"samples": samples}, ModelSpec("m"))
    assert len(fits_of(arm, Task)) == fits


CUT = [("Answer: a", "length"), ("Answer: a", "length"), ("Answer: b", "stop")]
ACCENTS = [("Answer: São", "stop"), ("Answer: Rio", "stop"), ("Answer: Sao", "stop")]
SPACES = [("Answer: 1 000", "stop"), ("Answer: 7", "stop"), ("Answer: 1000", "stop")]


@pytest.mark.parametrize(
    ("said", "ignore", "chosen", "votes"),
    [(CUT, (), "Answer: b", 1), (ACCENTS, ("accents",), "Answer: São", 2), (SPACES, ("spaces",), "Answer: 1 000", 2)],
)
def test_vote_is_over_results_as_the_rule_leaves_them_in_the_run_and_in_the_export(said, ignore, chosen, votes):
    rule = AnswerRule(Reader("last_line", "Answer:"), ignore)
    program = Program(Weights("m"), Prompt(), GenerationSettings(4), samples=3).reading(rule)
    found = elected(program, [Completion(text, finish, 1, 1, 0.0) for text, finish in said])
    assert (found.text, found.probability) == (chosen, pytest.approx(votes / 3))
    assert Program.from_dict(program.to_dict(Path()), Path()) == program
    assert exported(program, said) == rule.reader.read(chosen)


def exported(program: Program, said) -> str:
    """What the export's own functions answer for these completions."""
    from test_answer_script import script

    tree = ast.parse(script(samples=3))
    kept = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in ("read", "vote", "answer")]
    texts = iter(said)
    ending = SimpleNamespace(is_whole=True)

    def complete(turns):
        text, finish = next(texts)
        ending.is_whole = finish == "stop"
        return text

    prompt = {"samples": 3, "ignore": list(program.ignore), "reader": json.loads(json.dumps(asdict(program.reader)))}
    names = {"PROMPT": prompt, "ENDING": ending, "complete": complete}
    names |= {
        "Reader": Reader,
        "elect": elect,
        "without_thought": without_thought,
        "said": lambda text, form: text,
        "FORM": None,
    }
    exec(compile(ast.Module(kept, []), "answer.py", "exec"), names)
    return names["answer"]("", {})


def test_export_sees_whether_the_real_model_ended_by_itself(tiny_model):
    import torch
    from test_answer_script import script
    from transformers import AutoTokenizer, GenerationConfig, StoppingCriteriaList, pipeline

    (made,) = [node for node in ast.parse(script(samples=2)).body if isinstance(node, ast.ClassDef)]
    writer = pipeline("text-generation", str(tiny_model), device="cpu")
    for stops in ([], list(range(len(AutoTokenizer.from_pretrained(tiny_model))))):
        names = {"PROMPT": {"generation": {"eos_token_id": stops}}, "torch": torch}
        exec(compile(ast.Module([made], []), "answer.py", "exec"), names)
        ending = names["Ending"]()
        settings = GenerationConfig(max_new_tokens=3, eos_token_id=stops or None, pad_token_id=0)
        writer("one", generation_config=settings, stopping_criteria=StoppingCriteriaList([ending]))
        assert ending.is_whole is bool(stops)
