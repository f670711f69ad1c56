"""What a task file may set for the tuned arms, and the warnings that the published ranges give."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from baselines.finetune.tuners import LORA
from baselines.rag.options import CHUNK_TOKENS, DEFAULT_EMBEDDER, RagOptions

# Ranges from the notes the product is built on: claims about 7B models, so they warn and never limit.
PUBLISHED_RATES = (3e-5, 1e-4)
PUBLISHED_LARGEST_RANK = 256
PUBLISHED_RECORD_TOKENS = (200, 500)


class TuneOptions(BaseModel):
    """Options of every tuned arm. `tuner` says what is trained; the fields that `tunes` names are the tuner's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    tuner: ClassVar[str]
    tunes: ClassVar[tuple[str, ...]] = ()
    keeps: ClassVar[Literal["adapters", "checkpoints"]] = "adapters"  # as what the engine is to serve it

    learning_rate: float | None = Field(default=None, gt=0, description="fixed: no trial is run")
    # From the top of the published range to what a 135M model was measured to need, in half decades.
    trial_rates: tuple[float, ...] = Field(default=(1e-4, 3e-4, 1e-3, 3e-3), min_length=1)
    trial_steps: int = Field(default=8, ge=1)
    # A small model on a few hundred rows needs about this many before dev levels off; early stopping ends it sooner.
    epochs: int = Field(default=10, ge=1, description="the most; early stopping may end sooner")
    # Small data needs updates more than smooth gradients: with 4 instead of 8 the routing task levelled off on dev
    # after 2 epochs instead of 5.
    batch_size: int = Field(default=4, ge=1)
    eval_every: int | None = Field(default=None, ge=1, description="steps; once an epoch when not given")
    patience: int = Field(default=3, ge=1, description="evaluations without gain before training stops")
    kl_to_base: float | tuple[float, ...] = Field(
        default=(1.0,),
        description="weight of the penalty for leaving the base's predictions on general text; of several, the next is "
        "tried where the one before leaves nothing good inside the forgetting budget",
    )
    replay: float = Field(
        default=0.0, ge=0, le=1, description="share of general instruction rows that is mixed into the training rows"
    )
    max_length: int | None = Field(default=None, ge=8, description="longer rows are left out, by name")

    @field_validator("kl_to_base")
    @classmethod
    def _weights(cls, value: float | tuple[float, ...]) -> float | tuple[float, ...]:
        weights = value if isinstance(value, tuple) else (value,)
        if not weights or min(weights) < 0:
            raise ValueError(f"kl_to_base is {value}; give one weight or several, each at least 0")
        return value

    @property
    def penalties(self) -> tuple[float, ...]:
        """The weights of the penalty to try, in order."""
        return self.kl_to_base if isinstance(self.kl_to_base, tuple) else (self.kl_to_base,)

    def trials_of(self, rate: float | None) -> int:
        """Return how many learning rates are tried where the options fix this one."""
        return 0 if rate is not None else len(self.trial_rates)

    @property
    def tuner_options(self) -> dict[str, Any]:
        """What the tuner is told."""
        return {name: getattr(self, name) for name in self.tunes}

    @property
    def sft_options(self) -> dict[str, Any]:
        """All that shapes supervised training, whatever an arm does after it: arms that agree in it share one."""
        own = {name: getattr(self, name) for name in (*TuneOptions.model_fields, *self.tunes)}
        return {"tuner": self.tuner, **own}


class LoraOptions(TuneOptions):
    """Options of arms that train a LoRA adapter."""

    tuner: ClassVar[str] = LORA
    tunes: ClassVar[tuple[str, ...]] = ("rank", "alpha", "dropout")

    rank: int = Field(default=8, ge=1)
    alpha: float = Field(default=16.0, gt=0)
    # Dropout guards long runs on much data; here early stopping does, and 0 saves a pass over every input.
    dropout: float = Field(default=0.0, ge=0, lt=1)


class RagLoraOptions(LoraOptions):
    """Options of `rag_lora_sft`."""

    k: int | None = Field(
        default=None,
        ge=1,
        description="passages for each question, in training and in use; settled on dev when not given",
    )
    chunk_tokens: int = Field(default=CHUNK_TOKENS, ge=8)
    embedder: str = Field(default=DEFAULT_EMBEDDER, min_length=1)
    # A row carries k passages, so a step costs about three plain ones.
    trial_steps: int = Field(default=5, ge=1)

    @property
    def candidates(self) -> tuple[int, ...]:
        """Numbers of passages to try, ascending: the one that is given, or those that `rag` tries."""
        return RagOptions().candidates if self.k is None else (self.k,)


def range_warnings(options: TuneOptions, rate: float, lengths: Sequence[int]) -> tuple[str, ...]:
    """Say which published ranges this training leaves; `lengths` are the rows' tokens."""
    found = []
    low, high = PUBLISHED_RATES
    lora = options if isinstance(options, LoraOptions) else None  # for which rates and ranks were published
    if lora and not low <= rate <= high:
        found.append(f"learning rate {rate:g} is outside {low:g} to {high:g}, a range claimed for 7B models")
    if lora and lora.rank > PUBLISHED_LARGEST_RANK:
        found.append(
            f"rank {lora.rank} is above {PUBLISHED_LARGEST_RANK}; such ranks were reported to cost "
            "15% accuracy on open-domain questions"
        )
    median = sorted(lengths)[len(lengths) // 2]
    shortest, longest = PUBLISHED_RECORD_TOKENS
    if not shortest <= median <= longest:
        found.append(f"the median row has {median} tokens; {shortest} to {longest} are recommended")
    return tuple(found)
