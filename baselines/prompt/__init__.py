"""Prompted arms: the task's own prompt, solved examples in it, reasoning before the answer, and a choice of labels."""

from collections.abc import Mapping

from baselines.prompt.few import FewShot
from baselines.prompt.labels import LabelScore
from baselines.prompt.options import ChainOfThoughtOptions, FewShotOptions, LabelScoreOptions, ZeroShotOptions
from baselines.prompt.reasoning import ChainOfThought
from baselines.prompt.zero import ZeroShot


def zero_shot(options: Mapping[str, object]) -> ZeroShot:
    """Make the arm that asks with the task's own prompt and nothing else."""
    return ZeroShot(ZeroShotOptions.model_validate(options))


def few_shot(options: Mapping[str, object]) -> FewShot:
    """Make the arm that shows solved examples from train before the question."""
    return FewShot(FewShotOptions.model_validate(options))


def chain_of_thought(options: Mapping[str, object]) -> ChainOfThought:
    """Make the arm that lets the model reason before it answers."""
    return ChainOfThought(ChainOfThoughtOptions.model_validate(options))


def label_score(options: Mapping[str, object]) -> LabelScore:
    """Make the arm that answers with the likeliest label of train."""
    return LabelScore(LabelScoreOptions.model_validate(options))
