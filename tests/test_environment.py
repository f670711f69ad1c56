"""No library sends telemetry, and no thread waits long: in the command, in a child, in a notebook."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.child import variables
from harness.environment import FEW_CORES, NO_TELEMETRY

# What the installed library itself says, after it was imported as the product imports it.
ASK = (
    "import huggingface_hub.constants as c, datasets.config as d; "
    "print(c.HF_HUB_DISABLE_TELEMETRY, d.HF_UPDATE_DOWNLOAD_COUNTS)"
)
STARTS = {
    "command": "from harness.start import main\ntry: main()\nexcept SystemExit: pass\n",
    "notebook": "import harness\nharness.compare\n",
}


def said(code, environment):
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()[-2:]


@pytest.fixture
def plain():
    """An environment in which nobody has switched anything off."""
    return {name: value for name, value in os.environ.items() if name not in (*NO_TELEMETRY, "DISABLE_TELEMETRY")}


@pytest.mark.parametrize("start", STARTS)
def test_hub_libraries_send_none_however_the_product_is_started(plain, start):
    assert said(ASK, plain) == ["False", "True"]  # what they would do by themselves
    assert said(STARTS[start] + ASK, plain) == ["True", "False"]


def test_children_have_it_off_unless_the_user_chose_otherwise(monkeypatch):
    for name in NO_TELEMETRY:
        monkeypatch.delenv(name, raising=False)
    assert NO_TELEMETRY.items() <= variables().items()
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert variables()["WANDB_MODE"] == "offline"


@pytest.mark.parametrize(
    ("cores", "set_here", "spins"),
    [
        (FEW_CORES, {}, "1000"),
        (FEW_CORES + 1, {}, None),
        (FEW_CORES, {"GOMP_SPINCOUNT": "7"}, "7"),
        (FEW_CORES, {"OMP_WAIT_POLICY": "active"}, None),
    ],
)
def test_threads_on_few_cores_wait_briefly_unless_the_user_chose_otherwise(monkeypatch, cores, set_here, spins):
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(cores)), raising=False)
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in set_here.items():
        monkeypatch.setenv(name, value)
    assert variables().get("GOMP_SPINCOUNT") == spins


def test_every_variable_is_in_the_statement():
    text = (Path(__file__).parents[1] / "SECURITY.md").read_text(encoding="utf-8")
    assert [name for name in NO_TELEMETRY if name not in text] == []


def test_no_trainer_reports_to_a_service():
    loop = (Path(__file__).parents[1] / "baselines" / "finetune" / "loop.py").read_text(encoding="utf-8")
    assert '"report_to": "none"' in loop
