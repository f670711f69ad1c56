"""Fixtures of runs that take seconds: somebody else's arms, and workers that answer by a rule, not a model."""

import json
import os
from pathlib import Path

import pytest
from tiny_model import CHAT_TEMPLATE

from harness.assets.cache import cache_folder, make_whole
from harness.general.passages import TEXTS

# Takes the place of torch and lm-eval in child processes; everything else there is the real thing.
STUB = Path(__file__).parent / "scorecard" / "stub"

THIRD_PARTY = '''
"""Arms of somebody else's package: some answer, the others fail in all the ways there are."""
import os
import resource
import signal
import subprocess
import time
from pathlib import Path

from harness.contract import Fitted
from harness.errors import ArmError
from harness.program import Program, Prompt, Reader
from harness.records import GenerationSettings, Weights


class Arm:
    family, needs, needs_documents = "prompt", frozenset({"generate"}), False

    def __init__(self, learn, system="Answer with one word.", template="{{ input }}"):
        self.learn = learn
        self.prompt = Prompt(system, template)

    def fit(self, study, context):
        assert not hasattr(study, "test")
        self.learn(context)
        return Fitted(Program(context.base, self.prompt, GenerationSettings(4), Reader("first_line")))


class Tuned(Arm):
    family, needs = "tune", frozenset({"generate", "training", "adapters"})

    def fit(self, study, context):
        adapter = context.folder / "adapter"
        adapter.mkdir(exist_ok=True)
        (adapter / "adapter_config.json").write_text("{}")
        (adapter / "adapter_model.safetensors").write_text("weights")
        with open(context.folder / "fits", "a") as file:
            file.write("once more\\n")
        weights = Weights(context.base.model, None, str(adapter))
        return Fitted(Program(weights, self.prompt, GenerationSettings(4), Reader("first_line")), reused_seconds=1000.0)


class Stepping(Tuned):
    """Trains in steps that are kept on disk; with seed 1 it waits behind the second while the file HOLD is there."""

    def fit(self, study, context):
        steps = context.folder / "steps"
        for step in range(len(steps.read_text().split()) if steps.exists() else 0, 4):
            context.progress("training", step, 4)
            while step == 2 and context.seed == 1 and os.path.exists(os.environ["HOLD"]):
                time.sleep(0.1)
            with open(steps, "a") as file:
                file.write(f"{os.getpid()} ")
        fitted = super().fit(study, context)
        Path(fitted.program.weights.adapter, "adapter_model.safetensors").write_text(f"weights of seed {context.seed}")
        return fitted


class Unlucky(Tuned):
    def fit(self, study, context):
        if context.seed == 1:
            fail(context)
        return super().fit(study, context)


def expect_whole_batches(context):
    assert context.shrink == 0


def fail(context):
    raise ArmError("no preference pairs: add data.preferences")


def fall_silent(context):
    context.progress("pondering", 0, 1)
    time.sleep(600)


def train(context):
    """Let a process of its own do the work, as the tuned arms do."""
    child = subprocess.Popen(["sleep", "600"])
    context.progress(f"training in {os.getpid()} and {child.pid}", 0, 1)
    if "TRAIN_ON" not in os.environ:
        child.wait()
    child.kill()


def run_out_of_memory(context):
    raise MemoryError("tried to allocate 31.5 GiB")


def need_a_quarter_of_the_batch(context):
    if context.shrink < 2:
        run_out_of_memory(context)


def break_the_device(context):
    import harness.engine.transformers_engine as engine

    engine.TransformersEngine.generate = None  # as after a CUDA error: nothing in this process works any more
    raise RuntimeError("CUDA error: an illegal memory access was encountered")


def fill_the_disk(context):
    if "FULL_DISK" in os.environ:
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, most))  # no file may grow beyond


def change_the_model(context):
    Path(context.base.model, "model.safetensors").write_bytes(b"other weights")
    os._exit(7)  # so that the next arm gets a new worker


PICKY = "{% if 'test number 3' in input %}{{ nothing }}{% endif %}{{ input }}"


def steady(options): return Arm(expect_whole_batches)
def terse(options): return Arm(lambda context: None, "Answer.")
def tuned(options): return Tuned(lambda context: None)
def unlucky(options): return Unlucky(lambda context: None)
def stepping(options): return Stepping(lambda context: None)
def failing(options): return Arm(fail)
def dying(options): return Arm(lambda context: os._exit(7))
def segfaulting(options): return Arm(lambda context: os.kill(os.getpid(), signal.SIGSEGV))
def tampering(options): return Arm(change_the_model)
def killed(options): return Arm(lambda context: os.kill(os.getpid(), signal.SIGKILL))
def hanging(options): return Arm(fall_silent)
def greedy(options): return Arm(run_out_of_memory)
def large(options): return Arm(need_a_quarter_of_the_batch)
def breaking(options): return Arm(break_the_device)
def training(options): return Arm(train)
def filling(options): return Arm(fill_the_disk)
def picky(options): return Arm(lambda context: None, template=PICKY)
def impossible(options): return Arm(lambda context: None, template="{{ inptu }}")


def die_after_the_first_batch(marker):
    """End the process once, behind the first batch that is on disk; batches are of three."""
    from harness.evidence import answering
    from harness.store.ledger import Ledger

    answering.BATCH_ROWS = 3
    store = Ledger.put_predictions

    def put(self, *arguments):
        store(self, *arguments)
        if not os.path.exists(marker):
            open(marker, "w").close()
            os._exit(9)

    Ledger.put_predictions = put


def choke_on(words):
    """Let the engine fail on every batch that holds these words."""
    from harness.engine.transformers_engine import TransformersEngine

    generate = TransformersEngine.generate

    def picky(self, prompts, *arguments, **more):
        if any(words in prompt[-1].content for prompt in prompts):
            raise RuntimeError("index 49152 is out of bounds")
        return generate(self, prompts, *arguments, **more)

    TransformersEngine.generate = picky


if "DIE_ONCE" in os.environ:
    die_after_the_first_batch(os.environ["DIE_ONCE"])
if "CHOKE_ON" in os.environ:
    choke_on(os.environ["CHOKE_ON"])
'''
# The example of the documentation: it repeats the last word of a prompt.
ECHO = (Path(__file__).parents[1] / "docs" / "adding_an_engine.md").read_text(encoding="utf-8").split("```")[1]
ARMS = (
    "steady", "terse", "tuned", "failing", "dying", "segfaulting", "killed", "hanging", "greedy", "large", "breaking",
    "tampering", "picky", "impossible", "filling", "training", "unlucky",
    "stepping",
)  # fmt: skip


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Keep answers in a folder of this test; what set-up fetched is lent to it."""
    fetched, own = cache_folder(), tmp_path / "cache"
    own.mkdir()
    for name in ("models", "benchmarks-2"):
        if (fetched / name).exists():
            (own / name).symlink_to(fetched / name)
    monkeypatch.setenv("HARNESS_CACHE", str(own))
    return own


@pytest.fixture
def third_party(tmp_path, monkeypatch):
    """Install a real package with entry points of its own, for this process and its children."""
    site = tmp_path / "site"
    info = site / "somebody_elses-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "somebody_elses.py").write_text(THIRD_PARTY)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: somebody-elses\nVersion: 1.0\n")
    points = "\n".join(f"{name} = somebody_elses:{name}" for name in ARMS)
    (info / "entry_points.txt").write_text(f"[harness.baselines]\n{points}\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")])))
    from harness.plugins import plugins

    plugins.cache_clear()
    yield site
    plugins.cache_clear()


@pytest.fixture
def echo_engine(third_party):
    """Install an engine of somebody else's."""
    (third_party / "echo_engine.py").write_text(ECHO.removeprefix("python\n"))
    points = third_party / "somebody_elses-1.0.dist-info" / "entry_points.txt"
    points.write_text(points.read_text() + "[harness.engines]\necho = echo_engine:Echo\n")


