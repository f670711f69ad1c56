"""How the scorecard damages files, and what it takes for a connect that leaves this machine."""

import json
import random

import pytest

from bench.scorecard.guards import HOSTILE, ROOT, _reached
from bench.scorecard.mutated import KINDS, damaged, run_case


def test_damage_is_the_same_for_a_seed_and_another_for_another():
    raw = bytes(range(256)) * 4
    made = {damaged(raw, random.Random(seed)) for seed in range(50)}
    assert len(made) > 40
    assert damaged(raw, random.Random(7)) == damaged(raw, random.Random(7))


def test_empty_file_can_be_damaged_too():
    assert all(isinstance(damaged(b"", random.Random(seed)), bytes) for seed in range(50))


@pytest.mark.parametrize(
    ("line", "reached"),
    [
        ('7 connect(3, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("8.8.8.8")}, 16) = 0', {"8.8.8.8"}),
        ('7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0', set()),
        (
            '7 connect(3, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), '
            'inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = -1 ENETUNREACH',
            {"2001:db8::1"},
        ),
        ('7 connect(3, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT', set()),
    ],
)  # fmt: skip
def test_connect_beyond_loopback_is_read_out_of_a_trace(tmp_path, line, reached):
    (tmp_path / "trace").write_text(line + "\n")
    assert _reached(tmp_path / "trace") == reached


def test_every_test_that_the_scorecard_names_is_there():
    assert [name for tests in HOSTILE.values() for name in tests if not (ROOT / name).exists()] == []


def test_row_that_is_lost_in_silence_is_a_fault(tmp_path, monkeypatch):
    """A reader that drops the last line of train is seen."""
    data = tmp_path / "data"
    data.mkdir()
    rows = [{"input": f"Which {n}?", "target": f"K-{n}"} for n in range(30)]
    for split, part in (("train", rows[:20]), ("dev", rows[20:25]), ("test", rows[25:])):
        (data / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))
    (data / "task.yaml").write_text(
        "version: 1\nname: small\ndata: {train: train.jsonl, dev: dev.jsonl, test: test.jsonl}\narms: [zero_shot]\n"
        "general: {limit: 5}\n"
    )
    monkeypatch.setattr("bench.scorecard.mutated.damaged", lambda raw, draw: raw)
    number = KINDS.index("data")
    assert run_case(tmp_path, number)["fault"] == ""
    from harness.task import examples

    reading = examples.read_rows
    monkeypatch.setattr(examples, "read_rows", lambda *arguments: reading(*arguments)[:-1])
    assert run_case(tmp_path, number)["fault"] == "rows lost in silence: [20]"
