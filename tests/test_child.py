"""Child processes run what is installed, whatever stands in the folder where the command is given."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from harness.child import Child, module_command

ROOT = Path(__file__).parent.parent
PRODUCT = sorted(path for package in ("harness", "baselines", "reports") for path in (ROOT / package).rglob("*.py"))


def test_file_in_the_working_folder_does_not_shadow_the_module(tmp_path):
    (tmp_path / "platform.py").write_text("print('not the library')\n")
    said = subprocess.run(module_command("platform"), cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said and "not the library" not in said


def test_arguments_follow_the_module(tmp_path):
    (tmp_path / "say.py").write_text("import sys\nprint(sys.argv[1:])\n")
    command = module_command("say", "a b", "--c")
    said = subprocess.run(command, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True).stdout
    assert said.strip() == str(["a b", "--c"])


def test_child_and_what_it_starts_have_no_working_folder_on_their_path(tmp_path, monkeypatch):
    (tmp_path / "queue.py").write_text("raise RuntimeError('the working folder was imported')\n")
    installed = tmp_path / "installed"
    installed.mkdir()
    inner = "import queue, sys; print(sys.path)"
    (installed / "starts.py").write_text(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {inner!r}])\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", ".", str(installed)]))
    monkeypatch.chdir(tmp_path)
    started = Child(module_command("starts"), errors=subprocess.DEVNULL)
    said = started.receive(20)
    assert said is not None and str(installed) in said
    assert "''" not in said and f"'{tmp_path}'" not in said
    assert started.stop(20) == 0


def test_line_that_is_no_object_is_put_aside_and_ends_nothing():
    aside = []
    script = "print('printed by a library'); print(3); print('[' * 100_000); print('{\"event\": \"end\"}')"
    process = child(script)
    assert process.receive_object(20, aside.append) == {"event": "end"}
    assert aside == ["printed by a library\n", "3\n", "[" * 100_000 + "\n"]
    assert process.receive_object(20, aside.append) is None
    process.stop(20)


INNER = "import subprocess; print(subprocess.Popen(['sleep', '300'], start_new_session=True).pid, flush=True)"
# The process between is gone at once, so that nobody stands above the detached one.
DETACHES = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {INNER!r}], start_new_session=True)\n"


@pytest.mark.parametrize("dies_first", [False, True])
def test_what_leaves_group_and_parent_ends_with_the_child_and_nothing_else_does(dies_first):
    bystander = subprocess.Popen(["sleep", "300"])
    code = DETACHES + ("" if dies_first else "sys.stdin.read()\n")
    process = Child([sys.executable, "-c", code], errors=subprocess.DEVNULL, leads_group=True)
    detached = int(process.receive(20))
    if dies_first:
        assert process.receive(5) is None
    assert os.getsid(detached) == detached
    process.stop(5)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(detached) and psutil.Process(detached).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_else_of_the_product_spells_the_command_of_a_child(path):
    if path != ROOT / "harness" / "child.py":
        assert "sys.executable" not in path.read_text(encoding="utf-8")


def child(script, **options):
    return Child([sys.executable, "-S", "-c", script], errors=subprocess.DEVNULL, **options)


def test_lines_are_answered_until_the_process_ends():
    script = (
        "import os\nfor _ in range(2): print(input().upper(), os.environ['SAID'], flush=True)\nprint('cut', end='')"
    )
    process = child(script, environment={"SAID": "é"})
    for word in ("one", "two"):
        assert process.send(word)
        assert process.receive(20) == f"{word.upper()} é\n"
    assert process.receive(20) is None  # a line that is not whole was never said
    assert process.is_gone
    assert process.stop(seconds=20) == 0
    assert not process.send("three")


def test_silent_process_is_not_waited_for_without_an_end_and_is_killed():
    process = child("import time; time.sleep(600)")
    assert process.receive(0.2) is None
    assert not process.is_gone
    assert process.stop(seconds=0) == -9


@pytest.mark.parametrize("leads_group", [True, False])
def test_leader_of_a_group_takes_what_it_started_with_it(leads_group):
    script = "import subprocess as s\nprint(s.Popen(['sleep', '600'], stdout=s.DEVNULL).pid, flush=True)\ninput()"
    process = child(script, leads_group=leads_group)
    started = psutil.Process(int(process.receive(20)))
    process.stop(seconds=0)
    deadline = time.monotonic() + 10
    while leads_group and started.is_running() and started.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    if not leads_group:
        assert started.is_running()
        started.kill()
