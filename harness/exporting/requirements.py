"""requirements.txt of an export: what answer.py imports, in the versions with which the run measured it."""

from importlib.metadata import PackageNotFoundError, version

from harness.exporting.export_source import ExportSource
from harness.exporting.prompt import Places
from harness.program import Program


def packages(program: Program, places: Places) -> list[str]:
    """Return the packages that the export's scripts need."""
    found = ["torch", "transformers", "jinja2"]
    found += ["peft"] if places.adapter else []
    found += ["bitsandbytes", "accelerate"] if places.quantization else []
    found += ["llguidance"] if program.generation.constraint else []
    found += ["sentence-transformers", "faiss-cpu"] if places.index else []
    return found


def requirements(source: ExportSource, places: Places) -> str:
    """Return a line for each package: the run's version, else the one that is installed here.

    A build's own mark, as of torch for the CPU, is left out, since each machine needs its own build.
    """
    measured = source.run.manifest.get("versions", {})
    lines = ["# What answer.py needs, in the versions of the run."]
    for name in packages(source.program, places):
        found = measured.get(name, "")
        number = found if found[:1].isdigit() else _installed(name)
        lines.append(f"{name}=={number.partition('+')[0]}" if number else name)
    return "\n".join(lines) + "\n"


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
