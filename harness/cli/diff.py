"""harness diff: two runs side by side."""

from pathlib import Path

import click

from harness.cli.printing import say, say_json_text


def _pairs(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the arms of each 'THEN:NOW'."""
    found = []
    for text in given:
        before, colon, after = text.partition(":")
        if not (before and colon and after):
            said = f"'{text}' names no two arms; write THEN:NOW, such as few_shot:lora_sft"
            raise click.BadParameter(said, ctx, parameter)
        found.append((before, after))
    return found


@click.command()
@click.argument("before", metavar="RUN_A", type=click.Path(path_type=Path))
@click.argument("after", metavar="RUN_B", type=click.Path(path_type=Path))
@click.option(
    "--pair", "pairs", multiple=True, callback=_pairs, metavar="THEN:NOW",
    help="Set arm THEN of RUN_A against arm NOW of RUN_B; may be repeated [default: arms of one name].",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print diff.json instead of the table.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown, for a pull request.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Also write diff.html, diff.md and diff.json here."
)
def diff(
    before: Path, after: Path, pairs: list[tuple[str, str]], as_json: bool, as_markdown: bool, out: Path | None
) -> None:
    """Say what changed from RUN_A to RUN_B: the verdict, each arm on the shared items, and what differs.

    No model is loaded. Items are the same when question and right answers are; only those are compared.

    \b
    Example:
        harness diff runs/support_routing-1a2b3c4d runs/latest
    """
    from harness.cli.diff_results import print_difference
    from harness.evidence.diff import diff_runs
    from harness.evidence.diff_outputs import rendered_difference, write_difference

    if as_json and as_markdown:
        raise click.UsageError("--json and --markdown print different things; give one of them")
    found = diff_runs(before, after, pairs)
    written = write_difference(found, out) if out else []
    if as_json:
        say_json_text(rendered_difference("json", found).text)
    elif as_markdown:
        say(rendered_difference("markdown", found).text)
    else:
        print_difference(found)
        for path in written:
            say(f"written: {path}")
