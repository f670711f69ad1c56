"""The labels of a task whose answers are a closed set."""

from collections.abc import Sequence

from harness.closed_set import FEW_LABELS, MOST_LABELS
from harness.errors import ArmError
from harness.records import Example

FEWEST_ROWS = 2  # for each label of more than a few: texts that never repeat are not labels
LONGEST_LABEL = 80  # characters; longer answers are sentences, of which no set is closed


def labels_of(train: Sequence[Example]) -> tuple[str, ...]:
    """Return the distinct targets, outer white space removed, in their own order by text.

    Raises:
        ArmError: If they are too many or too long for a closed set, or one is blank.
    """
    labels = tuple(sorted({example.target.strip() for example in train}))
    if len(labels) > MOST_LABELS or (len(labels) > FEW_LABELS and FEWEST_ROWS * len(labels) > len(train)):
        raise ArmError(
            f"train has {len(labels)} different answers in {len(train)} rows: no closed set, which has {MOST_LABELS} "
            f"at most, and {FEWEST_ROWS} rows for each of more than {FEW_LABELS}; leave the arm out"
        )
    longest = max(labels, key=len)
    if len(longest) > LONGEST_LABEL:
        raise ArmError(
            f"the answer {longest[:40]!r}... has {len(longest)} characters, more than {LONGEST_LABEL}: "
            "no label of a closed set; leave the arm out"
        )
    if not labels[0]:
        raise ArmError("a training target is blank, and nothing has no likelihood; give it a name")
    return labels
