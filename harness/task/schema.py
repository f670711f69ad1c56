"""Every key of task.yaml, its type, bounds and default; the JSON Schema and docs/task_file.md come from here too."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from harness.answer_reading import Ignored
from harness.records import Limits, Study

_LIMITS = Limits()
_STUDY = Study((), ())
SAFE_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"  # a folder name on any system

Text = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """Strict: no unknown key, no silent conversion, no NaN."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class Columns(Section):
    """Names of the columns, where the rows are not of a shape that is recognised by itself."""

    input: Text | None = None
    """Column with the question: text, or a list of turns. Default: 'input', or a usual name."""
    target: Text | None = None
    """Column with the right answer, or a list of answers any of which is right. Default: 'target', or a usual name."""
    id: Text | None = None
    """Column with a unique id. Default: 'id' where there is one, else a hash of the row."""
    group: Text | None = None
    """Column whose equal values never stand on both sides of a split. Default: 'group' where there is one."""
    evidence: Text | None = None
    """Column with the ids or paths of the documents that hold the answer. Default: 'evidence' where there is one."""
    labelled: Text | None = None
    """Column of dev or test rows with an answer, or a list of answers, that people judged (docs/metrics.md, judge)."""
    label: Text | None = None
    """Column with what people said of each of these answers: 1 is good, 0 is not, 0.5 as good as the target."""


class Data(Section):
    """Where the rows are; paths are relative to the task file."""

    train: Text
    """Rows to learn from: a JSONL, JSON, CSV, TSV or Parquet file, or a hub id, `owner/name@commit:subset:split`."""
    dev: Text | None = None
    """Rows that choices are made on. Default: a fifth of train, whole groups."""
    test: Text
    """Locked rows: every arm answers them once."""
    preferences: Text | None = None
    """Rows with a question, a better and a worse answer: prompt, chosen and rejected, or as data sets are published."""
    feedback: Text | None = None
    """Rows with a question, one answer, and a label: true for a good answer, false for a bad one."""
    documents: Text | None = None
    """What retrieval may search: a folder of pages as they are, or a .jsonl file with id and text."""
    columns: Columns = Columns()
    """Which column is what, where that is not recognised by itself."""
    slices: list[Text] = []
    """Columns of test rows whose values group them in the report's slices, beside those that the prompt shows."""
    turns: Literal["last", "all"] = "last"
    """Which answers of a chat are rows: the last one, or all, each with the turns before it; a chat is a group."""


class Prompt(Section):
    """The task's own prompt, which every arm starts from."""

    system: Text | None = _STUDY.system
    """The system turn; not allowed where rows have one of their own."""
    template: Text = Field(
        _STUDY.template,
        description="The user's turn, in Jinja: `{{ input }}` stands for the user's last turn, any other column for "
        "itself, such as `{{ choices }}` or `{{ context }}` (see Rows). Put it in quotes. Every row is tried: the "
        "question must be in each prompt, and a row may take 2 seconds, 1 GB of memory and 4,000,000 characters.",
    )


class Answer(Section):
    """How the result is read out of a target and of an answer, by every arm alike; training keeps the whole target."""

    after: Text | None = None
    """A mark such as '####' or 'Answer:': only what stands behind its last occurrence counts. Case is ignored."""
    take: Literal["whole", "first_line", "last_line", "last_number", "letter", "json"] | None = None
    """What of it is the result; 'letter' names a choice. Default: 'first_line' behind a mark, else 'whole'."""
    pattern: Text | None = None
    """Instead of `take`, a regular expression with one group: the result is the group of its last match. It may take
    2 seconds to compile, and 1 second a text: a target that takes longer is a fault; an answer of an arm counts as
    wrong, and a warning counts those."""
    ignore: list[Ignored] = []
    """What does not count when results are compared; 'digits' makes the digits of all scripts equal."""


class MetricChoice(Section):
    """How answers are scored."""

    primary: Text = "exact_match"
    """The metric that the verdict rests on; `harness list metrics` names them."""
    also: list[Text] = []
    """Metrics reported beside it."""
    options: dict[Text, dict[str, JsonValue]] = {}
    """A metric's own options, by its name, such as `{number: {tolerance: 0.01}}` (docs/metrics.md)."""


class Goal(Section):
    """What would be good enough."""

    at_least: Annotated[float, Field(gt=0, le=1)] = _LIMITS.goal
    """The primary metric that an answerer must reach to be of use."""
    smallest_gain: Annotated[float, Field(ge=0, lt=1)] = _LIMITS.smallest_gain
    """Smaller gains are not worth a costlier rung."""


class Model(Section):
    """A model: where it comes from, how it is quantised, and who serves it."""

    source: Text
    """An alias, a folder or a hub id, `owner/name` or `owner/name@commit`."""
    quantization: Literal["nf4"] | None = None
    """'nf4' packs its weights in 4 bits (bitsandbytes)."""
    engine: Text = "transformers"
    """Who serves it; `harness list engines` names them."""


