"""How texts are shown in a finding."""

LONGEST = 90


def quoted(text: str, longest: int = LONGEST) -> str:
    """Return a text on one line in quotes; '...' and its length say that it was cut."""
    plain = " ".join(text.split())
    return f"'{plain}'" if len(plain) <= longest else f"'{plain[:longest]}...' ({len(plain)} characters)"
