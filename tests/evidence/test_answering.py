import pytest
from scripted_context import ScriptedEngine

from harness.engine.faults import is_out_of_memory
from harness.engine.halving import in_halves
from harness.errors import ArmError, ItemError
from harness.evidence.answering import BATCH_ROWS, BATCH_TOKENS, answer, classify, plan_batches, retrieve_with
from harness.program import Choices, Program, Prompt, Reader, Retriever
from harness.records import Completion, GenerationSettings, Likelihood, Message, Outcome, Question, Weights


def program(reader: Reader) -> Program:
    return Program(Weights("m"), Prompt(), GenerationSettings(8), reader)


SLOW = Reader("pattern", pattern="((?:a|aa)+)$")  # of 2^60 ways to match 60 letters, all are tried before it fails


def completion(text: str, finish: str = "stop") -> Completion:
    return Completion(text, finish, 5, 3, 0.1)


@pytest.mark.parametrize(
    ("reader", "text", "finish", "answer_read", "outcome"),
    [
        (Reader(), " KX-20 \n", "stop", "KX-20", Outcome.SCORED),
        (Reader(), "", "context_overflow", None, Outcome.CONTEXT_OVERFLOW),
        (Reader(), " \n ", "stop", None, Outcome.EMPTY),
        (Reader(), "and so on and", "length", None, Outcome.TRUNCATED),
        (Reader("first_line"), "KX-20\nand so on", "length", "KX-20", Outcome.SCORED),
        (Reader("first_line"), "and so on", "length", None, Outcome.TRUNCATED),
        (Reader("first_line"), "no\nI know that", "length", "no", Outcome.SCORED),
        (Reader("first_line", "Answer:"), "no. Answer: no\nI know", "length", "no", Outcome.SCORED),
        (Reader("first_line", "Answer:"), "line\nAnswer: lin", "length", None, Outcome.TRUNCATED),
        (Reader("first_line", "Answer:"), "I think.\nanswer: KX-20", "stop", "KX-20", Outcome.SCORED),
        (Reader("first_line", "Answer:"), "I think so.", "stop", None, Outcome.UNPARSED),
        (Reader("first_line", "Answer:"), "I think and think", "length", None, Outcome.TRUNCATED),
        (Reader("first_line", "Answer:"), "Answer: a\nAnswer: b\n", "stop", "b", Outcome.SCORED),
        (Reader(), "I'm sorry, but I cannot help.", "stop", "I'm sorry, but I cannot help.", Outcome.REFUSED),
        (Reader("first_line"), "<think>\nA kettle.\n</think>\n\nKX-20", "stop", "KX-20", Outcome.SCORED),
        (Reader("first_line"), "A kettle.\n</think>\n\nKX-20\nand", "length", "KX-20", Outcome.SCORED),
        (Reader(), "<think>A kettle, so KX-20", "length", None, Outcome.TRUNCATED),
        (Reader(), "<think>A kettle, so KX-20", "stop", None, Outcome.UNPARSED),
        (Reader("first_line", "Answer:"), "<think>Answer: a</think>Answer: b", "stop", "b", Outcome.SCORED),
        (SLOW, "a" * 60 + "b", "stop", None, Outcome.PATTERN_STOPPED),
        (SLOW, "a" * 60 + "b", "length", None, Outcome.PATTERN_STOPPED),
        (Reader("first_line", "Answer:", then=SLOW), f"Answer: {'a' * 60}b\nno", "stop", None, Outcome.PATTERN_STOPPED),
        (SLOW, "b", "stop", None, Outcome.UNPARSED),
    ],
)
def test_completion_ends_in_exactly_one_class(reader, text, finish, answer_read, outcome):
    assert classify(completion(text, finish), program(reader)) == (answer_read, outcome)


