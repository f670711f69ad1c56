import pytest

from harness.doctor.examination import examine, is_ready
from harness.doctor.finding import Finding


@pytest.mark.parametrize(("state", "ready"), [("ok", True), ("warning", True), ("fault", False)])
def test_warnings_do_not_keep_compare_from_running(state, ready):
    assert is_ready((Finding("disk", "ok", "fine"), Finding("memory", state, "as it is"))) == ready


def test_every_subject_is_told_once():
    subjects = [finding.subject for finding in examine()]
    assert len(subjects) == len(set(subjects)) > 10
