"""The intervals of a finished run and its wins and losses, again, from its items with plain scipy and statsmodels.

    python -m bench.recompute RUN

Reads RUN/items.parquet and RUN/result.json and nothing of the product's own, for runs whose primary metric is a rate
on independent items, all of which were asked. Prints each figure and how far the two are apart; ends with 1 when one is
above 1e-9.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from harness.decision.paired import FEW_PAIRS

MOST = 1e-9
Z = stats.norm.isf(0.025)


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(run: Path) -> None:
    """Compare; exit with 1 when a figure differs."""
    result = json.loads((run / "result.json").read_text(encoding="utf-8"))
    if result["limits"]["is_adaptive"]:
        raise click.ClickException("items were asked in rounds, and bounds of those are not plain intervals")
    items = pd.read_parquet(run / "items.parquet")
    scores = items.pivot(index="item", columns="arm", values=result["primary_metric"]).dropna()
    values = {str(arm): scores[arm].to_numpy(dtype=float) for arm in scores}
    assert np.isin(scores.to_numpy(), (0.0, 1.0)).all(), "the primary metric is no rate"
    worst = 0.0
    for name, ours, theirs in figures(result, values):
        difference = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
        worst = max(worst, difference)
        print(f"{name:60s} {', '.join(f'{value:+.6f}' for value in ours)}   {difference:.1e}")
    print(f"largest difference {worst:.1e}")
    raise SystemExit(worst > MOST)


def figures(result: dict[str, Any], values: dict[str, Any]) -> Iterator[tuple[str, list[float], list[float]]]:
    """Yield each figure's name, what the run says, and what the libraries say."""
    for arm in result["arms"]:
        score = arm["score"]
        if arm["name"] not in values or score is None:
            continue  # it failed or was skipped
        right, n = int(values[arm["name"]].sum()), len(values[arm["name"]])
        low, high = proportion_confint(right, n, alpha=0.05, method="beta")
        ours = [score["mean"], score["low"], score["high"]]
        yield f"{arm['name']}: rate, Clopper-Pearson 95%", ours, [right / n, float(low), float(high)]
    for gain in [*result["comparisons"], *(c for rung in result["ladder"] for c in rung["comparisons"])]:
        if gain["against"] not in values or gain["difference"] is None:
            continue  # the best constant answer has no column
        difference = gain["difference"]
        pairs = values[gain["arm"]] - values[gain["against"]]
        ours = [difference["mean"], difference["low"], difference["high"]]
        if len(pairs) >= FEW_PAIRS:  # fewer are bounded otherwise
            yield f"{gain['arm']} over {gain['against']}: Bonett-Price 95%", ours, bonett_price(pairs)
        counts = [int((pairs > 0).sum()), int((pairs < 0).sum())]
        yield f"{gain['arm']} over {gain['against']}: wins, losses", [gain["wins"], gain["losses"]], counts  # type: ignore[misc]


def bonett_price(pairs: Any) -> list[float]:
    """Return the difference of paired rates with Bonett and Price's bounds (2012, doi:10.3102/1076998611411915)."""
    n = len(pairs)
    up, down = ((pairs > 0).sum() + 1) / (n + 2), ((pairs < 0).sum() + 1) / (n + 2)
    center, error = up - down, math.sqrt((up + down - (up - down) ** 2) / (n + 2))
    return [float(pairs.mean()), float(max(-1, center - Z * error)), float(min(1, center + Z * error))]


if __name__ == "__main__":
    main()
