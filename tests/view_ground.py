"""What the list of runs reads of a result.json."""


def result(name="faq", action="prompt", arm="few_shot", sentence="Use a prompt: few_shot.", **more):
    found = {
        "name": name,
        "models": [{"source": "smollm2-135m"}],
        "is_fast": False,
        "arms": [{"name": "few_shot", "status": "ok"}],
        "verdict": {"action": action, "arm": arm, "sentence": sentence},
        "manifest": {"started": "2026-11-28T09:00:00+00:00", "finished": "2026-11-28T10:00:00+00:00"},
    }
    return found | more
