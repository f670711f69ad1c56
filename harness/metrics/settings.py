"""The base of metrics that have options."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Options of a task file: strict, no unknown one, no NaN."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