@pytest.fixture
def no_torch(third_party, own_cache, monkeypatch):
    """Let workers answer by a rule instead of a model: their start takes a second."""
    monkeypatch.setenv("PYTHONPATH", f"{STUB}{os.pathsep}{os.environ['PYTHONPATH']}")
    monkeypatch.setenv("SCORECARD_STUB", "1")
    (own_cache / "benchmarks-2").unlink(missing_ok=True)

    def texts(folder):
        uses = ["gate"] * 40 + ["selection"] * 16
        texts = [{"id": f"text{i}", "text": f"Passage {i} of a book.", "use": use} for i, use in enumerate(uses)]
        rows = (json.dumps(text) + "\n" for text in texts)
        (folder / f"{TEXTS}.jsonl").write_text("".join(rows))

    make_whole(own_cache / "benchmarks-2", texts)


@pytest.fixture
def tiny_task(tmp_path, tiny_model):
    """Write a task on the tiny model; returns a function of the arms' names."""
    return lambda *arms, **more: write_task(tmp_path / "task", tiny_model, arms, **more)


@pytest.fixture
def stub_task(tmp_path, no_torch):
    """Write a task on a model folder that holds nothing real; returns a function of the arms' names."""
    model = tmp_path / "model"
    model.mkdir()
    write_stub_model(model)
    return lambda *arms, **more: write_task(tmp_path / "task", model, arms, **more)


def write_stub_model(folder: Path) -> None:
    """Fill a model's folder with files that only look like one."""
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_text("{}")
    (folder / "tokenizer_config.json").write_text('{"eos_token": "<|im_end|>"}')
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE)
    (folder / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")  # of no tensor


def write_task(folder: Path, model: Path, arms: tuple[str, ...], extra: str = "") -> Path:
    """Write task.yaml with rows and a benchmark of its own beside it."""
    (folder / "benchmarks").mkdir(parents=True, exist_ok=True)
    for split, count in (("train", 12), ("dev", 6), ("test", 10)):
        rows = [
            {"id": f"{split}{i}", "input": f"What is {split} number {i}?", "target": f"answer {i % 3}"}
            for i in range(count)
        ]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "benchmarks" / "items.jsonl").write_text(
        "".join(json.dumps({"q": f"{i} plus {i} is", "c": [str(2 * i), str(i)], "gold": 0}) + "\n" for i in range(10))
    )
    (folder / "benchmarks" / "sums.yaml").write_text(
        "task: sums\ndataset_path: json\n"
        f"dataset_kwargs: {{data_files: {{test: {folder}/benchmarks/items.jsonl}}}}\n"
        "test_split: test\noutput_type: multiple_choice\ndoc_to_text: '{{q}}'\ndoc_to_choice: '{{c}}'\n"
        "doc_to_target: gold\nmetric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]\n"
    )
    (folder / "task.yaml").write_text(
        "version: 1\nname: tiny\ndescription: a tiny task\n"
        f"model: {model}\n"
        "data: {train: train.jsonl, dev: dev.jsonl, test: test.jsonl,"
        " columns: {input: input, target: target, id: id}}\n"
        "metric: {primary: exact_match, also: [f1]}\n"
        "general: {tasks: [sums], limit: 8, include_path: benchmarks}\n"
        f"arms: [{', '.join(arms)}]\n{extra}"
    )
    return folder / "task.yaml"
