"""A smoke run has figures and no verdict."""

import pytest
from worlds import BASE, HARMED, UNHARMED, evidence, right, settle

from harness.decision.smoke import NO_VERDICT, without_verdict

PROMPT = evidence("few_shot", "prompt", right(150, 200))
RETHINK = [evidence("few_shot", "prompt", right(0, 200)), evidence("lora", "tune", right(0, 200), general=UNHARMED)]
WORLDS = {
    "prompt": [evidence("few_shot", "prompt", right(200, 200))],
    "fine_tune": [PROMPT, evidence("lora", "tune", right(200, 200), general=UNHARMED)],
    "undecided": [PROMPT, evidence("lora", "tune", right(200, 200), general=HARMED)],
    "rethink": RETHINK,
}


@pytest.mark.parametrize("action", WORLDS)
def test_whatever_the_figures_would_say_a_smoke_run_concludes_nothing_from_them(action):
    whole = settle(WORLDS[action], bases=[BASE])
    smoke = without_verdict(whole)
    assert whole.action == action
    assert (smoke.action, smoke.arm, smoke.goal, smoke.sentence) == ("undecided", None, "not_shown", NO_VERDICT)
    assert (smoke.reasons, smoke.caveats, smoke.rule, smoke.labels_needed) == ((), (), None, None)
    assert not any(rung.climbed or rung.at_goal for rung in smoke.rungs)
    assert {gate.state for gate in smoke.gates} <= {"inconclusive"}  # neither harm nor safety is claimed
    assert "without --fast" in smoke.next_step
    assert smoke.scores == whole.scores
