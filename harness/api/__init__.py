"""What `import harness` offers to notebooks and scripts: tasks, runs and results in Python (docs/python.md)."""

from harness.api.made import make_task
from harness.api.result import Result
from harness.api.running import compare, export, load_task, open_run, redraw
from harness.errors import ArmError, HarnessError, ModelError, PluginError, StoreError, TaskFileError
from harness.evidence.watch import Observer
from harness.task import Task

__all__ = [
    "ArmError",
    "HarnessError",
    "ModelError",
    "Observer",
    "PluginError",
    "Result",
    "StoreError",
    "Task",
    "TaskFileError",
    "compare",
    "export",
    "load_task",
    "make_task",
    "open_run",
    "redraw",
]
