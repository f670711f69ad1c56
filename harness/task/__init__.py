"""The task file with its data: read, checked, and turned into a `Task`."""

from harness.task.load import load_task
from harness.task.schema import task_schema
from harness.task.task import ArmSpec, CostSpec, GeneralSpec, Task

__all__ = ["ArmSpec", "CostSpec", "GeneralSpec", "Task", "load_task", "task_schema"]
