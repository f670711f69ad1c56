"""Fixtures of the tests of task files."""

from task_ground import faults_of, task_folder, third_party, valid

__all__ = ["faults_of", "task_folder", "third_party", "valid"]
