"""Jinja as prompts and chat templates are rendered by it, and what a template's source tells without running it."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Literal, TypeVar

from jinja2 import Environment, StrictUndefined, TemplateError, meta, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from harness.columns import shown_value

Kind = Literal["prompt", "chat"]
MOST_CHARACTERS = 4_000_000  # of a text; a row has a million at most, and may be shown beside passages
_DEEPEST_COPIED = 50  # nested nodes of a template that needs no child; parsers and compilers of any more may give up
Found = TypeVar("Found", bound=nodes.Node)
# Of these a text can only grow by what it copies, so it ends by itself.
_COPYING = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.Not, nodes.And, nodes.Or,
)  # fmt: skip


class TemplateFault(Exception):
    """A template that cannot be rendered with some values; the message says why.

    Attributes:
        is_endless: It was stopped, as it took too much time or memory, wrote too much, or nests too deeply.
    """

    def __init__(self, text: str, *, is_endless: bool = False) -> None:
        super().__init__(text)
        self.is_endless = is_endless


def pieces(kind: Kind, source: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Render a template piece by piece.

    Args:
        kind: What it is a template of.
        source: The template.
        values: What it may use. `columns` of a prompt are a row's, by name, as JSON has them.
    """
    if kind == "prompt":
        beside = {name: shown_value(name, value) for name, value in values["columns"].items()}
        values = {**beside, "input": values["input"], "passages": values["passages"]}
    yield from _compiled(kind, source).generate(**values)


class TooLong(Exception):
    """A template writes more than anything can read."""

    def __init__(self) -> None:
        super().__init__(f"writes more than {MOST_CHARACTERS:,} characters")


def text_of(kind: Kind, source: str, values: Mapping[str, Any]) -> str:
    """Render a template, as `pieces` does, up to its most characters.

    Raises:
        TooLong: If it writes more.
    """
    found: list[str] = []
    length = 0
    for piece in pieces(kind, source, values):
        length += len(piece)
        if length > MOST_CHARACTERS:
            raise TooLong
        found.append(piece)
    return "".join(found)


def undeclared(source: str) -> list[str]:
    """Return the names that a prompt's template wants besides `input` and `passages`; sorted.

    Jinja's own functions are names too where they are not called, and so is `self`, which no column can be. Constant
    parts of the template are run on the way.
    """
    environment = _environment("prompt")
    tree = environment.parse(source)
    called = {call.node.name for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name)}
    written = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"}
    own = written & {"self", *(environment.globals.keys() - called)}
    return sorted((meta.find_undeclared_variables(tree) | own) - {"input", "passages"})


@lru_cache(maxsize=256)
def only_copies(source: str) -> bool:
    """Whether a prompt's template does no more than copy texts, in or behind conditions that look at nothing else.

    It may still write too much, where it copies a long text many times.
    """
    try:
        tree = Environment().parse(source)
    except (TemplateError, RecursionError):
        return False
    return all(isinstance(node, _COPYING) and depth <= _DEEPEST_COPIED for node, depth in _all_nodes(tree))


def _all_nodes(tree: nodes.Node) -> Iterator[tuple[nodes.Node, int]]:
    """Yield every node with its depth, without recursion."""
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting.extend((child, depth + 1) for child in node.iter_child_nodes())


def _found(tree: nodes.Node, kind: type[Found]) -> Iterator[Found]:
    return (node for node, _ in _all_nodes(tree) if isinstance(node, kind))


def private_attribute(source: str) -> str | None:
    """Name an attribute with an underscore in front that a Jinja template reaches for; None where there is none."""
    if "{" not in source:
        return None
    try:
        tree = Environment().parse(source)
    except (TemplateError, RecursionError):
        return None  # no template; the sandbox has the last word
    names = [node.attr for node in _found(tree, nodes.Getattr)]
    names += [node.arg.value for node in _found(tree, nodes.Getitem) if isinstance(node.arg, nodes.Const)]
    names += [
        argument.value
        for node in _found(tree, nodes.Filter)
        if node.name in ("attr", "map", "selectattr", "rejectattr", "groupby", "sort", "unique")
        for argument in [*node.args, *(keyword.value for keyword in node.kwargs)]
        if isinstance(argument, nodes.Const)
    ]
    return next((name for name in names if isinstance(name, str) and name.startswith("_")), None)


@lru_cache(maxsize=256)
def _compiled(kind: Kind, source: str) -> Any:
    return _environment(kind).from_string(source)


@cache
def _environment(kind: Kind) -> Environment:
    return _MAKERS[kind]()


def _for_prompts() -> Environment:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    del environment.filters["random"], environment.globals["lipsum"]  # a row has one prompt, each time that it is asked
    return environment


def _for_chats() -> Environment:
    """Jinja as transformers sets it up for chat templates (utils/chat_template_utils.py)."""

    def refuse(message: str) -> None:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, "jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = lambda value, **options: json.dumps(value, **{"ensure_ascii": False, **options})
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    return environment


_MAKERS: Mapping[Kind, Callable[[], Environment]] = {"prompt": _for_prompts, "chat": _for_chats}


class _Generation(Extension):
    """`{% generation %}`, by which transformers marks the assistant's own words; here its body alone counts."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> nodes.Node:
        """Return the block's body, whose variables stay its own, as in the call block of transformers."""
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)
