"""How figures are put into words: rates as percentages, gains as points, times, counts with their noun."""

from collections.abc import Sequence

from harness.records import TUNED, UNCORRECTED, Action, Asked, Evidence, Interval, Recipe

# What each verdict is called, in the report and on the pages of all runs.
VERDICTS: dict[Action, str] = {
    "prompt": "Use a prompt",
    "rag": "Use your documents (RAG)",
    "fine_tune": "Fine-tune",
    "combine": "Use your documents and fine-tune",
    "rethink": "Rethink",
    "undecided": "Undecided",
}


# Of a run whose test items were asked in rounds.
IN_ROUNDS = (
    "Test items were asked in rounds, in an order drawn before the run, and an arm was asked no further once all that"
    " the verdict asks of it was settled. Its bounds hold however often one looks, so that stopping early raises no"
    " chance of error; its estimate alone leans away from the threshold that stopped it."
)


def asked_words(asked: Asked) -> str:
    """Say how many items an arm was asked, and why no more."""
    if asked.items == asked.of:
        return f"{asked.arm} was asked all {asked.of} items"
    why = "rounds are still to come" if asked.is_open else asked.why
    return f"{asked.arm} was asked {asked.items} of {asked.of} items: {why}"


def one_decimal(value: float) -> str:
    """Write a number as every share and every size in points is written: '90.0', never '-0.0'."""
    text = f"{value:,.1f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def share(rate: float) -> str:
    """Write a rate as a percentage, in sentences, tables and on pages alike: 0.9 is '90.0%'."""
    return f"{one_decimal(100 * rate)}%"


def share_beside(rate: float, other: float) -> str:
    """Write a rate as a percentage with the digits that tell it from another one: 0.89997 beside 0.9 is '89.997%'."""
    return f"{100 * rate:.{places_beside(100 * rate, 100 * other, 1)}f}%"


def places_beside(value: float, other: float, least: int) -> int:
    """Return how many decimals tell a value from another one, `least` at least, and where five do not tell it."""
    return next((places for places in range(least, 6) if round(value, places) != round(other, places)), least)


def percent(tail: float) -> str:
    """Name the two-sided level that leaves `tail` on each side: 0.025 is '95%'."""
    return f"{100 * (1 - 2 * tail):.4g}%"


def points(difference: float) -> str:
    """Write a size in percentage points: 0.03 is '3.0 points'; one that would read as none has the digits it needs."""
    is_told = round(100 * difference, 1) or abs(difference) < 1e-6  # less is rounding of the computation
    return f"{one_decimal(100 * difference) if is_told else f'{100 * difference:.2g}'} points"


def signed_points(difference: float) -> str:
    """Write a change in percentage points with its sign: 0.61 is '+61.0 points'."""
    written = points(difference)
    return written if written.startswith("-") else f"+{written}"


def signed_points_beside(difference: float, other: float) -> str:
    """Write a change in percentage points with its sign, and with the digits that tell it from another one."""
    places = places_beside(100 * difference, 100 * other, 1)
    return signed_points(difference) if places == 1 else f"{100 * difference:+.{places}f} points"


def score_range(score: Interval) -> str:
    """Write a rate's bounds: '95% CI 94.3 to 98.9, n=200'; where it is a judge's word alone, that."""
    if score.is_uncorrected:
        return f"{UNCORRECTED}, n = {score.n}"
    return f"95% CI {100 * score.low:.1f} to {100 * score.high:.1f}, n = {score.n}"


def gain_range(gain: Interval, over: str) -> str:
    """Write a gain with its bounds: '+61.0 points over rag (95% CI +53.9 to +68.0, n = 200)'."""
    low, high = (signed_points(bound).removesuffix(" points") for bound in (gain.low, gain.high))
    bounds = f"95% CI {low} to {high}, n = {gain.n}"
    bounds = f"{UNCORRECTED}, n = {gain.n}" if gain.is_uncorrected else bounds
    return f"{signed_points(gain.estimate)} {over} ({bounds})"


def duration(seconds: float) -> str:
    """Write seconds as people say them: 45 s, 3 min 20 s, 1 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def join(parts: Sequence[str]) -> str:
    """Join phrases: 'a', 'a and b', 'a, b and c'."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def models_words(fits: Sequence[Evidence]) -> str:
    """Say which arm stands on which model; '' where all stand on the task's own.

    Args:
        fits: Those that stand for the arms.
    """
    by_model: dict[str, list[str]] = {}
    for fit in fits:
        by_model.setdefault(fit.fit.model, []).append(fit.arm)
    if by_model.keys() <= {""}:
        return ""
    parts = [f"{join(arms)} on {model or 'that of the task'}" for model, arms in by_model.items()]
    return f"Models: {'; '.join(parts)}."


def seeds_words(recipe: Recipe, judged: Evidence) -> str:
    """Say which weights a verdict rests on and what another training run would score; of drawn answers, another draw.

    Args:
        recipe: Of the arm.
        judged: The fit that stands for it.
    """
    low, high = share(recipe.new_run.low), share(recipe.new_run.high)
    is_trained = judged.family in TUNED
    basis = "weights of" if is_trained else "answers drawn with"
    return (
        f"{recipe.arm}: the verdict rests on the {basis} seed {judged.fit.seed}, the best of {len(recipe.seeds)} on "
        f"dev; another {'training run' if is_trained else 'draw'} would score between {low} and {high} (95%), as seeds "
        f"differ by {points(recipe.between_seeds)} (standard deviation)"
    )
