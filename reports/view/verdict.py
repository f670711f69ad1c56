"""Page one: the verdict, why, what could overturn it, what would change it, and what to do next."""

from dataclasses import dataclass

from harness.records import Run
from reports.view.headline import headline
from reports.view.names import plain_words
from reports.view.options import Options, options
from reports.view.standing import Mark, standing
from reports.view.turning import would_change

NO_CAVEAT = "Nothing on record could overturn this verdict."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a manager reads."""

    label: Mark
    marks: tuple[Mark, ...]  # goal and forgetting, which make the verdict's strength
    sentences: tuple[str, ...]
    reasons: tuple[str, ...]
    caveat: str  # the one that could overturn this verdict; '' where there is none to overturn
    more_caveats: tuple[str, ...]
    changes: tuple[str, ...]  # what would change the verdict
    next_step: str
    options: Options


def verdict(run: Run) -> Verdict:
    """Draw page one from the decision; a smoke run has no verdict and no reasons for one."""
    decision, plain, stands = run.decision, plain_words(run), standing(run)
    turning = decision.caveats[: decision.turning]
    rest = decision.caveats[min(1, len(turning)) :]
    return Verdict(
        label=stands.label,
        marks=stands.marks,
        sentences=headline(run),
        reasons=tuple(map(plain, decision.reasons)),
        caveat="" if run.is_fast else plain(turning[0]) if turning else NO_CAVEAT,
        more_caveats=tuple(map(plain, rest)),
        changes=tuple(map(plain, would_change(run))),
        next_step=plain(decision.next_step),
        options=options(run),
    )
