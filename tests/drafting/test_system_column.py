"""A column called `system` is a system turn only where it holds sentences."""

from harness.drafting.columns import read_columns
from harness.drafting.values import is_prose


def rows(systems):
    return [{"text": f"ticket {n}", "label": "ab"[n % 2], "system": systems[n % len(systems)]} for n in range(30)]


def test_names_of_machines_are_no_system_turn():
    assert not is_prose(rows(["SAP", "CRM", "Windows"]), "system")
    assert read_columns(rows(["SAP", "CRM", "Windows"]), frozenset()).system is None


def test_sentences_are():
    assert read_columns(rows(["You answer in one word.", "You are a kind assistant."]), frozenset()).system == "system"
