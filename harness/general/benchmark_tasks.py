"""Benchmarks as lm-eval's tasks: ours, lm-eval's own, a user's task files and a user's files of rows."""

import random
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lm_eval import utils
from lm_eval.api import metrics as metrics  # fills the registry
from lm_eval.api import registry
from lm_eval.api import task as lm_eval_task
from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks import TaskManager

from harness.benchmark_code import code_faults, is_code_allowed
from harness.benchmark_files import BenchmarkRow, benchmark_name, is_benchmark_file, read_benchmark
from harness.engine.faults import is_out_of_memory
from harness.errors import HarnessError
from harness.general.data_sets import Read, at_commits
from harness.general.pools import Use, uses_of
from harness.plugins import suggest
from harness.quiet import quiet

OURS = Path(__file__).parent / "benchmarks"
CORE = (
    "core_piqa",
    "core_openbookqa",
    "core_social_iqa",
    "core_commonsense_qa",
    "core_boolq",
    "core_continuation",
    "core_next_word",
)


# Passages get most of the items: every base has something to lose on them, and an item costs a fifth of another's time.
WEIGHTS = {"core_continuation": 4, "core_next_word": 4}


class _Sandbox(ImmutableSandboxedEnvironment):
    """What lm-eval's own environment does, for templates that cannot reach out of their values."""

    def __init__(self) -> None:
        super().__init__(loader=BaseLoader(), undefined=StrictUndefined, keep_trailing_newline=True)
        self.filters["regex_replace"] = utils.regex_replace


def _known_metric(name: str, hf_evaluate_metric: bool = False) -> Any:
    """Return a metric of lm-eval's own: others would be fetched as code."""
    is_own = name in registry.metric_registry and not hf_evaluate_metric
    if not is_own and not is_code_allowed():
        raise HarnessError(
            f"lm-eval has no metric called '{name}' and would fetch code of that name from the hub; take another "
            "metric, or give --allow-benchmark-code if you trust it"
        )
    return registry.get_metric(name, hf_evaluate_metric)


# lm-eval renders templates with full access to Python, and looks metrics up on the hub; neither can be set.
utils.env = _Sandbox()
lm_eval_task.get_metric = _known_metric


