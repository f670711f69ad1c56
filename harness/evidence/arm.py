"""One fit of an arm from start to end: learn, answer the test questions, measure what tuning made it forget."""

import os
import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from harness.contract import Baseline, Budget, Engine, Fitted, Judging
from harness.errors import ArmError, PluginError
from harness.evidence.answering import answer, require_measured, retrieve_with
from harness.evidence.asked import asked_before, asked_examples
from harness.evidence.events import EventWriter
from harness.evidence.fit_context import RunContext
from harness.evidence.fits import fits_of
from harness.evidence.judging import judge, still_to_judge
from harness.evidence.models import ServedModel
from harness.evidence.phases import ALONE
from harness.evidence.replay import replayed_seconds
from harness.evidence.selection import FAST_ITEMS, ITEMS, QUESTIONS, Material, SelectionProbe
from harness.evidence.states import ENDED, FITTED, EndState, FittedState
from harness.general.measure import measure
from harness.general.off_task import questions_for
from harness.plugins import BASELINES, load
from harness.program import Program, Prompt
from harness.records import TUNED, Fit, Measurement, Weights
from harness.store.files import decode, encode, hash_folder
from harness.store.folder import RunFolder
from harness.store.ledger import Ledger
from harness.task.judges import selecting_metric
from harness.task.plugged import make_metric
from harness.task.scoring import task_metric
from harness.task.task import ArmSpec, Task

LATENCY_QUESTIONS = 20
# Room above the longest answer seen in train and dev, so that a longer right answer is not cut.
ANSWER_ROOM = 1.5
# Room for a sentence: a model that wraps a one-word answer in words is judged by the metric, not cut.
LEAST_ANSWER_TOKENS = 32


@dataclass(frozen=True)
class Workplace:
    """What every arm of a run shares."""

    task: Task
    folder: RunFolder
    ledger: Ledger
    engine: Engine
    model: ServedModel
    events: EventWriter
    is_fast: bool
    shrink: int = 0  # how often batches are halved, because memory ran out

    @cached_property
    def probe(self) -> SelectionProbe:
        """What measures forgetting while arms choose; shared, so that a base is measured once."""
        general = self.task.general
        material = Material(
            tasks=general.tasks,
            include_path=general.include_path,
            commits=general.commits,
            items=FAST_ITEMS if self.is_fast else ITEMS,
            questions=FAST_ITEMS if self.is_fast else QUESTIONS,
            gate_questions=len(questions_for("gate", general.limit)),
            task_answers=frozenset(self.task_answers),
            prompt=self.prompt,
            limits=self.task.limits,
            seed=self.seed,
        )
        return SelectionProbe(self.engine, material, self.events.progress)

    def spec_of(self, fit: Fit) -> ArmSpec:
        """Return the arm of a fit as the task file has it."""
        return next(arm for arm in self.task.arms if arm.name == fit.arm)

    def minutes_of(self, fit: Fit) -> float | None:
        """Return what a fit may take of its arm's budget: the seeds share it."""
        minutes = self.task.budget_minutes
        return None if minutes is None else minutes / len(fits_of(self.spec_of(fit), self.task))

    @property
    def task_answers(self) -> set[str]:
        """Targets of the training set, which an unrelated question must not get."""
        return {example.target for example in self.task.study.train}

    @property
    def prompt(self) -> Prompt:
        """The task's own prompt."""
        return Prompt(self.task.study.system, self.task.study.template)

    @property
    def seed(self) -> int:
        """The seed that draws benchmark items and material: one for all fits, as they are compared."""
        return self.task.seeds[0]


def run_fit(fit: Fit, place: Workplace, items: int | None = None) -> None:
    """Take one fit of an arm to its end, from wherever the ledger says it is.

    Args:
        fit: Which one.
        place: What it shares with the others.
        items: Test items of this round and those before it; None for all of them.

    Raises:
        ArmError: If it cannot be finished.
    """
    spec = place.spec_of(fit)
    baseline: Baseline = load(BASELINES, spec.baseline)(spec.options)
    state = _kept(fit, place) or _fit(fit, baseline, place)
    program = Program.from_dict(state.program, place.folder.path)
    _answer_test(fit, program, baseline, place, items)
    if state.family in TUNED:
        measure_general(fit.name, program.weights, place)
    end_fit(place.ledger, fit, EndState("ok", asked=items))


def _kept(fit: Fit, place: Workplace) -> FittedState | None:
    """Return what was learnt before; nothing when its files were changed since, and then it begins again."""
    stored = place.ledger.state(fit.name, FITTED)
    if stored is None:
        return None
    state: FittedState = decode(FittedState, stored)
    changed = [path for path, digest in state.artefacts.items() if hash_folder(place.folder.path / path) != digest]
    if not changed:
        return state
    place.events.log(f"{fit.name}: {', '.join(changed)} changed since the arm learnt; it begins again")
    place.ledger.forget(fit)
    return None


def end_fit(ledger: Ledger, fit: Fit, state: EndState) -> None:
    """Record how a fit ended."""
    ledger.put_state(fit.name, ENDED, encode(EndState, state))


