"""What a task file may set for the prompted arms."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from baselines.prompt.constraining import CONSTRAIN, Constrain

Shots = Annotated[int, Field(ge=1)]
# nearest: for each question those whose questions are most like it, by the sentence embedder that rag uses
Way = Literal["diverse", "random", "nearest"]


class ZeroShotOptions(BaseModel):
    """Options of `zero_shot`; the task file's `prompt` is its prompt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    constrain: Constrain | None = Field(default=None, description=CONSTRAIN)


class FewShotOptions(BaseModel):
    """Options of `few_shot`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shots: Shots | Annotated[tuple[Shots, ...], Field(min_length=1)] = Field(
        default=(2, 4, 8), description="a number, or candidates that are settled on dev"
    )
    choice: Way | Annotated[tuple[Way, ...], Field(min_length=1)] | None = Field(
        default=None,
        description="how examples are chosen; of several (diverse, random and nearest when not given) the first is "
        "tried on dev with every number, as nearest is, the others with the best",
    )
    dev_rows: int = Field(default=40, ge=1, description="at most so many dev rows judge a candidate")
    constrain: Constrain | None = Field(default=None, description=CONSTRAIN)

    @property
    def candidates(self) -> tuple[int, ...]:
        """Numbers of shots to try, ascending."""
        return (self.shots,) if isinstance(self.shots, int) else tuple(sorted(set(self.shots)))

    @property
    def ways(self) -> tuple[Way, ...]:
        """Ways of choosing examples to try, in order."""
        if self.choice is None:
            return ("diverse", "random", "nearest")
        return (self.choice,) if isinstance(self.choice, str) else tuple(dict.fromkeys(self.choice))


class ChainOfThoughtOptions(BaseModel):
    """Options of `chain_of_thought`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reasoning_tokens: int = Field(default=96, ge=1, description="room to reason in, beside the answer's own")
    samples: int = Field(
        default=1,
        ge=1,
        description="answers drawn to each question, of which the most frequent result counts (self-consistency); each "
        "costs as much as the only one of 1",
    )
    temperature: float = Field(default=0.7, gt=0, description="at which they are drawn, where they are several")


class LabelScoreOptions(BaseModel):
    """Options of `label_score`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calibrated: bool | None = Field(
        default=None,
        description="whether each label's likelihood under an empty input is taken off; settled on dev when not given",
    )
    dev_rows: int = Field(default=40, ge=1, description="at most so many dev rows judge a candidate")