def load_tasks(
    names: Sequence[str], include_path: Path | None, commits: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Load benchmarks by name; 'core' means ours. lm-eval's own are indexed only if needed (seconds).

    Args:
        names: Of `general.tasks`.
        include_path: Folder of further task files.
        commits: Of data sets of the hub, by name; the others are read at the newest.

    Returns:
        lm-eval's tasks by name; of groups and tags, their members.

    Raises:
        HarnessError: If a name is unknown, or a benchmark's data cannot be had or are wrong.
    """
    wanted = list(dict.fromkeys(task for name in names for task in (CORE if name == "core" else (name,))))
    files = [name for name in wanted if is_benchmark_file(name)]
    _check_code(include_path)
    _check_ours(include_path)
    with at_commits(commits or {}):
        ours = _named([name for name in wanted if name in CORE], None)
        others = _named([name for name in wanted if name not in (*files, *CORE)], include_path)
    tasks = ours | {name: task for name, task in others.items() if name not in ours}  # a user's group may change ours
    for file in files:
        name = benchmark_name(file)
        if name in CORE:
            raise HarnessError(f"general.tasks: '{name}' is one of ours; rename the file {file}")
        if name in tasks:
            raise HarnessError(f"general.tasks: two benchmarks are called '{name}'; rename the file {file}")
        tasks[name] = _of_rows(name, Path(file))
    return tasks


def what_is_read(names: Sequence[str], include_path: Path | None, commits: Mapping[str, str]) -> Read:
    """Return the commits of all data sets of the hub that these benchmarks read, those that are given among them.

    Raises:
        HarnessError: If a name is unknown, or a set cannot be had.
    """
    wanted = [name for name in names if name != "core" and not is_benchmark_file(name)]
    with quiet(), at_commits(commits) as read:
        _named(wanted, include_path)
    return Read(dict(sorted(read.commits.items())), [name for name in read.by_code if name not in CORE])


def check_names(names: Sequence[str], include_path: Path | None) -> None:
    """Check that there are benchmarks of these names; no data are read.

    Raises:
        HarnessError: If a name is unknown, or a user's task files hold code that is not allowed.
    """
    if wanted := [name for name in names if name != "core" and not is_benchmark_file(name)]:
        _manager_of(wanted, include_path)


def _manager_of(wanted: Sequence[str], include_path: Path | None) -> TaskManager:
    """Index the folders that hold these names."""
    folders = [OURS, *([include_path] if include_path else [])]
    _check_code(include_path)
    manager = TaskManager(include_path=folders, include_defaults=False)
    if set(wanted) - set(manager.all_tasks):
        manager = TaskManager(include_path=folders)
    for name in wanted:
        if name not in manager.all_tasks:
            near = suggest(name, dict.fromkeys(manager.all_tasks))
            near = near if near.startswith(" (did") else "; `lm-eval ls tasks` lists them"
            raise HarnessError(f"general.tasks: no lm-eval task, group or tag is called '{name}'{near}")
    return manager


def _named(wanted: list[str], include_path: Path | None) -> dict[str, Any]:
    if not wanted:
        return {}
    manager = _manager_of(wanted, include_path)
    try:
        return dict(manager.load(wanted)["tasks"])
    except HarnessError:
        raise
    except Exception as fault:  # whatever a third party's task file or data set raises
        if is_out_of_memory(fault):
            raise MemoryError(f"while the data of {', '.join(wanted)} were read") from fault
        said = (str(fault).strip() or type(fault).__name__).splitlines()[0]
        raise HarnessError(
            f"general.tasks: {', '.join(wanted)} cannot be loaded: {said}; lm-eval's own tasks fetch their data "
            "from the hub: connect to it, or use 'core', task files (general.include_path) or rows of your own"
        ) from fault


def _check_ours(include_path: Path | None) -> None:
    """Refuse task files of a user's that are called as one of ours: lm-eval would take them for it."""
    own = TaskManager(include_path=include_path, include_defaults=False).all_tasks if include_path else ()
    if taken := sorted(set(CORE) & set(own)):
        raise HarnessError(f"general.include_path: '{taken[0]}' is one of ours; give the task another name")


def _check_code(include_path: Path | None) -> None:
    """Refuse code in a user's task files unless the user allowed it: they may have changed since the task was read."""
    faults = code_faults(include_path.resolve()) if include_path and not is_code_allowed() else []
    if faults:
        listed = "\n".join(f"  - {fault.file} line {fault.line or 1}: {fault.text}" for fault in faults)
        raise HarnessError(f"general.include_path: {len(faults)} problem{'s' * (len(faults) > 1)}\n{listed}")


# ---- a user's own rows -----------------------------------------------------------------------


class RowsTask(ConfigurableTask):  # type: ignore[misc]
    """A user's file of rows; its documents carry the row's `number`."""


def _of_rows(name: str, file: Path) -> RowsTask:
    """Make a task of a file of rows.

    Options and answers are scored as texts: small models cannot yet answer with a letter. Options are compared per
    character of their text (acc_norm), as users' options differ in length; characters serve every script.

    Raises:
        HarnessError: Listing every fault of the file.
    """
    rows, faults = read_benchmark(file)
    if faults:
        listed = "\n".join(f"  - {f'row {fault.row}: ' if fault.row else ''}{fault.text}" for fault in faults)
        raise HarnessError(f"general.tasks: {file}: {len(faults)} problem{'s' * (len(faults) > 1)}\n{listed}")
    kind = _CHOICES if rows[0].choices else _ANSWERS
    made = partial(_dataset, rows)
    return RowsTask(config={"task": name, "custom_dataset": made, "test_split": "test", **kind})


def _dataset(rows: Sequence[BenchmarkRow], **_: object) -> dict[str, Any]:
    from datasets import Dataset

    return {"test": Dataset.from_list([_document(row) for row in rows])}


def _document(row: BenchmarkRow) -> dict[str, Any]:
    space = "" if _is_unspaced(row.question[-1]) else " "
    return {
        "number": row.number,
        "question": row.question,
        "choices": [space + choice for choice in row.choices],
        "answer": space + row.answer,
        "gold": row.choices.index(row.answer) if row.choices else 0,
    }


def _is_unspaced(character: str) -> bool:
    """Whether nothing stands between this character and the next word: Chinese, Japanese and their punctuation."""
    return any(first <= character <= last for first, last in (("\u3000", "\u9fff"), ("\uf900", "\ufaff"), _FULL_WIDTH))


_FULL_WIDTH = ("\uff01", "\uff5e")
_CHOICES = {
    "output_type": "multiple_choice",
    "doc_to_text": "question",
    "doc_to_choice": "choices",
    "doc_to_target": "gold",
    "target_delimiter": "",
    "metric_list": [{"metric": "acc_norm", "aggregation": "mean", "higher_is_better": True}],
}
_ANSWERS = {
    "output_type": "loglikelihood",
    "doc_to_text": "question",
    "doc_to_target": "answer",
    "target_delimiter": "",
    "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
}


# ---- which items ------------------------------------------------------------------------------


def pools(tasks: Mapping[str, Any], use: Use) -> dict[str, list[int]]:
    """Return the numbers of the items that each benchmark has for a use, whatever the limit and the seed.

    Ours say it in their data. In a user's files, equal questions are for the same use. In lm-eval's tasks, the number
    alone decides, so that two tasks over the same data set agree.
    """
    own = _uses_of_own({name: task for name, task in tasks.items() if isinstance(task, RowsTask)})
    found = {}
    for name, task in tasks.items():
        documents = task.eval_docs
        if name in own:
            uses = own[name]
        else:
            uses = list(documents["use"]) if name in CORE else uses_of([str(n) for n in range(len(documents))])
        found[name] = [number for number, wanted in enumerate(uses) if wanted == use]
    return found


def _uses_of_own(tasks: Mapping[str, Any]) -> dict[str, list[Use]]:
    """Say for each row of a user's files what it is for; over all files, as a question may stand in two of them."""
    questions = {name: list(task.eval_docs["question"]) for name, task in tasks.items()}
    every = iter(uses_of([question for listed in questions.values() for question in listed]))
    return {name: [next(every) for _ in listed] for name, listed in questions.items()}


def choose(pools: Mapping[str, Sequence[int]], limit: int, seed: int) -> dict[str, list[int]]:
    """Choose item numbers, split by weight; what a small benchmark cannot give, the larger ones do.

    Raises:
        HarnessError: If the limit does not give every benchmark an item.
    """
    if limit < len(pools):
        raise HarnessError(
            f"general.limit is {limit}, fewer than its {len(pools)} benchmarks; give at least one item each"
        )
    chosen = {}
    left, weight_left = limit, sum(map(_weight, pools))
    order = sorted(pools, key=lambda name: len(pools[name]) / _weight(name))
    for name, others in zip(order, range(len(order) - 1, -1, -1), strict=True):
        share = min(max(1, left * _weight(name) // weight_left), left - others)  # at least one for each that follows
        count = min(len(pools[name]), share)
        left, weight_left = left - count, weight_left - _weight(name)
        chosen[name] = sorted(random.Random(f"{seed}:{name}").sample(pools[name], count))
    return chosen


def _weight(name: str) -> int:
    return WEIGHTS.get(name, 1)
