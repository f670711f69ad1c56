"""The 20/90/99 rule of thumb as a claim to be tested: what it predicts, beside what was measured.

The rule has no published source and measured studies strain it, so it is shown and never decides.
"""

from typing import Literal

from scipy import special

from harness.decision.arms import Arm
from harness.decision.intervals import score_interval
from harness.decision.ladder import ArmScores
from harness.decision.power import effective_items
from harness.decision.words import score_range, share
from harness.records import Band, Interval, Limits, RuleOfThumb

BandName = Literal["rethink", "between", "promising", "nearly_sure"]


def rule_of_thumb(arm_scores: ArmScores) -> RuleOfThumb | None:
    """Compare the rule with this run; None when no prompt arm was measured, or its figure is a judge's word alone.

    The posterior of the best prompt's rate starts from a uniform prior: Beta(1 + right, 1 + wrong),
    with grouped items counted at what they are worth.
    """
    prompt = arm_scores.judged_arms.candidate("prompt")
    if prompt is None or arm_scores.scores[prompt.name].is_uncorrected:
        return None
    seen, metric_spec = arm_scores.scores[prompt.name], arm_scores.metric_spec
    if metric_spec.asking is not None:  # bounds that hold at every number of items make the items look fewer
        seen = score_interval(list(prompt.scores.values()), metric_spec)
    bands = posterior(seen, arm_scores.limits)
    likeliest = max(bands, key=lambda band: band.probability)
    predicts = (
        f"{_range(likeliest)}: {_meaning(likeliest.name, arm_scores.limits)} "
        f"(probability {likeliest.probability:.2f} for {prompt.name})"
    )
    return RuleOfThumb(prompt.name, bands, predicts, _measured(arm_scores, prompt))


def posterior(score: Interval, limits: Limits) -> tuple[Band, ...]:
    """Return the probability of each band for a rate measured as `score`."""
    items = effective_items(score)
    right = score.estimate * items

    def below(rate: float) -> float:
        return float(special.betainc(1 + right, 1 + items - right, rate))

    names: tuple[BandName, ...] = ("rethink", "between", "promising", "nearly_sure")
    edges = (0.0, limits.rethink, limits.promising, limits.nearly_sure, 1.0)
    return tuple(
        Band(name, low, high, below(high) - below(low))
        for name, low, high in zip(names, edges[:-1], edges[1:], strict=True)
    )


def _range(band: Band) -> str:
    if band.name == "rethink":
        return f"at most {share(band.high)}"
    if band.name == "nearly_sure":
        return f"at least {share(band.low)}"
    return f"between {share(band.low)} and {share(band.high)}"


def _meaning(band: BandName, limits: Limits) -> str:
    sure = share(limits.nearly_sure)
    return {
        "rethink": "fine-tuning alone is unlikely to fix it, rethink the approach",
        "between": "the rule is silent, so measure",
        "promising": f"fine-tuning can push it to {sure}",
        "nearly_sure": "the prompt already does it, nothing is left to tune",
    }[band]


def _measured(arm_scores: ArmScores, prompt: Arm) -> str:
    tuned = [arm for family in ("tune", "combine") if (arm := arm_scores.judged_arms.candidate(family))]
    shown = [prompt, *tuned]
    figures = [
        f"{arm.name} {share(arm_scores.scores[arm.name].estimate)} ({score_range(arm_scores.scores[arm.name])})"
        for arm in shown
    ]
    return "; ".join(figures) + ("" if tuned else "; no tuned arm was measured")
