"""What a pipeline reads: every code has one meaning, in the code, in the help and in the docs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import harness.cli.schema
from harness.cli import main
from harness.cli.exit_codes import Exit

PAGE = (Path(__file__).parents[2] / "docs" / "exit_codes.md").read_text(encoding="utf-8")


def test_page_and_help_list_every_code_with_its_meaning():
    documented = {int(code): meaning for code, meaning in re.findall(r"^\| (\d+) \| ([^|]+) \|", PAGE, re.MULTILINE)}
    assert documented == {code.value: code.meaning for code in Exit}
    said = CliRunner().invoke(main, ["--help"]).output
    assert all(re.search(rf"^ +{code.value} +{re.escape(code.meaning)}$", said, re.MULTILINE) for code in Exit)


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-c", "from harness.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
    )


def test_run_whose_arm_fails_ends_with_4_and_a_report_and_with_0_once_it_does_not(stub_task, tmp_path):
    out = tmp_path / "run"
    done = command("compare", stub_task("steady", "failing"), "--out", out)
    assert done.returncode == Exit.ARM_FAILED, done.stderr
    assert "failing failed" in done.stdout
    assert (out / "report.html").is_file()
    assert command("report", out).returncode == Exit.DONE
    assert command("compare", stub_task("steady"), "--out", tmp_path / "other").returncode == Exit.DONE


def test_what_nobody_foresaw_is_one_line_and_its_traceback_is_in_a_file(monkeypatch):
    def broken(*arguments, **options):
        raise KeyError("unforeseen")

    monkeypatch.setattr(harness.cli.schema.json, "dumps", broken)
    done = CliRunner().invoke(main, ["schema"])
    assert done.exit_code == Exit.DEFECT
    assert len(done.output.splitlines()) == 1
    [file] = re.findall(r"the file (\S+\.txt)", done.output)
    assert "KeyError: 'unforeseen'" in Path(file).read_text()
    assert Path(file).stat().st_mode & 0o077 == 0
    Path(file).unlink()


@pytest.mark.parametrize(
    "fault",
    [
        MemoryError(),
        OSError(12, "Cannot allocate memory"),
        ImportError("a.so: failed to map segment from shared object"),
        # one for each way in which torch, CUDA's libraries and Python say it
        RuntimeError("DefaultCPUAllocator: refused 4096 bytes"),
        RuntimeError("[enforce fail at alloc.cpp:1] not enough memory: you tried to have 4096 bytes"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"),
        RuntimeError("can't start new thread"),
    ],
)
def test_lack_of_memory_is_named_as_such(monkeypatch, fault):
    def starved(*arguments, **options):
        raise fault

    monkeypatch.setattr(harness.cli.schema.json, "dumps", starved)
    done = CliRunner().invoke(main, ["schema"])
    assert done.exit_code == Exit.FAULT
    assert "memory ran out" in done.output