ModelChoice = Annotated[
    Model,
    BeforeValidator(
        lambda value: {"source": value} if isinstance(value, str) else value, json_schema_input_type=str | Model
    ),
]


class Arm(Section):
    """One candidate: a baseline under a name of its own, with options."""

    name: Annotated[str, Field(pattern=SAFE_NAME)]
    """Names the arm in tables and its folder in the run; unique."""
    baseline: Text | None = None
    """What it runs, one of `harness list arms`. Default: the arm's name."""
    options: dict[str, JsonValue] = {}
    """The baseline's own options."""
    model: ModelChoice | None = None
    """The model that it stands on. Default: the task's own."""


class General(Section):
    """What tuning may not break."""

    tasks: Annotated[
        list[Text],
        Field(min_length=1),
        BeforeValidator(
            lambda value: [value] if isinstance(value, str) else value, json_schema_input_type=str | list[str]
        ),
    ] = ["core"]
    """'core', lm-eval tasks and groups by name, and your own .jsonl or .csv files of rows (docs/general_ability.md)."""
    limit: Count = 750
    """Benchmark items in all, shared among the benchmarks; the two on passages of `core` get four times as many."""
    include_path: Text | None = None
    """Folder with lm-eval task files of your own."""
    commits: dict[Text, Annotated[str, Field(pattern="^[0-9a-f]{40}$")]] = {}
    """Commits of hub data sets that benchmarks read, by `owner/name`, or `owner/name@revision` for those that want a
    revision. Default: the newest, looked up before the first benchmark is asked (with `--climb`, once an arm tunes)."""
    max_drop: Annotated[float, Field(gt=0, lt=1)] = _LIMITS.max_drop
    """Largest loss over all benchmark items that is taken for none."""
    keep: Annotated[float, Field(gt=0, le=1)] = _LIMITS.keep
    """Share of the base's ability above chance, over all benchmarks; an arm that is shown to keep less fails."""
    max_text_loss: Annotated[float, Field(ge=0)] = _LIMITS.max_text_loss
    """Nats per token above the base on general text."""
    max_off_task: Share = _LIMITS.max_off_task
    """Share of unrelated questions that may get the task's answer."""
    deployment: Literal["shared", "routed"] = _LIMITS.deployment
    """'shared': forgetting blocks the arm; 'routed': only this task's inputs reach it, and it is only reported."""


class Rule(Section):
    """The bands of the rule of thumb, in rising order."""

    rethink: Share = _LIMITS.rethink
    """A best prompt below this: rethink the task."""
    promising: Share = _LIMITS.promising
    """A best prompt from here on: tuning can push it to `nearly_sure`."""
    nearly_sure: Share = _LIMITS.nearly_sure
    """A best prompt from here on: nothing is left to tune."""


class Prices(Section):
    """Prices, for the break-even; nothing is reported in money without them."""

    gpu_hour: Annotated[float, Field(ge=0)] | None = None
    """What an hour of the machine costs, in your currency."""
    currency: Annotated[str, Field(max_length=8)] = ""
    """Its name as reports should write it, such as EUR."""
    requests_per_month: Annotated[int, Field(ge=0)] | None = None
    """How often the task will be asked for."""


class Caps(Section):
    """Caps on each arm."""

    minutes: Annotated[float, Field(gt=0)] | None = None
    """Wall clock of an arm's learning, with all its seeds together."""
    train_rows: Count | None = None
    """Train on a seeded sample of at most this many rows."""
    stall_minutes: Annotated[float, Field(gt=0)] = 30
    """An arm that says nothing for so long is ended, and fails; the others run on."""


def _spell_out(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class TaskFile(Section):
    """One task file is one experiment."""

    version: Literal[1]
    """Of this file's format."""
    name: Annotated[str, Field(pattern=SAFE_NAME)]
    """Names the run folder: up to 64 letters, digits, '_' or '-'."""
    description: str = ""
    """One sentence for the reader of the report."""
    model: ModelChoice = Model(source="smollm2-135m")
    """An alias, a folder or a hub id, or {source, quantization, engine}."""
    data: Data
    """Where the rows are."""
    prompt: Prompt = Prompt()
    """The task's own prompt."""
    answer: Answer | None = None
    """How the result is read out of targets and answers. Default: an answer is the result."""
    metric: MetricChoice = MetricChoice()
    """How answers are scored."""
    goal: Goal = Goal()
    """What would be good enough."""
    arms: Annotated[
        list[Annotated[Arm, BeforeValidator(_spell_out, json_schema_input_type=str | Arm)]],
        Field(min_length=1),
    ]
    """The candidates: each the name of a baseline, or {name, baseline, options, model}."""
    general: General = General()
    """What tuning may not break."""
    rule: Rule = Rule()
    """The bands of the rule of thumb."""
    cost: Prices = Prices()
    """Your prices."""
    budget: Caps = Caps()
    """Caps on each arm."""
    seeds: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] = [0]
    """Trained and sampled arms run once with each; the first also draws splits, samples and benchmark items."""


def task_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of task.yaml, for editors and `harness schema`."""
    schema = TaskFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
