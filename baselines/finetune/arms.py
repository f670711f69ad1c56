"""The four tuned arms. Each ends as a Program with an adapter in PEFT's form."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from baselines.finetune.card import export
from baselines.finetune.clock import Clock
from baselines.finetune.dpo import DpoPlan, prepare_dpo, train_dpo
from baselines.finetune.options import DpoOptions, LoraOptions, RagLoraOptions
from baselines.finetune.pairs import find_pairs
from baselines.finetune.passages import settle_passages
from baselines.finetune.process import TrainingProcess
from baselines.finetune.schedule import with_adapter
from baselines.finetune.sft import prepare, train_sft
from baselines.finetune.store import Trained
from baselines.prompt.zero import plain_prompt, zero_shot_program
from baselines.rag.prompting import passages_prompt, stand_in
from harness.contract import Bench, Capability, Fitted, Preview
from harness.errors import ArmError
from harness.program import Program, Prompt, Retriever
from harness.records import Family, Passage, Preference, Question, Study
from harness.store.files import encode, write_atomically

NEEDS: frozenset[Capability] = frozenset({"generate", "loglikelihood", "adapters", "training"})
# What preferences follow may take this share of the arm's minutes, so that they get the rest.
SFT_SHARE = 2 / 3
PAIRS = "pairs.jsonl"  # `harness.exporting` looks for it under this name
REUSED = "the SFT adapter was trained once in this run and is shared by arms; its training seconds count here as well"


@dataclass(frozen=True)
class LoraSft:
    """Supervised fine-tuning with LoRA, on the full-precision base or on its NF4 form."""

    options: LoraOptions
    quantization: Literal["nf4"] | None = None
    family: ClassVar[Family] = "tune"
    needs: ClassVar[frozenset[Capability]] = NEEDS
    needs_documents: ClassVar[bool] = False

    def fit(self, study: Study, bench: Bench) -> Fitted:
        """Train on `study.train`, choosing rate and checkpoint on dev."""
        clock = Clock.of(bench)
        weights = replace(bench.base, quantization=self.quantization or bench.base.quantization)
        program = replace(zero_shot_program(study, bench), weights=weights)
        return fit_sft(study, bench, program, self.options, clock)

    def preview(self, study: Study) -> Preview:
        """Show the first training row."""
        return shown_row(study, plain_prompt(study))


@dataclass(frozen=True)
class LoraDpo:
    """Supervised fine-tuning with LoRA, then preference optimisation of the same adapter."""

    options: DpoOptions
    family: ClassVar[Family] = "tune"
    needs: ClassVar[frozenset[Capability]] = NEEDS
    needs_documents: ClassVar[bool] = False

    def fit(self, study: Study, bench: Bench) -> Fitted:
        """Train on `study.train`, then on its preferences or on pairs mined from train."""
        clock = Clock.of(bench)
        program = zero_shot_program(study, bench)
        plan = prepare(study, bench, program, self.options)
        pairs, source = find_pairs(study, plan, bench, self.options.max_pairs)
        with TrainingProcess(bench.folder / "training", program.weights) as process:
            start = train_sft(plan, bench, process, clock.part(SFT_SHARE))
            dpo = prepare_dpo(plan, start, pairs, bench, self.options)
            leave_pairs(bench, dpo, pairs)
            trained = train_dpo(dpo, bench, process, clock.part(1.0))
        fitted = finish(bench, program, trained, self.options, clock)
        return replace(fitted, warnings=(*fitted.warnings, f"trained on {len(dpo.rows)} {source}"))

    def preview(self, study: Study) -> Preview:
        """Show the first training row; pairs are rendered alike."""
        given = len(study.preferences)
        source = f"{given} given" if given else "mined from the base model's wrong answers, at most"
        count = "" if given else f" {self.options.max_pairs}"
        return shown_row(study, plain_prompt(study), note=f"then preference pairs: {source}{count}")


@dataclass(frozen=True)
class RagLoraSft:
    """LoRA trained and asked with retrieved passages in the prompt: the case `combine`."""

    options: RagLoraOptions
    family: ClassVar[Family] = "combine"
    needs: ClassVar[frozenset[Capability]] = NEEDS
    needs_documents: ClassVar[bool] = True

    def fit(self, study: Study, bench: Bench) -> Fitted:
        """Index the documents, settle how many passages, and train with what is found for every row."""
        from baselines.rag.index import build_index, index_folder

        clock = Clock.of(bench)
        if not study.documents:
            raise ArmError("rag_lora_sft needs documents to search; give data.documents in the task file")
        place = (study.documents, self.options.chunk_tokens, self.options.embedder)
        folder = index_folder(bench.shared, *place)
        index = build_index(study.documents, folder, *place[1:], log=bench.log)
        plain = replace(zero_shot_program(study, bench), prompt=passages_prompt(study))
        numbers = sorted({min(k, len(index.passages)) for k in self.options.candidates})
        programs = [replace(plain, retriever=Retriever(str(folder), k)) for k in numbers]
        program, trials, warnings = settle_passages(study, bench, programs, self, self.options)
        found = self.retrieve(program, [example.question for example in study.train])
        fitted = fit_sft(study, bench, program, self.options, clock, found)
        return replace(fitted, trials=(*trials, *fitted.trials), warnings=(*warnings, *fitted.warnings))

    def retrieve(self, program: Program, questions: Sequence[Question]) -> list[tuple[Passage, ...]]:
        """Return each question's passages from the program's index, best first."""
        from baselines.rag.index import open_index

        if program.retriever is None:
            raise ArmError("this program has no retriever; it was not made by rag_lora_sft")
        index = open_index(program.retriever.index)
        return index.search([question.text for question in questions], program.retriever.k)

    def preview(self, study: Study) -> Preview:
        """Show the first training row with a passage, found without the embedder."""
        passages, note = stand_in(study, study.train[0], self.options.chunk_tokens)
        shows = "tries {} on dev" if self.options.k is None else "shows {}"
        note = f"{note}; the run {shows.format(', '.join(map(str, self.options.candidates)))}"
        return shown_row(study, passages_prompt(study), passages, note)


def leave_pairs(bench: Bench, plan: DpoPlan, pairs: Sequence[Preference]) -> None:
    """Leave the pairs that are trained on in the arm's folder: mined ones stand nowhere else, and export needs them."""
    used = {row.id for row in plan.rows}
    lines = "".join(encode(Preference, pair) + "\n" for pair in pairs if pair.id in used)
    write_atomically(bench.folder / PAIRS, lines)


