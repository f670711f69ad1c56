"""A model's chat form, found out by letting its template write turns; no weights are needed."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from jinja2 import TemplateError

from harness.chat.calls import as_decoded, call_form
from harness.chat.turns import THOUGHTS, ChatForm, Turn, marked, prompt, said, shown, written
from harness.confined import TemplateFault, private_attribute
from harness.errors import ArmError, ModelError
from harness.records import Message

SWITCHES = ("enable_thinking", "thinking")  # variables by which templates switch thoughts off
# Of a thought that nothing switches off; a quarter of the window at most, as the prompt needs room too.
THOUGHT_TOKENS = 1024
# What rendering a template of somebody else's can raise.
FAULTS = (
    TemplateFault, TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip
_MARKER = re.compile(r"<[^<>\s]{1,60}>|\[/?[A-Z_]+\]")
_LINE = re.compile(r"(?:#{2,} ?[\w ]{1,30}:?|[A-Z][\w ]{0,20}:)")
_TALK = ("user", "assistant", "user")


@dataclass(frozen=True, slots=True)
class Template:
    """A model's chat template with what its tokenizer says of its own tokens."""

    write: Callable[..., str]  # called as a tokenizer's `apply_chat_template`
    source: str  # as it is written
    bos: str | None = None
    eos: str | None = None
    special: frozenset[str] = field(default_factory=frozenset)  # tokens that are not text to the model


