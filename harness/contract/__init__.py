"""The protocols that the parts keep: arms, engines, metrics and report formats."""

from harness.contract.arm import (
    Baseline,
    Budget,
    Choosing,
    Demanding,
    DevScore,
    FitContext,
    Fitted,
    Preview,
    Previewing,
    Quantising,
    Reading,
    Retrieving,
    TrainingDemand,
)
from harness.contract.engine import Capability, Conversation, Engine, EngineKind, Formatting, Local
from harness.contract.metric import JudgeRequest, Judging, Metric
from harness.contract.report import DifferenceReport, RegressionReport, Rendered, ReportFormat

__all__ = [
    "Baseline",
    "Budget",
    "Capability",
    "Choosing",
    "Conversation",
    "Demanding",
    "DevScore",
    "DifferenceReport",
    "Engine",
    "EngineKind",
    "FitContext",
    "Fitted",
    "Formatting",
    "JudgeRequest",
    "Judging",
    "Local",
    "Metric",
    "Preview",
    "Previewing",
    "Quantising",
    "Reading",
    "RegressionReport",
    "Rendered",
    "ReportFormat",
    "Retrieving",
    "TrainingDemand",
]
