"""Every key of task.yaml, its type, bounds and default; the JSON Schema comes from here too."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

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
    """Column with the question: text, or a list of turns. Default: 'input'."""
    target: Text | None = None
    """Column with the right answer. Default: 'target'."""
    id: Text | None = None
    """Column with a unique id. Default: 'id' where there is one, else a hash of the row."""
    group: Text | None = None
    """Column whose equal values never stand on both sides of a split. Default: 'group' where there is one."""
    evidence: Text | None = None
    """Column with the ids of the documents that hold the answer. Default: 'evidence' where there is one."""


class Data(Section):
    """Where the rows are; paths are relative to the task file."""

    train: Text
    """JSONL, JSON, CSV or Parquet file, or a hub id."""
    dev: Text | None = None
    """Rows that choices are made on. Default: a fifth of train, whole groups."""
    test: Text
    """Locked rows: every arm answers them once."""
    preferences: Text | None = None
    """Rows with prompt, chosen and rejected."""
    documents: Text | None = None
    """What retrieval may search: a folder of .md and .txt files, or a .jsonl file with id and text."""
    columns: Columns = Columns()


class Prompt(Section):
    """The task's own prompt, which every arm starts from."""

    system: Text | None = _STUDY.system
    template: Text = _STUDY.template
    """Jinja with 'input', the user's last turn."""


class MetricChoice(Section):
    """How answers are scored."""

    primary: Text = "exact_match"
    """The metric that the verdict rests on."""
    also: list[Text] = []
    """Reported beside it."""


class Goal(Section):
    """What would be good enough."""

    at_least: Annotated[float, Field(gt=0, le=1)] = _LIMITS.goal
    smallest_gain: Annotated[float, Field(ge=0, lt=1)] = _LIMITS.smallest_gain
    """Smaller gains are not worth a costlier rung."""


class Arm(Section):
    """One candidate: a baseline under a name of its own, with options."""

    name: Annotated[str, Field(pattern=SAFE_NAME)]
    baseline: Text | None = None
    """Entry point in harness.baselines. Default: the arm's name."""
    options: dict[str, JsonValue] = {}


class General(Section):
    """What tuning may not break."""

    tasks: Annotated[
        list[Text],
        Field(min_length=1),
        BeforeValidator(
            lambda value: [value] if isinstance(value, str) else value, json_schema_input_type=str | list[str]
        ),
    ] = ["core"]
    """'core', or names of lm-eval tasks and groups."""
    limit: Count = 750
    """Benchmark items in all."""
    include_path: Text | None = None
    """Folder with lm-eval task files of your own."""
    max_drop: Annotated[float, Field(gt=0, lt=1)] = _LIMITS.max_drop
    keep: Annotated[float, Field(gt=0, le=1)] = _LIMITS.keep
    max_text_loss: Annotated[float, Field(ge=0)] = _LIMITS.max_text_loss
    """Nats per token above the base on general text."""
    max_off_task: Share = _LIMITS.max_off_task
    """Share of unrelated questions that may get the task's answer."""


class Rule(Section):
    """The bands of the rule of thumb, in rising order."""

    rethink: Share = _LIMITS.rethink
    promising: Share = _LIMITS.promising
    nearly_sure: Share = _LIMITS.nearly_sure


class Prices(Section):
    """Prices, for the break-even; nothing is reported in money without them."""

    gpu_hour: Annotated[float, Field(ge=0)] | None = None
    requests_per_month: Annotated[int, Field(ge=0)] | None = None


class Caps(Section):
    """Caps on each arm's learning."""

    minutes: Annotated[float, Field(gt=0)] | None = None
    train_rows: Count | None = None
    """Train on a seeded sample of at most this many rows."""


def _spell_out(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class TaskFile(Section):
    """One task file is one experiment."""

    version: Literal[1]
    name: Annotated[str, Field(pattern=SAFE_NAME)]
    """Names the run folder."""
    description: str = ""
    model: Text = "smollm2-135m"
    """An alias, a folder or a hub id."""
    data: Data
    prompt: Prompt = Prompt()
    metric: MetricChoice = MetricChoice()
    goal: Goal = Goal()
    arms: Annotated[
        list[Annotated[Arm, BeforeValidator(_spell_out, json_schema_input_type=str | Arm)]],
        Field(min_length=1),
    ]
    """A name of a baseline, or {name, baseline, options}."""
    general: General = General()
    rule: Rule = Rule()
    cost: Prices = Prices()
    budget: Caps = Caps()
    seeds: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] = [0]


def task_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of task.yaml, for editors and `harness schema`."""
    schema = TaskFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