def shown_row(study: Study, prompt: Prompt, passages: Sequence[Passage] = (), note: str = "") -> Preview:
    """Show how the first training row is learnt from: the loss is taken on the answer and its end token alone."""
    example = study.train[0]
    return Preview(prompt.messages(example.question, passages), example.target, note)


def fit_sft(
    study: Study,
    bench: Bench,
    program: Program,
    options: LoraOptions,
    clock: Clock,
    passages: Sequence[Sequence[Passage]] | None = None,
) -> Fitted:
    """Train one SFT adapter for `program` and return the program with it."""
    plan = prepare(study, bench, program, options, passages)
    with TrainingProcess(bench.folder / "training", program.weights) as process:
        trained = train_sft(plan, bench, process, clock)
    return finish(bench, program, trained, options, clock)


def finish(bench: Bench, program: Program, trained: Trained, options: LoraOptions, clock: Clock) -> Fitted:
    """Put the adapter into the arm's folder with its card, and tell how it was settled.

    What training itself warns of is in its history; the arm's own warnings do not repeat it.
    """
    adapter = export(trained.adapter, bench.folder / "adapter", program.weights, trained.history, options)
    warnings = (REUSED,) if trained.is_reused else ()
    return Fitted(with_adapter(program, adapter), trained.trials, trained.history, warnings, clock.earlier)
