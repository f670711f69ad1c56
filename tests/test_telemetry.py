"""No library sends telemetry: not from the command, not from a child, not from a notebook."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.child import variables
from harness.telemetry import OFF

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
    return {name: value for name, value in os.environ.items() if name not in (*OFF, "DISABLE_TELEMETRY")}


@pytest.mark.parametrize("start", STARTS)
def test_hub_libraries_send_none_however_the_product_is_started(plain, start):
    assert said(ASK, plain) == ["False", "True"]  # what they would do by themselves
    assert said(STARTS[start] + ASK, plain) == ["True", "False"]


def test_children_have_it_off_unless_the_user_chose_otherwise(monkeypatch):
    for name in OFF:
        monkeypatch.delenv(name, raising=False)
    assert OFF.items() <= variables().items()
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert variables()["WANDB_MODE"] == "offline"


def test_every_variable_is_in_the_statement():
    text = (Path(__file__).parents[1] / "SECURITY.md").read_text(encoding="utf-8")
    assert [name for name in OFF if name not in text] == []


def test_no_trainer_reports_to_a_service():
    loop = (Path(__file__).parents[1] / "baselines" / "finetune" / "loop.py").read_text(encoding="utf-8")
    assert '"report_to": "none"' in loop