def test_batches_hold_every_row_once_within_rows_and_tokens():
    lengths = [(37 * i) % 900 + 1 for i in range(300)]
    batches = plan_batches(lengths, new_tokens=16)
    assert sorted(row for batch in batches for row in batch) == list(range(300))
    for batch in batches:
        width = max(lengths[row] for row in batch) + 16
        assert len(batch) <= BATCH_ROWS
        assert len(batch) == 1 or len(batch) * width <= BATCH_TOKENS


def test_row_longer_than_the_token_budget_is_a_batch_of_its_own():
    assert plan_batches([BATCH_TOKENS * 2, 1], new_tokens=1) == [[0], [1]]


def test_halved_batches_hold_half_the_tokens_and_rows():
    lengths = [228] * 300
    whole, halved, least = (plan_batches(lengths, 28, shrink) for shrink in (0, 1, 20))
    assert len(whole[0]) == 128  # 128 rows of 256 tokens are 32,768
    assert len(halved[0]) == 64
    assert {len(batch) for batch in least} == {1}


def no_passages(questions):
    return [()] * len(questions)


def ignore(message):
    pass


class CountingEngine:
    """Answers each conversation with its own last words and notes every batch."""

    def __init__(self):
        self.batches = []

    def count_tokens(self, conversation):
        return len(conversation[-1].content)

    def generate(self, conversations, settings, weights):
        self.batches.append([conversation[-1].content for conversation in conversations])
        return [completion(conversation[-1].content) for conversation in conversations]


def test_resumed_pass_asks_only_the_missing_batches_and_the_same_ones(monkeypatch):
    monkeypatch.setattr("harness.evidence.answering.BATCH_ROWS", 4)
    questions = [Question(str(i), (Message("user", "x" * (i + 1)),)) for i in range(10)]

    def run(done):
        engine = CountingEngine()
        list(answer(program(Reader()), questions, engine, no_passages, done, log=ignore))
        return engine.batches

    whole = run(set())
    first = {question.id for question in questions if question.text in whole[0]}
    assert len(whole) == 3
    assert run(first) == whole[1:]
    assert run({question.id for question in questions}) == []


class FailingEngine(CountingEngine):
    """Raises for every batch that holds one of these texts."""

    def __init__(self, bad, fault):
        super().__init__()
        self.bad, self.fault = bad, fault

    def generate(self, conversations, settings, weights):
        answers = super().generate(conversations, settings, weights)
        if self.bad & {conversation[-1].content for conversation in conversations}:
            raise self.fault
        return answers


def ask(engine, done=()):
    questions = [Question(str(i), (Message("user", "x" * (i + 1)),)) for i in range(6)]
    lines = []
    batches = answer(program(Reader()), questions, engine, no_passages, done, log=lines.append)
    return {p.example_id: p.outcome for batch in batches for p in batch}, lines


def test_batch_that_fails_is_asked_item_by_item_and_the_bad_one_is_named():
    outcomes, lines = ask(FailingEngine({"xxx"}, IndexError("out of range")))
    assert outcomes.pop("2") == Outcome.WORKER_ERROR
    assert set(outcomes.values()) == {Outcome.SCORED}
    assert "2 could not be answered: IndexError: out of range" in lines


def test_item_that_alone_needs_more_memory_than_there_is_costs_itself_and_not_its_arm():
    def do(items):
        if "xxx" in items:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return list(items)

    with pytest.raises(ItemError) as raised:
        in_halves(do, ["x", "xx", "xxx"], "a prompt of {} characters".format)
    outcomes, lines = ask(FailingEngine({"xxx"}, raised.value))
    assert outcomes.pop("2") == Outcome.WORKER_ERROR
    assert set(outcomes.values()) == {Outcome.SCORED}
    assert any("2 could not be answered" in line and "memory" in line for line in lines)


class OutOfMemoryError(RuntimeError):
    """Named as torch's."""


class AcceleratorError(RuntimeError):
    """Named as torch's, for a device that has failed."""


