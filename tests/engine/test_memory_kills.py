"""Whose kills for memory are counted: those of the own control group where there is one, else the machine's."""

import pytest

from harness.engine.faults import memory_kills

KILLS = {"memory.events": "low 0\noom 3\noom_kill 2\n", "memory.oom_control": "under_oom 0\noom_kill 4\n"}


@pytest.fixture
def root(tmp_path):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/vmstat").write_text("nr_free_pages 5\noom_kill 9\n")
    return tmp_path


def group(root, line, folder, file):
    (root / "proc/self/cgroup").write_text(f"{line}\n")
    (root / "sys/fs/cgroup" / folder).mkdir(parents=True)
    (root / "sys/fs/cgroup" / folder / file).write_text(KILLS[file])


def test_own_group_is_asked_before_the_machine(root):
    group(root, "0::/user.slice/job", "user.slice/job", "memory.events")
    assert memory_kills(root) == 2


def test_container_sees_its_group_as_the_root(root):
    group(root, "0::/", "", "memory.events")
    assert memory_kills(root) == 2


def test_groups_of_version_1_are_read_too(root):
    group(root, "4:cpu,memory:/docker/abc", "memory/docker/abc", "memory.oom_control")
    assert memory_kills(root) == 4


@pytest.mark.parametrize("text", ["", "no line of the kind", "0::/not/there", "\xff"])
def test_machine_is_asked_where_no_group_counts(root, text):
    (root / "proc/self/cgroup").write_text(text, encoding="latin-1")
    assert memory_kills(root) == 9


def test_system_that_counts_nothing_is_not_guessed(tmp_path):
    assert memory_kills(tmp_path) is None
