"""Everything that a remembered answer depends on, and one change of each; and changes that must not matter.

    caught = [is_caught(name, fresh_folder) for name in MUTANTS]        # all true
    hits = [is_hit(name, fresh_folder) for name in SAME]                # all true

The engine beneath is a recording one, so nothing heavy is loaded.
"""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pytest import MonkeyPatch

from harness.engine import content
from harness.engine.cached import CachedEngine
from harness.records import Completion, GenerationSettings, Likelihood, Message, Weights
from harness.store.cache import AnswerStore

MODEL_FILES = (
    "model.safetensors",
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
)
ADAPTER_FILES = ("adapter_model.safetensors", "adapter_config.json")
LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "tokenizers")
SYSTEM, FIRST, SECOND = Message("system", "Be brief."), Message("user", "E4?"), Message("user", "And E5?")


class RecordingEngine:
    """Answers with how often it was asked, and keeps every call."""

    def __init__(self, model: Path, description: Mapping[str, str | int], written: str = "<{role}>{content}") -> None:
        self.capabilities = frozenset({"generate", "loglikelihood", "adapters"})
        self.context_window = 100
        self.model = str(model)
        self.description = description
        self.calls: list[str] = []
        self._written = written

    def render(self, conversation):
        return "".join(self._written.format(role=m.role, content=m.content) for m in conversation)

    def count_tokens(self, conversation):
        return len(self.render(conversation).split())

    def answer_tokens(self, text):
        return len(text.split()) + 1

    def generate(self, prompts, settings, weights, until=()):
        self.calls.append("generate")
        return [Completion(f"answer {len(self.calls)}", "stop", 5, 2, 0.25) for _ in prompts]

    def loglikelihood(self, requests, weights):
        self.calls.append("loglikelihood")
        return [[Likelihood(-1.5, 2, False) for _ in continuations] for _, continuations in requests]


@dataclass
class Scene:
    """One call of each kind, and all that its answers depend on."""

    room: Path
    weights: Weights
    prompts: tuple = ((SYSTEM, FIRST), (SYSTEM, SECOND), "raw text")
    settings: GenerationSettings = GenerationSettings(8)
    until: tuple = ("\n",)
    requests: tuple = (((SYSTEM, FIRST), ("yes", "no")), ("raw text", (" continues",)))
    description: dict = field(
        default_factory=lambda: {
            "device": "cpu",
            "dtype": "float32",
            "threads": 2,
            "context_window": 100,
            "chat_template_sha256": "5f0c",
        }
    )
    written: str = "<{role}>{content}"

    def asked(self, store: AnswerStore) -> list[str]:
        """Ask both calls as a new process would; return those that reached the engine."""
        engine = RecordingEngine(Path(self.weights.model), self.description, self.written)
        cached = CachedEngine(engine, store)
        cached.generate(self.prompts, self.settings, self.weights, self.until)
        cached.loglikelihood(self.requests, self.weights)
        return engine.calls


def build(room: Path) -> Scene:
    """Write small files instead of a model and an adapter."""
    for folder, names in (("model", MODEL_FILES), ("adapter", ADAPTER_FILES)):
        (room / folder).mkdir()
        for name in names:
            (room / folder / name).write_text(f"{folder} {name}")
    return Scene(room, Weights(str(room / "model"), adapter=str(room / "adapter")))


Change = Callable[[Scene, MonkeyPatch], object]
BOTH, GENERATE, SCORE = ["generate", "loglikelihood"], ["generate"], ["loglikelihood"]


@dataclass(frozen=True)
class Mutant:
    """A change, and the calls that must reach the engine after it."""

    change: Change
    asked: list[str] = field(default_factory=lambda: BOTH)


def flipped(path: str) -> Change:
    """Change a file's last byte; size and time stay, so only its content tells."""

    def change(scene: Scene, patch: MonkeyPatch) -> None:
        file = scene.room / path
        state, data = file.stat(), file.read_bytes()
        file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))

    return change


def described(key: str, value: str | int) -> Change:
    return lambda scene, patch: scene.description.update({key: value})


def set_to(**values: object) -> Change:
    return lambda scene, patch: [setattr(scene, name, value) for name, value in values.items()]


def weighed(**values: object) -> Change:
    return lambda scene, patch: setattr(scene, "weights", replace(scene.weights, **values))


def another_version(library: str) -> Change:
    def change(scene: Scene, patch: MonkeyPatch) -> None:
        installed = content.version
        patch.setattr(content, "version", lambda name: "0.0.1" if name == library else installed(name))

    return change


def edited_code(scene: Scene, patch: MonkeyPatch) -> None:
    copy = shutil.copytree(content.CODE, scene.room / "engine", ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / "generation.py").open("a") as file:
        file.write("\n")
    patch.setattr(content, "CODE", copy)


def model_file_renamed(scene: Scene, patch: MonkeyPatch) -> None:
    (scene.room / "model" / "generation_config.json").rename(scene.room / "model" / "other.json")


