"""harness report: printed by the machine's browser, and written without any text of the rows."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from recorder import Recorder

from harness.cli import main
from harness.cli.pdf import NAMES, PLACES
from harness.evidence.compare import Settings, compare
from harness.evidence.redaction import FEWEST_CHARACTERS, texts_of
from harness.task.load import load_task


@pytest.fixture
def finished(tmp_path, stub_task):
    return compare(load_task(stub_task("steady")), Settings(tmp_path / "run"), Recorder())


def test_redacted_reports_lie_apart_hold_no_text_and_leave_the_others_as_they_are(finished):
    run, folder = finished
    before = (folder.path / "report.html").read_bytes()
    done = CliRunner().invoke(main, ["report", str(folder.path), "--redact"])
    assert done.exit_code == 0, done.output
    texts = {text.strip() for text in texts_of(run) if len(text.strip()) >= FEWEST_CHARACTERS}
    written = sorted((folder.path / "redacted").iterdir())
    assert [path.name for path in written] == ["report.html", "report.md", "result.json", "result.xml"]
    for path in written:
        assert [text for text in texts if text in path.read_text(encoding="utf-8")] == []
    assert f"harness export {folder.path} --verify" in done.output or run.decision.arm is None
    assert f"{folder.path / 'redacted'} --verify" not in done.output
    assert (folder.path / "report.html").read_bytes() == before
    assert any(text in before.decode() for text in texts)


def test_without_a_browser_the_error_names_what_was_looked_for(finished, monkeypatch):
    if any(Path(place).is_file() for place in PLACES):
        pytest.skip("a browser lies where no path leads")
    monkeypatch.setenv("PATH", "/nowhere")
    done = CliRunner().invoke(main, ["report", str(finished[1].path), "--pdf"])
    assert done.exit_code == 2
    assert "no Chromium or Chrome was found" in done.output and "google-chrome" in done.output
    assert "Traceback" not in done.output


@pytest.mark.skipif(not any(map(shutil.which, NAMES)), reason="needs Chromium or Chrome")
def test_pdf_is_printed_beside_the_report(finished):
    done = CliRunner().invoke(main, ["report", str(finished[1].path), "--pdf"])
    assert done.exit_code == 0, done.output
    assert (finished[1].path / "report.pdf").read_bytes().startswith(b"%PDF")
    assert (finished[1].path / "report.pdf").stat().st_mode & 0o077 == 0
