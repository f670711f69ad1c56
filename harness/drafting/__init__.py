"""A first task folder out of one data file: `harness init`.

names      what people call columns       values          what a column holds
targets    which column is the answer     questions       which columns are the question
options    a row's answers to choose from option_columns  which columns hold them
choice_cells  choices in one text         lists          what lists of answers mean
worked     results behind their working   beside          groups of rows
endings    what stands around a result    calls           answers that call tools
scores     which numbers are scores       around          fences and marks around all answers
code       answers that are code          telling         what gives an answer away
placeholders  what stands for no answer
columns    which column is what, as a whole   notes       what is doubtful of that
doubt      what only the user can tell    purpose         what the task is for
records    rows to items                  kinds           what the answers are, and the metric that fits them
division   items to train, dev and test   yaml            task.yaml with its doubts as comments
folder     the files, written together
"""

from harness.drafting.doubt import InDoubt
from harness.drafting.folder import Draft, draft_task
from harness.drafting.purpose import Purpose

__all__ = ["Draft", "InDoubt", "Purpose", "draft_task"]