def measure_general(name: str, weights: Weights, place: Workplace) -> None:
    """Measure and store the general ability of one set of weights, unless it is stored already."""
    if place.ledger.general(name) is not None:
        return
    general = place.task.general
    replayed = replayed_seconds(place.engine)
    ability = measure(
        place.engine,
        weights,
        name,
        tasks=general.tasks,
        limit=general.limit,
        include_path=general.include_path,
        commits=general.commits,
        task_answers=place.task_answers,
        prompt=place.prompt,
        seed=place.seed,
        progress=place.events.progress,
    )
    seconds = ability.seconds + replayed_seconds(place.engine) - replayed
    place.ledger.put_general(replace(ability, seconds=seconds))


def judge_answers(name: str, place: Workplace) -> None:
    """Let a judge say what it thinks of every answer of the run that it has not judged yet.

    Raises:
        PluginError: If the metric asks no model.
    """
    judging = make_metric(name, place.task.metric_options)
    if not isinstance(judging, Judging):
        raise PluginError(f"metric '{name}' has no method 'requests', so it is not a judge")
    asked = still_to_judge(name, place.task, place.ledger)
    done = 0
    place.events.progress("judging answers", done, len(asked))
    for judgements in judge(
        judging, asked, place.engine, place.model.weights, shrink=place.shrink, log=place.events.log
    ):
        place.ledger.put_judgements(name, judgements)
        done += len(judgements)
        place.events.progress("judging answers", done, len(asked))


def _fit(fit: Fit, baseline: Baseline, place: Workplace) -> FittedState:
    context = _context(fit, baseline, place)
    study = place.task.study
    started, replayed = time.monotonic(), replayed_seconds(place.engine)
    fitted: Fitted = baseline.fit(study, context)
    # what a cache or an earlier training spared is part of what the arm costs
    spared = replayed_seconds(place.engine) - replayed + fitted.reused_seconds
    fit_seconds = time.monotonic() - started + spared
    program = fitted.program.reading(study.answer)
    dev = context.score(program, study.dev)
    place.events.progress(ALONE, 0, 1)
    latency = context.latency(program, study.dev[:LATENCY_QUESTIONS])
    state = FittedState(
        family=baseline.family,
        program=program.to_dict(place.folder.path),
        trials=fitted.trials,
        training=fitted.training,
        warnings=fitted.warnings,
        dev_score=dev.score,
        fit_seconds=fit_seconds,
        latency_seconds=latency.median,
        artefacts=_artefacts(program, place.folder.path),
        latency_p95_seconds=latency.p95,
    )
    place.ledger.put_state(fit.name, FITTED, encode(FittedState, state))
    return state


def _artefacts(program: Program, root: Path) -> dict[str, str]:
    """Hash the folders that the program answers from: what tuning left, and its retriever's index."""
    folders = (program.weights.tuned, program.retriever.index if program.retriever else None)
    return {os.path.relpath(folder, root): hash_folder(Path(folder)) for folder in folders if folder}


def _context(fit: Fit, baseline: Baseline, place: Workplace) -> RunContext:
    options = place.task.metric_options
    metric = task_metric(selecting_metric(place.task.primary_metric, options), options, place.task.study.answer)
    folder = place.folder.of(fit)
    folder.mkdir(parents=True, exist_ok=True)
    place.folder.shared.mkdir(parents=True, exist_ok=True)
    return RunContext(
        engine=place.engine,
        base=place.model.weights,
        folder=folder,
        shared=place.folder.shared,
        budget=Budget(place.task.train_rows, place.minutes_of(fit), place.is_fast),
        seed=fit.seed,
        max_new_tokens=room_for(place.task, place.engine),
        metric=metric,
        rule=place.task.study.answer,
        baseline=baseline,
        on_progress=place.events.progress,
        on_log=place.events.log,
        shrink=place.shrink,
        probe=place.probe,
    )


def room_for(task: Task, engine: Engine) -> int:
    """Return how many tokens an answer may have, judged by the answers in train and dev, after a thought."""
    longest = max(engine.answer_tokens(e.target) for e in (*task.study.train, *task.study.dev))
    thought = int(getattr(engine, "thought_tokens", 0))  # not all engines tell
    return max(int(longest * ANSWER_ROOM) + 1, LEAST_ANSWER_TOKENS) + thought


def _answer_test(fit: Fit, program: Program, baseline: Baseline, place: Workplace, items: int | None) -> None:
    asked = Measurement(fit)
    wanted = {example.id: example.question for example in asked_examples(place.task, items)}
    # one that could not be asked is asked again
    stored = place.ledger.predictions(asked).items()
    found = {item: p for item, p in stored if p.outcome.is_measured and item in wanted}
    before = {example.id for example in asked_before(fit, place.task, place.ledger)}
    questions = [question for item, question in wanted.items() if item not in before or item not in found]
    search = retrieve_with(baseline, program)
    place.events.progress("answering test", len(found), len(wanted))
    for batch in answer(
        program, questions, place.engine, search, set(found), shrink=place.shrink, log=place.events.log
    ):
        place.ledger.put_predictions(asked, batch)
        found.update({p.example_id: p for p in batch})
        place.events.progress("answering test", len(found), len(wanted))
    if len(found) != len(wanted):
        raise ArmError(f"{len(wanted) - len(found)} test items were not answered")
    require_measured(found.values())
