"""The option `constrain` of prompted and retrieving arms: what an answer may be, held by the decoder."""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, field_validator, model_validator

from baselines.prompt.closed_set import labels_of
from harness.constrained import grammar_of
from harness.contract import Capability
from harness.records import Constraint, Study

CONSTRAIN = "the decoder writes only this: labels (the targets of train), {pattern: ...} or {json_schema: ...}"


class Held(BaseModel):
    """One of three: the distinct targets of train, a regular expression for the whole answer, a JSON schema."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: Literal[True] | None = None
    pattern: str | None = None
    json_schema: dict[str, JsonValue] | None = None

    @field_validator("pattern")
    @classmethod
    def _is_pattern(cls, value: str | None) -> str | None:
        if value is not None:
            grammar_of("pattern", value)
        return value

    @field_validator("json_schema")
    @classmethod
    def _is_schema(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None:
            grammar_of("json_schema", json.dumps(value))
        return value

    @model_validator(mode="after")
    def _is_one(self) -> "Held":
        if sum(part is not None for part in (self.labels, self.pattern, self.json_schema)) != 1:
            raise ValueError("give one of labels, pattern and json_schema")
        return self


Constrain = Annotated[Held, BeforeValidator(lambda said: {"labels": True} if said == "labels" else said)]


def constraint_of(constrain: Held | None, study: Study) -> Constraint | None:
    """Return what the option says for a study.

    Raises:
        ArmError: If the targets of train are asked for and are not a closed set.
    """
    if constrain is None:
        return None
    if constrain.pattern is not None:
        return Constraint("pattern", constrain.pattern)
    if constrain.json_schema is not None:
        return Constraint("json_schema", json.dumps(constrain.json_schema, ensure_ascii=False))
    return Constraint("labels", json.dumps(labels_of(study.train), ensure_ascii=False))


def needed(constrain: Held | None) -> frozenset[Capability]:
    """Return what an arm with this option needs of an engine."""
    return frozenset({"generate", "constraints"}) if constrain else frozenset({"generate"})
