import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))

from small_run import make_run, questions  # noqa: E402

from harness.cli import main  # noqa: E402


@pytest.fixture(scope="session")
def finished(tiny_model, tmp_path_factory):
    """A run of a prompted, a retrieving and a tuned arm."""
    return make_run(tmp_path_factory.mktemp("finished"), tiny_model, "few_shot", "rag", "lora_sft")


@pytest.fixture(scope="session")
def plainly_asked(tiny_model, tmp_path_factory):
    """A run on rows of one turn, with a system prompt."""
    room = tmp_path_factory.mktemp("plain")
    return make_run(room, tiny_model, "few_shot", "lora_sft", rows=questions, system="Be brief.")


@pytest.fixture
def invoke():
    """Call the command line in this process."""
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="session")
def tuned_export(finished, tmp_path_factory):
    """The export of the tuned arm."""
    out = tmp_path_factory.mktemp("tuned") / "export"
    result = CliRunner().invoke(main, ["export", str(finished), "--arm", "lora_sft", "--out", str(out)])
    assert result.exit_code == 0, result.output
    return out
