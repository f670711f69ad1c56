"""Number: the answer says the target's number, however it is written."""

from fractions import Fraction
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from harness.metrics.normalisation import normalise
from harness.metrics.quantities import DecimalMark, Quantity, agree_in_unit, number_fault, read_quantity, read_target
from harness.metrics.settings import RightOrWrong


class Number(RightOrWrong):
    """1 when the answer's number equals the target's: same value, and no other unit.

    `harness.metrics.quantities` states how a number is read and which one of a sentence. Units are compared where both
    sides have one: '42 dollars' is not '42 euros', and '5 kg' is not '5000 g', as nothing is converted; a unit that one
    side leaves out is not held against the answer. Per cent is a unit, so that '12%' is 12 per cent and never 0.12,
    unless `percent` is 'hundredth'. A target without a number is compared as exact match does; one that says
    several, or none that is decided (5 ft 10 in, 2 of 7, 40-42, >42), is a fault of its row.
    """

    name: ClassVar[str] = "number"

    tolerance: Annotated[float, Field(ge=0)] = 0  # absolute; the larger of the two counts
    relative_tolerance: Annotated[float, Field(ge=0)] = 0  # share of the target
    decimal_mark: DecimalMark = "."  # of '1.234' and '1,234', which may be read in two ways
    percent: Literal["unit", "hundredth"] = "unit"  # 'hundredth': 12% is 0.12

    def is_right(self, answer: str, target: str) -> bool:
        """Whether an answer says what the target says."""
        try:
            wanted = self._value(read_target(target, decimal_mark=self.decimal_mark))
        except ValueError:
            wanted = None
        if wanted is None:
            return normalise(answer) == normalise(target)
        unit = wanted.unit or (wanted.word if wanted.is_bare else "")
        said = self._value(read_quantity(answer, decimal_mark=self.decimal_mark, unit=unit))
        if said is None or not agree_in_unit(said, wanted):
            return False
        reach = max(Fraction(str(self.tolerance)), Fraction(str(self.relative_tolerance)) * abs(wanted.value))
        return abs(said.value - wanted.value) <= reach

    def target_fault(self, target: str) -> str:
        """Say why a target cannot be scored; '' where it can: it says one number, or none."""
        return number_fault(target, self.name, self.decimal_mark)

    def _value(self, found: Quantity | None) -> Quantity | None:
        if found is None or found.unit != "%" or self.percent == "unit":
            return found
        return Quantity(found.value / 100)
