"""A first task folder out of one data file: `harness init`.

names     what people call columns        values    what a column holds
columns   which column is what            records   rows to items
kinds     what the answers are, and the metric that fits them
division  items to train, dev and test    yaml      task.yaml with its doubts as comments
folder    the files, written together
"""

from harness.drafting.folder import Draft, draft_task

__all__ = ["Draft", "draft_task"]
