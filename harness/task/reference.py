"""docs/task_file.md, written from the same models as the checks and the JSON Schema."""

from collections.abc import Iterable, Iterator
from typing import Any

from harness.columns import CHOICES
from harness.task.cells import LONGEST_ROW
from harness.task.documents import MOST_UNREAD
from harness.task.examples import MOST_LEFT_OUT
from harness.task.extents import MOST_CELLS, MOST_COLUMNS, MOST_LEVELS, MOST_ROWS
from harness.task.pages.apart import MOST_PAGE_BYTES, PAGE_SECONDS, SECONDS
from harness.task.pages.kinds import HTML, MARKDOWN, PLAIN
from harness.task.rows import FORMATS
from harness.task.schema import task_schema
from harness.task.shapes import PLAIN_NAMES, SHAPES
from harness.task.text import MOST_BYTES
from harness.task.tool_calls import CALL_ROLES, RESULT_ROLES
from harness.task.turns import LEARN, PASS_OVER
from harness.task.verdicts import VERDICTS

EXAMPLE = """\
version: 1
name: product-faq
description: Answer customers' questions about our machines.
model: smollm2-135m
data:
  train: train.jsonl
  test: test.jsonl
  documents: documents
  columns: {input: question, target: answer, group: product}
prompt:
  system: Answer in a few words.
  template: "Question: {{ input }}"
metric: {primary: exact_match, also: [f1]}
goal: {at_least: 0.90}
arms:
  - zero_shot
  - {name: four_shots, baseline: few_shot, options: {shots: [4]}}
  - rag
  - lora_sft
"""
_OPENING = """\
# The task file

<!-- Written by `harness schema --docs > docs/task_file.md` from harness/task/schema.py; edit that. -->

One file, `task.yaml`, is one experiment. `harness init --from FILE` writes a first one from your rows; `harness check`
shows what is wrong with it and its data; `harness schema > task.schema.json` lets an editor complete its keys, with
`# yaml-language-server: $schema=task.schema.json` as the first line of the task file.

```yaml
"""
_READING = """\
```

It is YAML 1.2: `2e-4` is a number, `no`, `1:30` and `2026-01-31` are text, `017` is 17. An unknown or repeated key is
a fault, and so are merge keys and tags. Every fault of the file and of its data is listed at once, with file, line,
column and remedy. Paths are relative to the task file.
"""
_DATA = """\
## Rows

Rows are {formats} or a hub id. Text is UTF-8, or has the byte order mark of
UTF-16 or UTF-32; any line ends will do. Older encodings (GB18030, Big5, Shift-JIS, EUC-JP, EUC-KR, Windows-125x,
KOI8-R, UTF-16 without its mark) are recognised by chardet and reported with a row as it was read; what is not
recognised is refused.
CSV is separated by commas, semicolons, tabs or bars; a first line such as `sep=;` may say by which. Columns without a
name are left out. A whole number is taken as its digits; null and NaN are empty.

Rows that cannot be used (an empty question or answer, a chat without an answer) are left out where they are at most
{left_out:.0%} of a file's rows, with a count and the reason; more are a fault.

What the rows are is told by their columns, and `harness compare` and `harness check` show what they took them for:

| rows | columns |
|---|---|
{shapes}| preference pairs | `prompt`, `chosen`, `rejected`; the prompt may also stand before the answers, as turns or \
as `Human: ... Assistant: ...` in one text (hh-rlhf), or in `messages`, `conversations`, `instruction` or `question`; \
an answer may be one turn |
| feedback | question and answer in any of these shapes, and `label` or `kto_tag` |
| translations | one object with a text in each of two languages, such as `translation: {{en, de}}`; \
`data.columns: {{input: translation.de, target: translation.en}}` reverses it |
| batch requests | `custom_id` and `body` (OpenAI) or `params` (Anthropic), with their answers' lines in the same file |

Turns are `{{role, content}}`, `{{from, value}}` or a mix of such: whose turn it is stands under `role`, `from`,
`speaker`, `sender` or `author` (user, human, prompter, customer, client; assistant, gpt, chatgpt, model, bot, chatbot,
ai, agent; system, developer), the text under `content`, `value`, `text`, `message`, `body`, `utterance` or `parts`. A
turn with several of them and none under its usual key is at fault. A table has a chat in one cell, as JSON or as Python
writes it. A system turn may come first, or stand in a column `system` or
`system_prompt`; a row with two that differ is at fault. `id`, `group` and `evidence` are columns of any shape. What
rows hold and nobody uses is named by `init`, `check`, `compare` and the report, with the number of rows and what to
do. What a model's own format writes behind an answer (`<|im_end|>`, `</s>` and similar) is taken off the ends of
answers, and counted.

### Chats

The last answer of a chat is the target, and turns behind it are cut. With `turns: all` each answer is a row of its
own, with the turns before it; a chat is a group then, so that it stands on one side of a split. Openings such as
'Hello' that a held-out chat has too are left out of train. Of answers that files mark as not to be learnt from
({marks}: 0 or false;
{passed}: 1 or true; {verdicts}: a
word such as bad, down or thumbs_down) none is a target: they are shown before later ones. A chat of which all answers
are marked so is left out, and such chats may be as many as they are.

A call of a tool (`tool_calls`, `function_call`, a part `tool_use`, or a turn of {calls}) is
text: a JSON object with `name` and `arguments`, a list where there are several, behind the words of its turn. What a
tool answered (a turn of {results})
is shown as the user's turn. A model whose chat template writes calls as JSON in a form of its own (`<tool_call>` of
Qwen's, `parameters` of Llama 3.1's, and so on) is trained on that form, shown earlier calls and examples in it, and
its completions are read back as JSON, in exports too; with any other template a call is its JSON. The metric
`tool_call` compares calls. Name the column with the tools in the template, as
`{{{{ tools }}}}`, or write them into `prompt.system`.

### Columns in the prompt

`prompt.template` may show any column of the rows but the one with the answer: `{{{{ context }}}}`. A name that is
no word is written with underscores: 'Option A' is `{{{{ Option_A }}}}`. A list is shown one item a line, behind letters
in a column called {choices}; an object is
shown as JSON, one of `text` and `label` lists as lines, and an empty cell as nothing. A template may also go through a
list (`{{% for one in choices %}}`) and into an object (`{{{{ more.of }}}}`).

```yaml
prompt:
  template: |-
    {{{{ input }}}}
    {{{{ choices }}}}
```

What is shown is part of the question: two rows with one question and other choices are two questions, and all
columns that are named must stand in the files of preferences and feedback too. An exported `answer.py` takes them as
JSON behind the question.

## Documents

A hub id is `owner/name`, `owner/name:subset` or `owner/name:subset:split` (`default` is the subset of a set without
any). Without a split, train is `train`, dev `validation` and test `test`. Where `data.train` and `data.test` come to
the same split, as in a set that has one only, the test is a fifth of its rows, whole groups, drawn by the first seed,
and train is the rest. Columns of class labels give their names, in Parquet files from the hub too; a label of -1 is
empty. All rows are of one commit: the newest, or the one behind an `@`, as in `owner/name@COMMIT:subset`, all 40
digits of it. Models and embedders take an `@` too. A run's `task.lock.yaml` is the task file with the commits of its
models, embedders and data sets; copied beside the task file, it compares the same rows and models later.

Documents are a folder of pages as they are, with any folders inside, or a `.jsonl` file with `id` and `text`.

| page | read as |
|---|---|
| {markdown} | text without its front matter, whose title is the heading where the page has none; no imports of MDX |
| {plain} | text in which nothing is taken for a heading or a table |
| {html} | what `<main>`, or the page, says, with headings, lists and tables; no scripts, navigation, `hidden` parts |
| `.pdf` | its text, by pypdf, which knows no headings and no tables |
| `.docx` | headings, lists and tables as in Markdown, by mammoth |

- **Hidden** is what has that attribute; what a style hides is read, as a click may show it.
- **Ids** are paths without the suffix: `billing/index` for `billing/index.md`. Two files that differ in their suffix
  alone keep it. Evidence may also give the path with its suffix, or any name that one page alone has (`index.md`,
  `fees`); where several have it, that is a fault.
- **What is not a page** (images, settings, styles, kinds that are not read) is left out, and hidden files are passed
  over; `init`, `check` and `compare` count the left out in a line a kind. So are pages without text.
- **Pages that cannot be read** (encrypted, scanned without text, damaged) are left out by name while they are at most
  {unread} of all; more are a fault, as are texts in an encoding that is not known. A PDF of which some pages hold no
  text is read, and named.
- **Passages** begin with the headings that they stand under, and of a table with the row that names its columns. A
  row that is too long beside that is written as `name: value` for every cell. A document without headings and tables
  is cut as it always was.

## Limits

What a file stands for is looked at before it is made, so that a small one cannot fill the memory; what is larger is a
fault in one line. A file has {bytes:,} bytes at most, a file of rows {rows:,} rows, {columns:,} columns and {cells:,}
cells, and lists and objects lie {levels} levels deep. A row has {row:,} characters. A page of text or HTML has
{page:,} bytes. All pages but plain text are read in a process that has {page_seconds} seconds of processor time
({seconds} for a PDF or Word file) and 1 GB of memory for each; one that takes more is left out as pages that cannot be
read are.
"""


