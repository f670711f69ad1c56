"""The labels of a task whose answers are a closed set."""

from collections.abc import Sequence

from harness.errors import ArmError
from harness.records import Example

MOST_LABELS = 50
LONGEST_LABEL = 80  # characters; longer answers are sentences, of which no set is closed


def labels_of(train: Sequence[Example]) -> tuple[str, ...]:
    """Return the distinct targets, outer white space removed, in their own order by text.

    Raises:
        ArmError: If they are too many or too long for a closed set, or one is blank.
    """
    labels = tuple(sorted({example.target.strip() for example in train}))
    if len(labels) > MOST_LABELS:
        raise ArmError(
            f"train has {len(labels)} different answers, more than {MOST_LABELS}: no closed set; leave the arm out"
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