@pytest.mark.parametrize(
    "fault",
    [MemoryError(), OutOfMemoryError("CUDA out of memory"), AcceleratorError("illegal access"), ArmError("no adapter")],
)
def test_fault_that_is_not_about_an_item_ends_the_pass(fault):
    engine = FailingEngine({"xxx"}, fault)
    with pytest.raises(type(fault)):
        ask(engine)
    assert len(engine.batches) == 1


@pytest.mark.parametrize(
    ("fault", "answer_expected"),
    [
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
            True,
        ),
        (OSError(12, "Cannot allocate memory"), True),
        (RuntimeError("shapes do not match"), False),
        (ValueError("out of memory of the past"), False),
    ],
)
def test_lack_of_memory_is_told_from_other_faults(fault, answer_expected):
    assert is_out_of_memory(fault) == answer_expected
    wrapped = ArmError("the model cannot be loaded")
    wrapped.__cause__ = fault
    assert is_out_of_memory(wrapped) == answer_expected


def test_a_program_with_a_retriever_needs_a_baseline_that_can_search():
    program = Program(Weights("model"), Prompt(), GenerationSettings(4), retriever=Retriever("index", 2))
    with pytest.raises(ArmError, match="object has no method 'retrieve'"):
        retrieve_with(object(), program)


CHOOSING = Program(
    Weights("m"), Prompt(), GenerationSettings(3), choices=Choices(("Sorry", "of two words"), (0.0, 0.0))
)


class Judge(ScriptedEngine):
    """Finds the label likelier that the question's first word names; fails at 'broken'."""

    replayed_seconds, replayed = 0.0, 0

    def loglikelihood(self, requests, weights):
        if any("broken" in context[-1].content for context, _ in requests):
            raise ValueError("broken")
        self.replayed_seconds += 8.0 * len(requests)  # as if a cache had spared it
        return [[self.likelihood(context, text) for text in texts] for context, texts in requests]

    def likelihood(self, context, text):
        return Likelihood(-1.0 if context[-1].content.startswith(text[:2]) else -2.0, len(text.split()), False)


def chosen(*texts, window=1000):
    engine = Judge(reply=None, context_window=window)
    asked = [Question(text, (Message("user", text),)) for text in texts]
    batches = answer(CHOOSING, asked, engine, lambda questions: [()] * len(questions), log=lambda line: None)
    return {p.example_id: p for batch in batches for p in batch}


def test_likeliest_label_is_the_answer_and_no_refusal():
    found = chosen("Sorry or not", "of what")
    assert {p.example_id: (p.text, p.answer, p.outcome, p.finish) for p in found.values()} == {
        "Sorry or not": ("Sorry", "Sorry", Outcome.SCORED, "stop"),
        "of what": ("of two words", "of two words", Outcome.SCORED, "stop"),
    }


def test_choice_counts_the_prompt_the_tokens_of_all_labels_and_the_time_that_a_cache_spared():
    found = chosen("Sorry or not", "of what")
    assert {p.example_id: (p.prompt_tokens, p.completion_tokens) for p in found.values()} == {
        "Sorry or not": (3, 1 + 3),
        "of what": (2, 1 + 3),
    }
    assert all(8 <= p.seconds < 9 for p in found.values())


def test_choice_without_room_for_the_longest_label_is_a_context_overflow():
    # the longest label has three words and an end token
    found = chosen("Sorry or not", "Sorry", window=6)
    assert (found["Sorry"].outcome, found["Sorry or not"].outcome) == (Outcome.SCORED, Outcome.CONTEXT_OVERFLOW)
    assert found["Sorry or not"].answer is None
    assert found["Sorry or not"].completion_tokens == 0


def test_choice_that_fails_costs_its_own_item_alone():
    found = chosen("Sorry", "broken", "of")
    assert {item: p.outcome for item, p in found.items()} == {
        "Sorry": Outcome.SCORED,
        "broken": Outcome.WORKER_ERROR,
        "of": Outcome.SCORED,
    }
