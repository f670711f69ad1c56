"""Task metrics: one scorer a file; each entry point names a callable that returns a `Metric`."""

from functools import partial

from harness.metrics.choices import Choice
from harness.metrics.containing import Contains
from harness.metrics.date_match import Date
from harness.metrics.exact import ExactMatch
from harness.metrics.exact_case import ExactMatchCase
from harness.metrics.json_equality import JsonEqual
from harness.metrics.json_match import JsonFields
from harness.metrics.json_validity import JsonValid
from harness.metrics.judge import Judge
from harness.metrics.label_sets import LabelSet, LabelSetMacroF1, LabelSetMicroF1
from harness.metrics.labels import LabelAccuracy
from harness.metrics.macro import MacroF1
from harness.metrics.number_match import Number
from harness.metrics.rouge import Rouge
from harness.metrics.scored_pairs import Pearson, Spearman, WithinTolerance
from harness.metrics.token_f1 import TokenF1
from harness.metrics.tool_calls import ToolCall
from harness.metrics.translation import Bleu, Chrf

exact_match = ExactMatch
f1 = TokenF1
contains = Contains
rouge_1 = partial(Rouge, "rouge_1")
rouge_2 = partial(Rouge, "rouge_2")
rouge_l = partial(Rouge, "rouge_l")
label_accuracy = LabelAccuracy
macro_f1 = MacroF1
json_valid = JsonValid
json_fields = JsonFields
exact_match_case = ExactMatchCase
number = Number
date = Date
choice = Choice
label_set = LabelSet
label_set_micro_f1 = LabelSetMicroF1
label_set_macro_f1 = LabelSetMacroF1
json_equal = JsonEqual
tool_call = ToolCall
judge = Judge
spearman = Spearman
pearson = Pearson
within_tolerance = WithinTolerance
chrf = Chrf
bleu = Bleu
