"""One arm from start to end: learn, answer the test questions, measure what tuning made it forget."""

import time
from dataclasses import dataclass

from harness.contract import Baseline, Budget, Engine, Fitted, Metric
from harness.engine.general import measure
from harness.errors import ArmError
from harness.evidence.answering import answer, retrieve_with
from harness.evidence.bench import RunBench
from harness.evidence.states import ENDED, FITTED, EndState, FittedState
from harness.evidence.talk import Talk
from harness.plugins import BASELINES, METRICS, load
from harness.program import Program
from harness.records import Weights
from harness.store.files import decode, encode
from harness.store.folder import RunFolder
from harness.store.ledger import Ledger, Series
from harness.task.task import ArmSpec, Task

LATENCY_QUESTIONS = 3
# Room above the longest answer seen in train and dev, so that a longer right answer is not cut.
ANSWER_ROOM = 1.5
# Room for a sentence: a model that wraps a one-word answer in words is judged by the metric, not cut.
LEAST_ANSWER_TOKENS = 32


@dataclass(frozen=True, slots=True)
class Workplace:
    """What every arm of a run shares."""

    task: Task
    folder: RunFolder
    ledger: Ledger
    engine: Engine
    base: Weights
    talk: Talk
    is_fast: bool

    @property
    def seed(self) -> int:
        """The run's seed."""
        return self.task.seeds[0]


def run_arm(spec: ArmSpec, place: Workplace) -> None:
    """Take one arm to its end, from wherever the ledger says it is.

    Raises:
        ArmError: If the arm cannot go on.
    """
    baseline: Baseline = load(BASELINES, spec.baseline)(spec.options)
    missing = sorted(baseline.needs - place.engine.capabilities)
    if missing:
        end_arm(place.ledger, spec.name, EndState("skipped", f"the engine cannot do: {', '.join(missing)}"))
        return
    stored = place.ledger.state(spec.name, FITTED)
    state = decode(FittedState, stored) if stored else _fit(spec, baseline, place)
    program = Program.from_dict(state.program, place.folder.path)
    _answer_test(spec.name, program, baseline, place)
    if program.weights.adapter:
        measure_general(spec.name, program.weights, place)
    end_arm(place.ledger, spec.name, EndState("ok"))


def end_arm(ledger: Ledger, name: str, state: EndState) -> None:
    """Record how an arm ended."""
    ledger.put_state(name, ENDED, encode(EndState, state))


def measure_general(name: str, weights: Weights, place: Workplace) -> None:
    """Measure and store the general ability of one set of weights, unless it is stored already."""
    if place.ledger.general(name) is not None:
        return
    general = place.task.general
    ability = measure(
        place.engine,
        weights,
        name,
        tasks=general.tasks,
        limit=general.limit,
        include_path=general.include_path,
        task_answers={example.target for example in place.task.study.train},
        seed=place.seed,
        progress=place.talk.progress,
    )
    place.ledger.put_general(ability)


def _fit(spec: ArmSpec, baseline: Baseline, place: Workplace) -> FittedState:
    bench = _bench(spec, baseline, place)
    study = place.task.study
    started = time.monotonic()
    fitted: Fitted = baseline.fit(study, bench)
    fit_seconds = time.monotonic() - started
    dev = bench.score(fitted.program, study.dev)
    place.talk.progress("timing single questions", 0, 1)
    state = FittedState(
        family=baseline.family,
        program=fitted.program.to_dict(place.folder.path),
        trials=fitted.trials,
        training=fitted.training,
        warnings=fitted.warnings,
        dev_score=dev.score,
        fit_seconds=fit_seconds,
        latency_seconds=bench.latency(fitted.program, study.dev[:LATENCY_QUESTIONS]),
    )
    place.ledger.put_state(spec.name, FITTED, encode(FittedState, state))
    return state


def _bench(spec: ArmSpec, baseline: Baseline, place: Workplace) -> RunBench:
    metric: Metric = load(METRICS, place.task.primary_metric)()
    folder = place.folder.arm(spec.name)
    folder.mkdir(parents=True, exist_ok=True)
    place.folder.shared.mkdir(parents=True, exist_ok=True)
    return RunBench(
        engine=place.engine,
        base=place.base,
        folder=folder,
        shared=place.folder.shared,
        budget=Budget(place.task.train_rows, place.task.budget_minutes, place.is_fast),
        seed=place.seed,
        max_new_tokens=answer_room(place),
        metric=metric,
        baseline=baseline,
        on_progress=place.talk.progress,
        on_log=place.talk.log,
    )


def answer_room(place: Workplace) -> int:
    """Return how many tokens an answer may have, judged by the answers in train and dev."""
    study = place.task.study
    longest = max(place.engine.answer_tokens(e.target) for e in (*study.train, *study.dev))
    return max(int(longest * ANSWER_ROOM) + 1, LEAST_ANSWER_TOKENS)


def _answer_test(name: str, program: Program, baseline: Baseline, place: Workplace) -> None:
    series = Series(name, seed=place.seed)
    questions = [example.question for example in place.task.test]
    done = set(place.ledger.predictions(series))
    search = retrieve_with(baseline, program)
    place.talk.progress("answering test", len(done), len(questions))
    for batch in answer(program, questions, place.engine, search, done):
        place.ledger.put_predictions(series, batch)
        done.update(p.example_id for p in batch)
        place.talk.progress("answering test", len(done), len(questions))
    if len(done) != len(questions):
        raise ArmError(f"{len(questions) - len(done)} test items were not answered")