class ChatFormat:
    """How one model is shown conversations, in training, asking, checking and export alike.

    Attributes:
        form: What becomes of turns before the template writes them, and of the prompt behind it.
        notes: What was found, a sentence each; none for a template that takes everything as it comes.
        thinks: Whether it may open a thought by itself, which nothing switches off.
    """

    def __init__(self, template: Template | None, model: str) -> None:
        """Look at a template; `model` is as the user knows it.

        Raises:
            ModelError: If there is none, or it cannot show a question, does not end or reaches for what is not a value
                of its own, or nothing would ever end an answer.
        """
        if template is None:
            raise ModelError(
                f"model '{model}' has no chat template, so it cannot hold a conversation; "
                "give an instruction-tuned model"
            )
        if reached := private_attribute(template.source):
            raise ModelError(f"the chat template of '{model}' reaches for '{reached}', which leads out; restore it")
        self.model, self.template = model, template
        self.form, self.thinks = ChatForm(), False
        self.notes: tuple[str, ...] = ()
        self._known: dict[tuple[str, ...], str] = {}
        if fault := self._fault_of(("user",)):
            raise ModelError(f"the chat template of '{model}' cannot show a question: {fault}; give another model")
        self._look_at_roles()
        self._look_at_start()
        self._look_at_thoughts()
        # what the template writes behind an answer
        self.ending = self._probe(("user", "assistant"), opens=False).rpartition(_text(1))[2]
        self._look_at_end()
        self._look_at_markers()
        self._look_at_calls()

    def turns(self, messages: Sequence[Message]) -> list[Turn]:
        """Return a conversation as the template takes it."""
        return shown(_turns(messages), self.form)

    def render(self, messages: Sequence[Message]) -> str:
        """Write a conversation with the assistant's turn opened.

        Raises:
            ArmError: If the template refuses these turns, or leaves one out.
        """
        roles = tuple(message.role for message in messages)
        refused = f"the chat template of '{self.model}' refuses the turns {', '.join(roles)}"
        if fault := self.fault(roles):
            raise ArmError(f"{refused}: {fault}")
        try:
            text = prompt(self.template.write, _turns(messages), self.form)
        except FAULTS as failure:
            raise ArmError(f"{refused}: {failure}") from failure
        if not _holds(text, self.turns(messages)[-1]["content"]):
            raise ArmError(f"the chat template of '{self.model}' leaves the question out of this prompt; restore it")
        return text

    def fault(self, roles: tuple[str, ...]) -> str:
        """Say why turns of these roles cannot be shown, else ''."""
        if roles not in self._known:
            try:
                self._known[roles] = self._fault_of(roles)
            except ModelError as fault:
                self._known[roles] = str(fault)
        return self._known[roles]

    def thought_room(self, window: int) -> int:
        """Return the room for a thought before an answer, in tokens; 0 where nothing opens one."""
        return min(THOUGHT_TOKENS, window // 4) if self.thinks else 0

    def not_text(self, text: str) -> list[str]:
        """Return the tokens in a text that are not text to this model, each once; those around thoughts left out."""
        return marked(text, self._control)

    def answer(self, text: str) -> str:
        """Return an answer as the model writes it: a tool call in the template's own form."""
        return written(text, self.form.calls)

    def said(self, text: str) -> str:
        """Return what a completion says, with tool calls as JSON."""
        return said(text, self.form)

    @property
    def end(self) -> str:
        """The token that ends an answer: what the template writes behind it, else the tokenizer's end token."""
        found = [token for token in self.template.special if token and self.ending.startswith(token)]
        return max(found, key=len, default=self.template.eos or "")

    def _write(self, roles: Sequence[str], opens: bool = True, **switch: bool) -> str:
        turns = [{"role": role, "content": _text(number)} for number, role in enumerate(roles)]
        given = {**self.form.switch, **switch}
        try:
            return self.template.write(shown(turns, self.form), tokenize=False, add_generation_prompt=opens, **given)
        except TemplateFault as fault:
            if fault.is_endless:  # no look at further turns: each would take as long
                raise ModelError(f"the chat template of '{self.model}' {fault}; restore it") from fault
            raise

    def _probe(self, roles: Sequence[str], opens: bool = True, **switch: bool) -> str:
        """Return what the template makes of turns; '' where it refuses them."""
        try:
            return self._write(roles, opens, **switch)
        except FAULTS:
            return ""

    def _fault_of(self, roles: Sequence[str]) -> str:
        """Say what a template does to turns: it refuses, drops or moves some; '' when all is well."""
        try:
            text = self._write(roles)
        except FAULTS as fault:
            return str(fault) or type(fault).__name__
        places = [text.find(_text(number)) for number in range(len(roles))]
        if -1 in places:
            return f"it leaves the {roles[places.index(-1)]}'s turn out"
        said = [place for role, place in zip(roles, places, strict=True) if role != "system"]
        return "" if said == sorted(said) else "it writes the turns in another order"

    def _note(self, text: str) -> None:
        self.notes = (*self.notes, f"the chat template of '{self.model}' {text}")

    def _look_at_roles(self) -> None:
        if self._fault_of(("system", "user")):
            self.form = replace(self.form, joins_system=True)
            self._note("has no system role: a system text is put before the first user's turn")
        if self._fault_of(("user", "user")) and not self._fault_of(_TALK):
            self.form = replace(self.form, joins_turns=True)
            self._note("wants user and assistant in turn: neighbouring turns of one role are put into one")

    def _look_at_start(self) -> None:
        bos = self.template.bos
        if bos and self._write(("user",)).startswith(bos * 2):
            self.form = replace(self.form, start=bos)
            self._note(f"writes the start token {bos} twice: one is left out")

    def _look_at_thoughts(self) -> None:
        """Switch thoughts off: by the template's own switch, else by closing at once what it opens."""
        before = self._write(("user",))
        off = next((name for name in SWITCHES if self._probe(("user",), **{name: False}) not in ("", before)), None)
        if off:
            self.form = replace(self.form, switch={off: False})
            self._note(f"lets the model think before it answers: thoughts are switched off ({off}: false)")
        text = self._write(("user",))
        behind = text.rpartition(_text(0))[2]
        if closing := _closing(behind):
            self.form = replace(self.form, closing=closing)
            self._note("opens a thought before an answer: it is closed at once, so that the answer stands behind it")
        elif between := self._before_answer(text):
            self.form = replace(self.form, closing=between)
            self._note(f"writes {between.strip()!r} before an answer of its own: so does every prompt")
        elif not off and any(end in self.template.source and end not in behind for _, end in THOUGHTS):
            self.thinks = True
            self._note(
                "knows thoughts and has no switch for them: there is room for one, and answers are read behind it"
            )

    def _before_answer(self, text: str) -> str:
        """Return what the template writes between an opened turn and an answer, where that has a marker in it."""
        written = self._probe(("user", "assistant"), opens=False)
        if not written.startswith(text):
            return ""
        between = written[len(text) :].partition(_text(1))[0]
        return between if _MARKER.search(between) or any(token in between for token in self.template.special) else ""

    def _look_at_end(self) -> None:
        if not self.end:
            raise ModelError(
                f"model '{self.model}' has no end token (eos_token), and its chat template writes none behind an "
                "answer, so it would never stop; set one in its tokenizer_config.json"
            )
        if not self.template.eos:
            self._note(f"ends an answer with {self.end}: it serves as the end token, which the tokenizer does not name")

    def _look_at_calls(self) -> None:
        """Find how the template writes tool calls; where it writes none, or in another way than JSON, they are JSON."""
        before = self._probe(("user", "assistant"), opens=False).partition(_text(1))[0]

        def write(calls: list[object]) -> str:
            turns = [{"role": "user", "content": _text(0)}, {"role": "assistant", "content": "", "tool_calls": calls}]
            try:
                return str(self.template.write(turns, tokenize=False, add_generation_prompt=False, **self.form.switch))
            except FAULTS:
                return ""

        calls = call_form(write, before, self.ending)
        if calls:
            decoded = as_decoded(calls, self.template.special - {marker for pair in THOUGHTS for marker in pair})
            self.form = replace(self.form, calls=calls, calls_read=decoded)

    def _look_at_markers(self) -> None:
        """Find what must not stand in a turn's text: special tokens, and what the template sets turns apart with."""
        text = self._probe(("system", *_TALK)) or self._probe(_TALK) or self._write(("user",))
        around = re.sub("\u2022\\d\u2022", "\n", text)
        thoughts = {marker for pair in THOUGHTS for marker in pair}
        found = {*filter(None, self.template.special), *_MARKER.findall(around)} - thoughts
        alone = {line.strip() for line in around.split("\n") if _LINE.fullmatch(line.strip())}
        self.form = replace(self.form, markers=tuple(sorted(found)), lines=tuple(sorted(alone)))
        self._control = ChatForm(markers=tuple(sorted(found & self.template.special)))


def _turns(messages: Sequence[Message]) -> list[Turn]:
    return [{"role": message.role, "content": message.content} for message in messages]


def _text(number: int) -> str:
    """Return what stands for a turn's text where a template is tried out."""
    return f"\u2022{number}\u2022"


def _holds(text: str, said: str) -> bool:
    """Whether a prompt has a turn's text in it; templates may change white space."""
    return said.strip() in text or "".join(said.split()) in "".join(text.split())


def _closing(behind: str) -> str:
    """Return what closes the thought that a template leaves open, as Qwen3's own switch does; '' where none is open."""
    for begin, end in THOUGHTS:
        if behind.rfind(begin) > behind.rfind(end):
            return f"{'' if behind.endswith(chr(10)) else chr(10)}\n{end}\n\n"
    return ""
