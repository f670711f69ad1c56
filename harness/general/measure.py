"""General ability of one set of weights: benchmark items, loss on held-out text, unrelated questions.

All weights of a run get the same items, and selection gets other ones than the gate (harness.general.pools). What
`measure` records for the base or an adapter can be had from lm-eval's own command too; ITEMS maps task names to the
item numbers in `BenchmarkItem.item`:

    lm-eval run --model hf --model_args pretrained=MODEL_FOLDER[,peft=ADAPTER],dtype=float32 \
        --tasks core_piqa,core_boolq --include_path harness/general/benchmarks \
        --samples '{"core_piqa": [3, 17], "core_boolq": [5]}' --device cpu --batch_size 8
"""

import hashlib
import json
import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from harness.contract import Engine
from harness.general.assets import benchmark_folder
from harness.general.off_task import NEW_TOKENS, off_task_answers, questions_for
from harness.general.passages import TEXTS
from harness.general.pools import Use
from harness.program import Prompt
from harness.records import GeneralAbility, OffTaskAnswer, TextLoss, Weights

TEXT_COUNT = {"gate": 40, "selection": 16}

Progress = Callable[[str, int, int], object]


def measure(
    engine: Engine,
    weights: Weights,
    name: str,
    *,
    tasks: Sequence[str],
    limit: int,
    include_path: Path | None,
    commits: Mapping[str, str] | None = None,
    task_answers: Collection[str],
    prompt: Prompt | None = None,
    seed: int,
    progress: Progress,
    use: Use = "gate",
    questions: int | None = None,
) -> GeneralAbility:
    """Measure what these weights can do outside the task.

    Args:
        engine: The engine that holds the model.
        weights: Which weights are measured.
        name: What the record calls them, e.g. 'base' or an arm's name.
        tasks: 'core', names of lm-eval tasks, groups and tags, or paths of own files (harness.benchmark_files).
        limit: Benchmark items in all, shared among the tasks, four times as many for `core`'s passages; no more
            texts than that are asked either.
        include_path: Folder of further lm-eval task files.
        commits: Of data sets of the hub that benchmarks read; the others are read at the newest.
        task_answers: Targets of the training set, for the off-task probe; without any it is left out.
        prompt: The task's own system turn and template, without shots: unrelated questions are asked under it too.
        seed: Chooses items and texts; equal seeds give equal items whatever the weights.
        progress: Told the stage, and how much of it is done.
        use: What the figures are for: the gate and selection never share an item, a text or a question.
        questions: Unrelated questions at most; None: `limit`.

    Raises:
        HarnessError: If a task is unknown, cannot be loaded, or gives no score per item.
        ArmError: If no benchmark item, or some text, gets a finite log-probability.
    """
    from harness.general.benchmark_scores import benchmark_items

    started = time.monotonic()
    advance = partial(progress, "benchmarks")
    items = benchmark_items(
        engine,
        weights,
        tasks=tasks,
        limit=limit,
        include_path=include_path,
        commits=commits or {},
        seed=seed,
        use=use,
        advance=advance,
    )
    texts = text_losses(engine, weights, texts_for(use, limit, seed), progress)
    answers: tuple[OffTaskAnswer, ...] = ()
    if task_answers:
        asked = questions_for(use, limit if questions is None else questions)
        answers = off_task_answers(engine, weights, task_answers, prompt, asked, progress)
    return GeneralAbility(name, items, texts, answers, time.monotonic() - started)


def texts_for(use: Use, limit: int, seed: int) -> list[dict[str, Any]]:
    """Return a seeded sample of encyclopaedia passages, `{"id": ..., "text": ...}`, that no benchmark item shows."""
    lines = (benchmark_folder(lambda _: None) / f"{TEXTS}.jsonl").read_text(encoding="utf-8").splitlines()
    pool = [row for row in map(json.loads, lines) if row["use"] == use]
    return random.Random(f"{seed}:{TEXTS}").sample(pool, min(TEXT_COUNT[use], limit, len(pool)))


def text_losses(
    engine: Engine, weights: Weights, texts: Sequence[dict[str, Any]], progress: Progress
) -> tuple[TextLoss, ...]:
    """Return how well passages are predicted."""
    progress("held-out texts", 0, len(texts))
    scored = engine.loglikelihood([("", [row["text"]]) for row in texts], weights)
    progress("held-out texts", len(texts), len(texts))
    return tuple(
        TextLoss(row["id"], -likelihood.logprob, likelihood.tokens)
        for row, [likelihood] in zip(texts, scored, strict=True)
    )


def general_items_digest(
    tasks: Sequence[str], limit: int, include_path: Path | None, seed: int, commits: Mapping[str, str] | None = None
) -> str:
    """Hash exactly what a gate measurement with these settings asks, contents included; no model is needed.

    What binds a recorded baseline: equal digests mean equal benchmark prompts, options and right answers, equal texts
    and equal unrelated questions. The task's own prompt and answers do not enter.

    Returns:
        The first 16 hex digits of a SHA-256.

    Raises:
        HarnessError: As `measure` does, of a task that is unknown or cannot be loaded.
    """
    from harness.general.benchmark_scores import asked_items

    asked = {
        "items": asked_items(
            tasks=tasks, limit=limit, include_path=include_path, commits=commits or {}, seed=seed, use="gate"
        ),
        "texts": [[row["id"], row["text"]] for row in texts_for("gate", limit, seed)],
        "questions": [asdict(question) for question in questions_for("gate", limit)],
        "new_tokens": NEW_TOKENS,
    }
    text = json.dumps(asked, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
