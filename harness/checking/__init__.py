"""`harness check`: what is wrong with a task and its data, by row, before anything is spent."""

from harness.checking.examination import examine
from harness.checking.findings import CheckReport, Finding, Hit, Place
from harness.checking.fix import write_fixed
from harness.checking.reading import read_material

__all__ = ["CheckReport", "Finding", "Hit", "Place", "examine", "read_material", "write_fixed"]
