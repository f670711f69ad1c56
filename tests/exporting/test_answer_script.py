"""answer.py against the code that it stands for, without a model."""

import ast
import io
import json
from dataclasses import asdict

import pytest

from harness import answer_reading
from harness.answer_reading import Reader
from harness.chat.turns import ChatForm, said, without_thought
from harness.exporting.command import answer_all
from harness.exporting.script import fill

PLAIN = ("", "\n", " two\nlines \n", "\n\n  late ")
MARKED = ("Answer: one", "so\nANSWER:\n\n 2 \nmore", "x answer: y Answer: z\nw")
NESTED = Reader("whole", "Answer:", then=Reader("pattern", pattern=r"(\w)"))


def script(**parts) -> str:
    """Return the script of an arm that only prompts, and of others by `parts`."""
    plain = {
        "arm": "a",
        "needs": "transformers",
        "chooses": False,
        "samples": 1,
        "is_constrained": False,
        "nf4": False,
        "adapter": None,
        "is_prefix": False,
        "searches": False,
        "finds_examples": False,
        "model_is_here": True,
        "joins_systems": False,
        "shows_columns": False,
    }
    return fill("answer.py.jinja", **{**plain, **parts})


def read_of(reader: Reader):
    """Return the script's own `read`, compiled out of it, beside the module that goes with it."""
    text = script()
    function = next(n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name == "read")
    names = {"PROMPT": {"reader": json.loads(json.dumps(asdict(reader)))}, "Reader": answer_reading.Reader}
    names |= {"without_thought": without_thought, "said": said, "FORM": ChatForm()}
    exec(compile(ast.Module([function], []), "answer.py", "exec"), names)
    return names["read"]


@pytest.mark.parametrize("reader", [Reader(), Reader("first_line"), Reader("first_line", "Answer:"), NESTED])
@pytest.mark.parametrize("text", PLAIN + MARKED)
def test_script_reads_an_answer_as_the_program_does(reader, text):
    assert read_of(reader)(text) == (reader.read(text) or "")


def test_pattern_that_is_stopped_is_a_fault_of_the_question_and_no_empty_answer(monkeypatch, capsys):
    read = read_of(Reader("pattern", pattern=r"^((?:a|a)+)$"))
    endless = "a" * 40 + "b"
    monkeypatch.setattr("sys.stdin", io.StringIO(f"aaa\n{endless}\n"))
    assert answer_all(None, lambda question, columns: read(question)) == 1
    whole, stopped = map(json.loads, capsys.readouterr().out.splitlines())
    assert whole == {"question": "aaa", "answer": "aaa"}
    assert stopped == {"question": endless, "fault": "the pattern '^((?:a|a)+)$' was stopped after 1 s over one text"}
    assert answer_all([(endless, {})], lambda question, columns: read(question)) == 2
    assert "was stopped after 1 s" in capsys.readouterr().err


@pytest.mark.parametrize("joins_systems", [True, False])
@pytest.mark.parametrize("nf4", [True, False])
@pytest.mark.parametrize("adapter", ["adapter", None])
@pytest.mark.parametrize("searches", [True, False])
def test_every_form_of_the_script_is_python_and_imports_what_it_uses(nf4, adapter, searches, joins_systems):
    text = script(nf4=nf4, adapter=adapter, searches=searches, joins_systems=joins_systems)
    tree = ast.parse(text)
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    imported = {alias.name for node in names for alias in node.names}
    assert ("load_adapter" in text) is bool(adapter)
    assert ("search" in imported) is searches
    assert ("BitsAndBytesConfig" in imported) is nf4
    assert text.count('device="cpu"') == 1  # also where there is a GPU: the README says so
    assert ("support_avx512bf16_for_cpu" in text) is nf4  # else 4-bit weights are rounded on newer CPUs
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert imported <= used


@pytest.mark.parametrize("finds_examples", [True, False])
def test_script_of_a_prompt_with_columns_takes_them_and_shows_them(finds_examples):
    text = script(shows_columns=True, searches=finds_examples, finds_examples=finds_examples)
    functions = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    assert [argument.arg for argument in functions["complete"].args.args] == ["turns", "columns"]
    assert ("found_columns" in functions) is finds_examples
    assert "from columns import shown_value" in text


@pytest.mark.parametrize("joins_systems", [True, False])
def test_script_that_finds_examples_shows_them_as_turns(joins_systems):
    text = script(searches=True, finds_examples=True, joins_systems=joins_systems)
    ast.parse(text)
    assert text.count("*shots, *history") == 1
    assert "passages=search(" not in text


@pytest.mark.parametrize("joins_systems", [True, False])
@pytest.mark.parametrize("searches", [True, False])
def test_script_that_chooses_a_label_generates_nothing(searches, joins_systems):
    text = script(chooses=True, searches=searches, joins_systems=joins_systems)
    (complete,) = [n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name == "complete"]
    assert "writer(chat" not in text and "import torch\n" in text
    assert ast.unparse(complete.body[-1]).startswith("return max(PROMPT['choices']")


@pytest.mark.parametrize(
    ("embedder", "is_here", "commit"),
    [("embedder", True, None), ("BAAI/bge-small-en-v1.5", False, None), ("BAAI/bge-small-en-v1.5", False, "a" * 40)],
)
def test_search_is_python_that_names_the_embedder_as_it_is_to_be_found(embedder, is_here, commit):
    values = {"embedder": embedder, "embedder_is_here": is_here, "commit": commit}
    text = fill("search.py.jinja", arm="a", k=2, index="index", **values)
    (made,) = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call) and "SentenceT" in ast.unparse(n.func)]
    assert ast.unparse(made.args[0]) == (f"str(HERE / '{embedder}')" if is_here else f"'{embedder}'")
    named = {keyword.arg: keyword.value.value for keyword in made.keywords}
    assert named == {"device": "cpu", "trust_remote_code": False} | ({"revision": commit} if commit else {})


@pytest.mark.parametrize("searches", [True, False])
def test_script_of_a_prompted_or_retrieving_arm_is_some_twenty_lines_besides_its_imports(searches):
    frame = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.If
    nodes = [node for node in ast.walk(ast.parse(script(searches=searches))) if isinstance(node, ast.stmt)]
    docstrings = [node for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    assert len([node for node in nodes if not isinstance(node, frame) and node not in docstrings]) <= 22


@pytest.mark.model
def test_exported_search_finds_what_the_run_found_by_the_rows_of_a_table(tmp_path):
    from baselines.rag.embedder import open_embedder
    from baselines.rag.index import build_index
    from baselines.rag.options import DEFAULT_EMBEDDER
    from harness.records import Document

    rows = "".join(f"| Pump-{letter} | {at * 7} |\n" for at, letter in enumerate("ABCDEFGHJKLM"))
    page = f"# Parts\n\n| Part | Price |\n|---|---|\n{rows}"
    documents = [Document("parts", page, "parts.md"), Document("terms", "Goods may be returned.", "terms.md")]
    index = build_index(documents, tmp_path / "index", chunk_tokens=48)
    assert len(index.owners) > len(index.passages) > 3
    embedder = str(open_embedder(DEFAULT_EMBEDDER).folder)
    text = fill("search.py.jinja", arm="a", k=3, index="index", embedder=embedder, commit=None, embedder_is_here=False)
    (tmp_path / "search.py").write_text(text)
    namespace = {"__file__": str(tmp_path / "search.py")}
    exec(compile(text, "search.py", "exec"), namespace)
    for question in ("What is the price of Pump-K?", "May goods be returned?", "Which pumps are there?"):
        assert namespace["search"](question) == [passage.text for passage in index.search([question], 3)[0]]
