"""Fixtures of the tests of `check`."""

from task_ground import task_folder, third_party

__all__ = ["task_folder", "third_party"]