def reference_page() -> str:
    """Return the task file's reference in Markdown."""
    schema = task_schema()
    sections = "".join(_sections(schema, schema, ()))
    plain = "; ".join(f"`{question}`, `{answer}`" for question, answer in PLAIN_NAMES)
    shapes = [f"| plain columns | {plain}; or as `data.columns` says |\n"]
    shapes += [
        f"| {shape} | {', '.join(f'`{name}`' for name in sorted(names))} |\n" for shape, (names, _) in SHAPES.items()
    ]
    data = _DATA.format(
        formats=_named(FORMATS),
        shapes="".join(shapes),
        left_out=MOST_LEFT_OUT,
        marks=_named(LEARN),
        passed=_named(PASS_OVER),
        verdicts=_named(VERDICTS),
        calls=_named(CALL_ROLES),
        results=_named(RESULT_ROLES),
        choices=_named(CHOICES),
        markdown=_named(MARKDOWN),
        plain=_named(PLAIN),
        html=_named(HTML),
        unread=f"{MOST_UNREAD:.0%}",
        bytes=MOST_BYTES,
        rows=MOST_ROWS,
        columns=MOST_COLUMNS,
        cells=MOST_CELLS,
        levels=MOST_LEVELS,
        row=LONGEST_ROW,
        page=MOST_PAGE_BYTES,
        seconds=SECONDS,
        page_seconds=PAGE_SECONDS,
    )
    return f"{_OPENING}{EXAMPLE}{_READING}\n{sections}{data}"