MUTANTS: dict[str, Mutant] = {
    **{f"a byte of the model's {name}": Mutant(flipped(f"model/{name}")) for name in MODEL_FILES},
    "a file of the model renamed": Mutant(model_file_renamed),
    "a file added to the model": Mutant(lambda s, _: (s.room / "model" / "added_tokens.json").write_text("{}")),
    **{f"a byte of the adapter's {name}": Mutant(flipped(f"adapter/{name}")) for name in ADAPTER_FILES},
    "no adapter": Mutant(weighed(adapter=None)),
    "quantization": Mutant(weighed(quantization="nf4")),
    "device": Mutant(described("device", "NVIDIA H200")),
    "dtype": Mutant(described("dtype", "bfloat16")),
    "threads": Mutant(described("threads", 1)),
    "chat template in use": Mutant(described("chat_template_sha256", "77aa")),
    "prompt as the model sees it": Mutant(set_to(written="{role}: {content}")),
    "engine's code": Mutant(edited_code),
    **{f"version of {name}": Mutant(another_version(name)) for name in LIBRARIES},
    "a prompt's text": Mutant(set_to(prompts=((SYSTEM, FIRST), (SYSTEM, FIRST), "raw text")), GENERATE),
    "a prompt's role": Mutant(
        set_to(prompts=((SYSTEM, Message("assistant", "E4?")), (SYSTEM, SECOND), "raw text")), GENERATE
    ),
    "a turn left out": Mutant(set_to(prompts=((FIRST,), (SYSTEM, SECOND), "raw text")), GENERATE),
    "a raw text": Mutant(set_to(prompts=((SYSTEM, FIRST), (SYSTEM, SECOND), "raw text ")), GENERATE),
    "a raw text equal to a rendered prompt": Mutant(
        set_to(prompts=("<system>Be brief.<user>E4?", (SYSTEM, SECOND), "raw text")), GENERATE
    ),
    "the batch's order": Mutant(set_to(prompts=((SYSTEM, SECOND), (SYSTEM, FIRST), "raw text")), GENERATE),
    "a smaller batch": Mutant(set_to(prompts=((SYSTEM, FIRST), (SYSTEM, SECOND))), GENERATE),
    "max_new_tokens": Mutant(set_to(settings=GenerationSettings(9)), GENERATE),
    "stop strings": Mutant(set_to(until=("\n", "###")), GENERATE),
    "no stop string": Mutant(set_to(until=()), GENERATE),
    "a scored context": Mutant(
        set_to(requests=(((SYSTEM, SECOND), ("yes", "no")), ("raw text", (" continues",)))), SCORE
    ),
    "a continuation": Mutant(set_to(requests=(((SYSTEM, FIRST), ("yes", "No")), ("raw text", (" continues",)))), SCORE),
    "the continuations' order": Mutant(
        set_to(requests=(((SYSTEM, FIRST), ("no", "yes")), ("raw text", (" continues",)))), SCORE
    ),
    "where context and continuation meet": Mutant(
        set_to(requests=(((SYSTEM, FIRST), ("yes", "no")), ("raw text goes", (" on",)))), SCORE
    ),
    "fewer contexts": Mutant(set_to(requests=(((SYSTEM, FIRST), ("yes", "no")),)), SCORE),
}


def moved(scene: Scene, patch: MonkeyPatch) -> None:
    for name in ("model", "adapter"):
        (scene.room / name).rename(scene.room / f"moved {name}")
    scene.weights = Weights(str(scene.room / "moved model"), adapter=str(scene.room / "moved adapter"))


def touched(scene: Scene, patch: MonkeyPatch) -> None:
    for file in scene.room.glob("*/*"):
        os.utime(file, (1, 1))


SAME: dict[str, Change] = {
    "nothing": lambda scene, patch: None,
    "model and adapter moved": moved,
    "times of the files": touched,
    "a hidden file beside the model's": lambda s, _: (s.room / "model" / ".cache").write_text("fetched today"),
    "lists instead of tuples": set_to(prompts=[[SYSTEM, FIRST], [SYSTEM, SECOND], "raw text"], until=["\n"]),
}


def is_caught(name: str, room: Path) -> bool:
    """Whether the answers from before a change are not given after it; `room` is an empty folder."""
    mutant = MUTANTS[name]
    return _asked_again(mutant.change, room) == mutant.asked


def is_hit(name: str, room: Path) -> bool:
    """Whether a change that no answer depends on leaves every answer to be found."""
    return _asked_again(SAME[name], room) == []


def _asked_again(change: Change, room: Path) -> list[str]:
    scene = build(room)
    store = AnswerStore(room / "answers.sqlite")
    try:
        if scene.asked(store) != BOTH or scene.asked(store) != []:
            raise AssertionError("without any change the second time must ask nothing")
        with MonkeyPatch.context() as patch:
            change(scene, patch)
            return scene.asked(store)
    finally:
        store.close()
