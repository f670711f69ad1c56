"""What the machine has: device and number format, memory, disk. The system is asked; importing torch takes seconds."""

import csv
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil

from harness.doctor.finding import Finding
from harness.store.folder import LEAST_FREE_BYTES

GB = 1e9
USUAL_MEMORY_GB = 4.0  # eight arms of the demo's task stay below it (docs/measurements.md)
BF16_CAPABILITY = 8.0  # CUDA's compute capability from which bf16 is native
ASK_SECONDS = 3.0
_QUERY = ["--query-gpu=name,memory.total,compute_cap", "--format=csv,noheader,nounits"]


@dataclass(frozen=True, slots=True)
class Gpu:
    """One NVIDIA device."""

    name: str
    gigabytes: float
    capability: float  # CUDA's compute capability

    @property
    def number_format(self) -> str:
        """What a model is loaded in, as harness.engine.resident decides it."""
        return "bf16" if self.capability >= BF16_CAPABILITY else "fp16"


def look_at_machine() -> Iterator[Finding]:
    """Look at device, memory, and the disk of the folder where runs are kept."""
    yield device_finding(gpus(), torch_cuda(), os.cpu_count() or 1, is_hidden=_is_hidden())
    memory = psutil.virtual_memory()
    yield memory_finding(memory.total, memory.available)
    here = Path.cwd()
    yield disk_finding(here, shutil.disk_usage(here).free, is_writable=os.access(here, os.W_OK))


def device_finding(found: Sequence[Gpu] | str, cuda: str | None, cores: int, *, is_hidden: bool) -> Finding:
    """Say where models will run, and in which numbers.

    Args:
        found: The devices, or what `nvidia-smi` said when it failed.
        cuda: Version of CUDA that the installed torch is built for; None for a CPU build.
        cores: Of the CPU.
        is_hidden: Whether CUDA_VISIBLE_DEVICES names no device.
    """
    cpu = f"CPU with {cores} cores, fp32"
    if isinstance(found, str):
        return Finding("device", "warning", f"{cpu}; nvidia-smi fails: {found}", "repair the NVIDIA driver")
    if not found:
        return Finding("device", "ok", f"{cpu}; no NVIDIA GPU")
    first = found[0]
    named = f"{first.name} ({first.gigabytes:.0f} GB)"
    if cuda is None:
        text = f"{cpu}; the {named} is not used, since the installed torch is built for the CPU"
        return Finding("device", "warning", text, "install a torch that is built for CUDA")
    if is_hidden:
        return Finding("device", "ok", f"{cpu}; CUDA_VISIBLE_DEVICES hides the {named}")
    more = f"; the first of {len(found)}, and the only one used" if len(found) > 1 else ""
    return Finding("device", "ok", f"{named}, {first.number_format}, CUDA {cuda}{more}")


def gpus() -> list[Gpu] | str:
    """Return the NVIDIA devices by `nvidia-smi`, none where there is no such command, or what it said as it failed."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    try:
        done = subprocess.run([command, *_QUERY], capture_output=True, text=True, timeout=ASK_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as fault:
        return str(fault)
    if done.returncode != 0:
        return " ".join((done.stderr or done.stdout).split()) or f"exit code {done.returncode}"
    try:
        return read_gpus(done.stdout)
    except ValueError:
        return f"it says {' '.join(done.stdout.split())!r}"


def read_gpus(said: str) -> list[Gpu]:
    """Read lines of name, memory in MiB and compute capability.

    Raises:
        ValueError: If a line is none.
    """
    rows = csv.reader(said.splitlines(), skipinitialspace=True)
    return [Gpu(name, float(mebibytes) * 2**20 / GB, float(capability)) for name, mebibytes, capability in rows]


def torch_cuda() -> str | None:
    """Return the version of CUDA that the installed torch is built for; None for a CPU build, or without torch."""
    spec = find_spec("torch")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        file = Path(folder) / "version.py"
        if file.is_file():
            return read_torch_cuda(file.read_text(encoding="utf-8"))
    return None


def read_torch_cuda(said: str) -> str | None:
    """Read the version of CUDA in torch's version.py, which is read as text since importing torch takes seconds."""
    found = re.search(r"^cuda\b[^=]*= *'([\d.]+)'", said, flags=re.MULTILINE)
    return found[1] if found else None


def memory_finding(total: int, available: int) -> Finding:
    """Say whether the memory is enough for the embedded model; both in bytes."""
    text = f"{total / GB:.1f} GB, {available / GB:.1f} GB free"
    if available / GB >= USUAL_MEMORY_GB:
        return Finding("memory", "ok", text)
    text += (
        f"; the demo takes up to {USUAL_MEMORY_GB:.0f} GB, and arms that lack memory work in smaller batches or fail"
    )
    return Finding("memory", "warning", text, "close other programs; harness plan TASK_FILE predicts each arm's peak")


def disk_finding(folder: Path, free: int, *, is_writable: bool) -> Finding:
    """Say whether a run can be kept below a folder that has so many free bytes."""
    text = f"{free / GB:.1f} GB free here, where runs/ is kept"
    if not is_writable:
        return Finding("disk", "fault", f"{folder} cannot be written", "go to a folder of yours, or give compare --out")
    if free < LEAST_FREE_BYTES:
        text += f"; a run asks for {LEAST_FREE_BYTES / GB:.1f} GB"
        return Finding("disk", "fault", text, "free some space, or give compare --out on another disk")
    return Finding("disk", "ok", text)


def _is_hidden() -> bool:
    return os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1")
