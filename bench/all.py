"""Every measurement against a peer, one after another, and build/bench.json with the last line of each.

    python -m bench.all [--quick] [--only NAME]

Ends with 1 when one of them does. Each result is written as soon as it is there, beside those of other measurements.
`--quick` asks few items, to see that all of it runs: its ratios say little, and stand in build/bench-quick.json.
"""

import json
import subprocess
import sys
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]
SERIALS = "--tasks serial_number --include-path bench/benchmarks --num-fewshot 5 --sampler first_n"
# What is run, the options of a whole run, and those of a quick one.
BENCHES = {
    "core_zero_shot": ("general", "--limit 60", "--limit 4 --repeats 1"),
    "core_five_shot_first": ("general --num-fewshot 5 --sampler first_n", "--limit 30", "--limit 2 --repeats 1"),
    "core_five_shot": ("general --num-fewshot 5", "--limit 30", "--limit 2 --repeats 1"),
    "generate_until_five_shot": (f"general {SERIALS}", "--limit 200", "--limit 8 --repeats 1"),
    "answers": ("answers", "", "--items 8 --repeats 1"),
    "batches": ("batches", "", "--prompts 12 --counts 4,8,16 --repeats 1"),
    "training": ("training", "", "--steps 2 --repeats 1"),
    "precision": ("precision", "--limit 12", "--limit 2"),
    "paths": ("paths", "", "--repeats 1 --uncompiled"),
}


@click.command()
@click.option("--quick", is_flag=True, help="Few items and one repeat.")
@click.option("--only", type=click.Choice(list(BENCHES)), multiple=True, help="This one alone; may be repeated.")
def main(quick: bool, only: tuple[str, ...]) -> None:
    """Run them and keep their last lines."""
    out = ROOT / "build" / ("bench-quick.json" if quick else "bench.json")
    missed = []
    for name in only or BENCHES:
        script, whole, few = BENCHES[name]
        file, *options = [*script.split(), *(few if quick else whole).split()]
        code, last = run(name, ["-m", f"bench.{file}", *options])
        keep(out, name, last)
        missed += [name] if code or last is None else []
    print(f"\n{out.relative_to(ROOT)} holds the results" + (f"; failed: {', '.join(missed)}" if missed else ""))
    sys.exit(1 if missed else 0)


def keep(out: Path, name: str, result: object) -> None:
    """Write one result beside the others."""
    found = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {}
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(found | {name: result}, indent=1) + "\n", encoding="utf-8")


def run(name: str, command: list[str]) -> tuple[int, object]:
    """Run one script; return its exit code, and its last line read as JSON: None where that is none."""
    print(f"\n{name}: python {' '.join(command)}", flush=True)
    lines = []
    with subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    try:
        return process.returncode, json.loads(lines[-1])
    except (IndexError, ValueError):
        return process.returncode, None


if __name__ == "__main__":
    main()
