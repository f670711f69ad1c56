"""What a judge, a model that scores answers, said; and how far people agree with it."""

from dataclasses import dataclass

from harness.records.concluded import Basis, Interval

FEWEST_LABELS = 5  # of good answers, and of bad ones, without which nothing is known of a judge's errors


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge said of one answer, asked in several orders."""

    key: str  # of the item and the answer
    value: float | None  # mean over the orders, in [0, 1]; None: it could not be asked, and the measurement is missing
    is_tie: bool = False  # the orders disagreed
    firsts: int = 0  # orders in which the choice listed first was taken
    orders: int = 0
    prompt_tokens: int = 0
    read_tokens: int = 0  # of all choices, as each is read
    seconds: float = 0.0
    reason: str = ""  # why there is no value


@dataclass(frozen=True, slots=True)
class LabelledJudgement:
    """An answer that people and the judge have both judged."""

    item: str  # id of its row
    group: str | None
    label: float  # people's
    value: float  # the judge's


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often a judge says what people say, of the answers that both judged."""

    n: int
    raw: Interval  # share on which they agree; a tie agrees with a tie alone
    kappa: Interval | None  # Cohen's, agreement beyond chance; None where both gave one and the same label throughout


@dataclass(frozen=True, slots=True)
class JudgedArm:
    """An arm's answers as the judge scored them."""

    arm: str
    n: int  # answers with a score; those without an answer count 0 and are among them
    unjudged: int  # answers that could not be judged: missing, not 0
    ties: int  # answers of which the orders disagreed
    labelled: int  # answers of its own that people judged
    raw: float | None  # mean of the judge's scores
    worst: float | None  # were every unjudged answer bad
    best: float | None  # were every one good
    corrected: Interval | None  # for the judge's errors; None without people's labels


@dataclass(frozen=True, slots=True)
class JudgeFindings:
    """One judge of a run."""

    metric: str
    model: str  # as the task file names it
    decides: bool  # it is the primary metric
    basis: Basis
    agreement: Agreement | None  # None without labels
    arms: tuple[JudgedArm, ...]
    own_arms: tuple[str, ...]  # arms that stand on the very model that judges
    answers: int  # different ones that were judged, people's included
    first_share: float | None  # of the questions put to it: the choice listed first was taken
    tokens: int
    seconds: float
