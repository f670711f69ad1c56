"""regression.html: one file that opens from disk, holds no script and fetches nothing."""

from importlib.resources import files

from jinja2 import Environment
from markupsafe import Markup

from harness.benchmark_files import benchmark_name
from harness.contract import Rendered
from harness.records import Regression
from reports.regression.view import BOUNDS, WORDS, as_table, flip_count, flip_table

MOST_FLIPS = 2000  # a page of a few hundred kilobytes; the others are in regression.json, and counted here


def render(regression: Regression, environment: Environment, policy: str) -> Rendered:
    """Draw the check with the report's own style sheet, under the policy that allows nothing else."""
    style = (files("reports") / "templates" / "report.css").read_text(encoding="utf-8")
    word, mood = WORDS[regression.verdict]
    left_out = len(regression.flips) - MOST_FLIPS
    text = environment.get_template("regression.html.jinja").render(
        regression=regression,
        word=word,
        chip=mood,
        table=as_table(regression),
        bounds=BOUNDS,
        flips=flip_table(regression, MOST_FLIPS),
        flip_count=flip_count(regression),
        left_out=f"{left_out} more are in regression.json." if left_out > 0 else "",
        facts=facts(regression),
        style=Markup(style),
        policy=policy,
    )
    return Rendered("regression.html", text)


def facts(regression: Regression) -> list[str]:
    """Say what was compared: models, items, when; by content, so that the same check can be told from another."""
    manifest = regression.manifest
    found = []
    for side, name in (("base", regression.base), ("tuned", regression.tuned)):
        digest = manifest.get(side, {}).get("model_sha256", "")
        found.append(f"{side}: {name}" + (f" (model {digest[:8]})" if digest else ""))
    if general := manifest.get("general"):
        tasks = ", ".join(map(benchmark_name, general["tasks"]))
        found.append(f"{tasks}: {general['limit']} benchmark items ({general['items_sha256'][:8]})")
    found += [str(manifest["finished"])] if "finished" in manifest else []
    return found
