"""A first task folder out of one data file: `harness init`.

columns   which column is what            kinds     what the answers are, and the metric that fits them
records   rows to items                   division  items to train, dev and test
folder    the files, written together     yaml      task.yaml with its doubts as comments
"""

from harness.task.draft.folder import Draft, draft_task

__all__ = ["Draft", "draft_task"]
