"""Each planted kind of leak and conflict is found where it was planted, and clean rows are not named."""

import pytest
from checked_tasks import SIZES, facts, sums, tickets
from leak_plants import PLANTS, UNSEEN, found_rows

from harness.checking import examine, read_material


@pytest.mark.parametrize("plant", [plant for plant in PLANTS if plant not in UNSEEN], ids=lambda plant: plant.__name__)
def test_planted_rows_are_named_and_no_others(plant, tmp_path):
    is_found, others = found_rows(plant, tmp_path)
    assert is_found == [True] * 5
    assert not others


def test_nineteen_of_twenty_kinds_are_found(tmp_path):
    found = []
    for plant in PLANTS:
        folder = tmp_path / plant.__name__
        folder.mkdir()
        if all(found_rows(plant, folder)[0]):
            found.append(plant)
    assert len(PLANTS) == 20
    assert len(found) >= 19


@pytest.mark.parametrize("make", [tickets, facts, sums])
def test_clean_rows_are_not_flagged(make, tmp_path):
    report = examine(read_material(make().write(tmp_path)))
    flagged = {
        place for finding in report.findings if finding.severity != "note" for hit in finding.hits for place in hit.rows
    }
    assert sum(SIZES.values()) == 1000
    assert report.exit_code == 0
    assert len(flagged) <= 10  # 1%