def _named(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _sections(model: dict[str, Any], schema: dict[str, Any], place: tuple[str, ...]) -> Iterator[str]:
    """Yield a table of the model's keys, then those of the sections inside it."""
    title = ".".join(place) or "Keys"
    intro = "" if not place else f"{model['description']}\n\n"
    yield f"## {title}\n\n{intro}| key | value | default | meaning |\n|---|---|---|---|\n"
    inner: dict[str, dict[str, Any]] = {}
    for key, field in model["properties"].items():
        section = _section(field, schema)
        is_told = bool(place) and key == "model"  # an arm's model has the keys of the task's
        if section and not is_told:
            inner[key] = section
        value = "list of arms" if key == "arms" else "as `model` above" if is_told else _value(field, section)
        default = "**required**" if key in model.get("required", ()) else _default(field)
        meaning = field.get("description") or (section or {})["description"]  # pydantic writes equal texts once
        yield f"| `{key}` | {value} | {default} | {' '.join(meaning.split())} |\n"
    yield "\n"
    for key, section in inner.items():
        yield from _sections(section, schema, (*place, key))


def _section(field: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any] | None:
    """The model that a key holds, or that the items of its list are."""
    options = [field, *field.get("anyOf", ()), *field.get("items", {}).get("anyOf", ())]
    name = next((option["$ref"].rpartition("/")[2] for option in options if "$ref" in option), None)
    return schema["$defs"][name] if name else None


def _value(field: dict[str, Any], section: dict[str, Any] | None) -> str:
    """Say what a key may hold."""
    if section is None:
        return _kind(field)
    is_short = any(option.get("type") == "string" for option in field.get("anyOf", ()))
    return "text, or keys below" if is_short else "keys below"


def _kind(field: dict[str, Any]) -> str:
    options = [option for option in field.get("anyOf", [field]) if option.get("type") != "null"]
    return " or ".join(_described(option) for option in options)


def _described(option: dict[str, Any]) -> str:
    if "const" in option:
        return f"`{option['const']}`"
    if "enum" in option:
        return ", ".join(f"`{value}`" for value in option["enum"])
    if option["type"] == "array":
        return f"list of {_kind(option['items'])}"
    names = {"string": "text", "number": "number", "integer": "whole number", "object": "keys and values"}
    words = {
        "minimum": "at least {:g}",
        "exclusiveMinimum": "above {:g}",
        "maximum": "at most {:g}",
        "exclusiveMaximum": "below {:g}",
    }
    bounds = [text.format(option[key]) for key, text in words.items() if key in option]
    return ", ".join([names[option["type"]], *bounds])


def _default(field: dict[str, Any]) -> str:
    value = field.get("default")
    if isinstance(value, list):
        return f"`[{', '.join(map(str, value))}]`"
    if isinstance(value, dict):
        value = value.get("source")  # of a model
    return "" if value in (None, "") else f"`{value}`"
