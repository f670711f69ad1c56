"""Arms that will be skipped: those that need more than the engine of their model can do."""

from harness.contract import Baseline, EngineKind
from harness.plugins import BASELINES, ENGINES, load
from harness.records import TUNED
from harness.task.task import ArmSpec


def skip_reason(arm: ArmSpec) -> str:
    """Say what an arm needs and its model's engine cannot do; '' where the engine can do all."""
    baseline: Baseline = load(BASELINES, arm.baseline)(arm.options)
    kind: EngineKind = load(ENGINES, arm.model.engine)()
    needs = baseline.needs | ({"loglikelihood"} if baseline.family in TUNED else set())  # what it forgot is measured
    if missing := sorted(needs - kind.capabilities):
        return f"the engine {arm.model.engine} of model '{arm.model.source}' cannot do: {', '.join(missing)}"
    return ""
