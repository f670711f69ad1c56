"""What one measurement is of: the keys under which a run keeps, judges and shows everything.

A key is a record with a name. The name is the arm's, with each further part that is not its default: 'lora_sft',
'lora_sft@large.seed1.rows50'. Names of arms and models hold neither '@' nor '.', so that names are unique; they are
safe as folder names. A new dimension is a field of `Fit` and its form in `_FORMS`.
"""

from dataclasses import dataclass, fields
from typing import Literal

_FORMS = {"arm": "{}", "model": "@{}", "seed": ".seed{}", "train_rows": ".rows{}"}


@dataclass(frozen=True, slots=True, order=True)
class Base:
    """Weights before any tuning: one of the run's models, and how it is quantised."""

    model: str = ""  # its name in the run; '' is the task's own
    quantization: Literal["nf4"] | None = None

    @property
    def name(self) -> str:
        """'base', 'base_nf4' or 'base_nf4@large'."""
        kind = f"base_{self.quantization}" if self.quantization else "base"
        return f"{kind}@{self.model}" if self.model else kind


@dataclass(frozen=True, slots=True, order=True)
class Fit:
    """One fit: an arm that learnt on one model, with one seed, from so many rows."""

    arm: str
    model: str = ""  # the model's name in the run; '' is the task's own
    seed: int = 0
    train_rows: int = 0  # 0: all that the task gives

    @property
    def name(self) -> str:
        """Unique in the run, and safe as a folder name."""
        found = {part.name: (getattr(self, part.name), part.default) for part in fields(self)}
        return "".join(_FORMS[part].format(value) for part, (value, default) in found.items() if value != default)

    @property
    def dimensions(self) -> dict[str, str | int]:
        """Every part by its name, as tables have them for columns."""
        return {part.name: getattr(self, part.name) for part in fields(self)}


@dataclass(frozen=True, slots=True, order=True)
class Measurement:
    """One pass of a fit over the test items."""

    fit: Fit
    condition: str = "test"  # as asked; controls and perturbations have names of their own

    @property
    def dimensions(self) -> dict[str, str | int]:
        """Every part by its name, as tables have them for columns: those of the fit, the condition behind its model."""
        arm, model, *others = self.fit.dimensions.items()
        return dict([arm, model, ("condition", self.condition), *others])
