"""Arms that train on answers, alone or over retrieved passages. Each ends as a Program with what training left."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from baselines.finetune.card import export
from baselines.finetune.clock import Clock
from baselines.finetune.options import RagLoraOptions, TuneOptions
from baselines.finetune.passages import settle_passages
from baselines.finetune.process import TrainingProcess
from baselines.finetune.schedule import with_tuning
from baselines.finetune.sft import prepare, train_sft
from baselines.finetune.store import Trained
from baselines.prompt.zero import plain_prompt, zero_shot_program
from baselines.rag.prompting import passages_prompt, stand_in
from harness.contract import Capability, FitContext, Fitted, Preview, TrainingDemand
from harness.errors import ArmError
from harness.program import Program, Prompt, Retriever
from harness.records import Family, Passage, Question, Study

REUSED = "the SFT adapter was trained once in this run and is shared by arms; its training seconds count here as well"


class Tuned:
    """What all tuned arms share."""

    options: TuneOptions
    family: ClassVar[Family] = "tune"
    needs_documents: ClassVar[bool] = False

    @property
    def quantization(self) -> Literal["nf4"] | None:
        """Trained on the base as it is."""
        return None

    @property
    def needs(self) -> frozenset[Capability]:
        """To train and to score, and to serve what is kept."""
        return frozenset({"generate", "loglikelihood", "training", self.options.keeps})

    def demand(self, study: Study, rows: int) -> TrainingDemand:
        """Say what supervised training takes."""
        options = self.options
        return TrainingDemand(
            batch_rows=options.batch_size,
            epochs=options.epochs,
            trial_steps=options.trial_steps * options.trials_of(options.learning_rate),
            rank=options.tuner_options.get("rank"),
            trains_all=options.keeps == "checkpoints",
            has_penalty=any(weight > 0 for weight in options.penalties),
            max_length=options.max_length,
        )


@dataclass(frozen=True)
class Sft(Tuned):
    """Supervised fine-tuning, on the full-precision base or on its NF4 form; the options say what is trained."""

    options: TuneOptions
    form: Literal["nf4"] | None = None

    @property
    def quantization(self) -> Literal["nf4"] | None:
        """Of the base that is trained on."""
        return self.form

    def fit(self, study: Study, context: FitContext) -> Fitted:
        """Train on `study.train`, choosing rate and checkpoint on dev."""
        clock = Clock.of(context)
        weights = replace(context.base, quantization=self.quantization or context.base.quantization)
        program = replace(zero_shot_program(study, context), weights=weights)
        return fit_sft(study, context, program, self.options, clock)

    def preview(self, study: Study) -> Preview:
        """Show the first training row."""
        return shown_row(study, plain_prompt(study))


@dataclass(frozen=True)
class RagLoraSft(Tuned):
    """LoRA trained and asked with retrieved passages in the prompt: the case `combine`."""

    options: RagLoraOptions
    family: ClassVar[Family] = "combine"
    needs_documents: ClassVar[bool] = True

    def fit(self, study: Study, context: FitContext) -> Fitted:
        """Index the documents, settle how many passages, and train with what is found for every row."""
        from baselines.rag.index import build_index, index_folder

        clock = Clock.of(context)
        if not study.documents:
            raise ArmError("rag_lora_sft needs documents to search; give data.documents in the task file")
        place = (study.documents, self.options.chunk_tokens, self.options.embedder)
        folder = index_folder(context.shared, *place)
        index = build_index(study.documents, folder, *place[1:], log=context.log)
        plain = replace(zero_shot_program(study, context), prompt=passages_prompt(study))
        numbers = sorted({min(k, len(index.passages)) for k in self.options.candidates})
        programs = [replace(plain, retriever=Retriever(str(folder), k)) for k in numbers]
        program, trials, warnings = settle_passages(study, context, programs, self, self.options)
        found = self.retrieve(program, [example.question for example in study.train])
        fitted = fit_sft(study, context, program, self.options, clock, found)
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


def shown_row(study: Study, prompt: Prompt, passages: Sequence[Passage] = (), note: str = "") -> Preview:
    """Show how the first training row is learnt from: the loss is taken on the answer and its end token alone."""
    example = study.train[0]
    return Preview(prompt.messages(example.question, passages), example.target, note)


def fit_sft(
    study: Study,
    context: FitContext,
    program: Program,
    options: TuneOptions,
    clock: Clock,
    passages: Sequence[Sequence[Passage]] | None = None,
) -> Fitted:
    """Train `program`'s weights on answers and return the program with what training left."""
    plan = prepare(study, context, program, options, passages)
    with TrainingProcess(context.folder / "training", program.weights) as process:
        trained = train_sft(plan, context, process, clock)
    return finish(context, program, trained, options, clock)


def finish(context: FitContext, program: Program, trained: Trained, options: TuneOptions, clock: Clock) -> Fitted:
    """Put what training left into the arm's folder with its card, and tell how it was settled.

    What training itself warns of is in its history; the arm's own warnings do not repeat it.
    """
    place = context.folder / ("adapter" if options.keeps == "adapters" else "model")
    kept = export(trained.adapter, place, program.weights, trained.history, options)
    warnings = (REUSED,) if trained.is_reused else ()
    return Fitted(with_tuning(program, kept), trained.trials, trained.history, warnings, clock.earlier)
