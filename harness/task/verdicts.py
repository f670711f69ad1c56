"""What somebody called an answer, good or bad, whichever word a file has for it."""

import re
from typing import Any, Literal

Otherwise = Literal["points", "class"] | None
LABEL = "label"  # the column of feedback; in other files it may hold classes
# Columns, and keys of an answer's turn, in which files say it.
VERDICTS = ("kto_tag", "feedback", "verdict", "rating", "thumbs", "thumb", "vote", "reaction")
RATINGS = ("score", "quality", "helpfulness", "stars")  # numbers that may judge the answer
_GOOD = {"1", "+1", "👍", "true", "good", "yes", "up", "thumb up", "thumbs up", "upvote", "like"}
_BAD = {"0", "-1", "👎", "false", "bad", "no", "down", "thumb down", "thumbs down", "downvote", "dislike"}
_CLASSES = {"good", "bad", "yes", "no", "up", "down", "like", "dislike"}
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


def verdict_of(value: Any, *, may_be: Otherwise = None) -> bool | None:
    """Return whether a value calls an answer good; None where it says neither.

    Args:
        value: A word such as 'thumbs_up', true or false, or a number: 1 is good, 0 and -1 are bad.
        may_be: What else it may be where it stands: points of a scale, so that numbers say neither; or a class, so that
            words such as yes do not either.
    """
    said = re.sub(r"(?<=\w)[_-](?=\w)", " ", str(value).strip().casefold())
    if (may_be and _NUMBER.fullmatch(said)) or (may_be == "class" and said in _CLASSES):
        return None
    said = said.removesuffix(".0")
    return True if said in _GOOD else False if said in _BAD else None
