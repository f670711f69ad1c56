"""How far from each other two runs of one seed come out.

    python bench/repeatability.py RUN_A RUN_B

Prints, for every arm that both finished: the two scores, the share of equal completions, and how many
benchmark items flipped.
"""

import sys
from pathlib import Path

import pandas as pd


def main(first: Path, second: Path) -> None:
    """Compare the tables of two run folders."""
    items = _pair(first, second, "items.parquet", ["arm", "item"])
    metric = [name for name in items.columns if name.endswith("_a")][-1].removesuffix("_a")
    metric = "exact_match" if "exact_match_a" in items else metric
    print(f"{'arm':<18}{'n':>5}{metric + ' A':>16}{metric + ' B':>16}{'equal text':>12}{'flips':>7}")
    for arm, rows in items.groupby("arm", sort=False):
        equal = (rows["text_a"] == rows["text_b"]).mean()
        flips = int((rows[f"{metric}_a"] != rows[f"{metric}_b"]).sum())
        a, b = rows[f"{metric}_a"].mean(), rows[f"{metric}_b"].mean()
        print(f"{arm:<18}{len(rows):>5}{a:>16.3f}{b:>16.3f}{equal:>12.1%}{flips:>7}")
    benchmarks = _pair(first, second, "benchmarks.parquet", ["weights", "task", "item"])
    benchmarks = benchmarks[~benchmarks["task"].isin(["held_out_text", "off_task"])]
    print(f"\n{'weights':<18}{'n':>5}{'accuracy A':>16}{'accuracy B':>16}{'flips':>7}{'largest |dp|':>14}")
    for weights, rows in benchmarks.groupby("weights", sort=False):
        flips = int((rows["score_a"] != rows["score_b"]).sum())
        change = (rows["probability_a"] - rows["probability_b"]).abs().max()
        a, b = rows["score_a"].mean(), rows["score_b"].mean()
        print(f"{weights:<18}{len(rows):>5}{a:>16.3f}{b:>16.3f}{flips:>7}{change:>14.2e}")


def _pair(first: Path, second: Path, name: str, keys: list[str]) -> pd.DataFrame:
    tables = [pd.read_parquet(folder / name) for folder in (first, second)]
    return tables[0].merge(tables[1], on=keys, suffixes=("_a", "_b"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
