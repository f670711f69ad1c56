"""`harness check`: what is wrong with a task and its data, by row, before anything is spent."""

from harness.task.check.examination import examine
from harness.task.check.findings import CheckReport, Finding, Hit, Place
from harness.task.check.fix import write_fixed
from harness.task.check.reading import read_material

__all__ = ["CheckReport", "Finding", "Hit", "Place", "examine", "read_material", "write_fixed"]
