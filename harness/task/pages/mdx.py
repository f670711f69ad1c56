"""Pages in MDX: Markdown with modules of JavaScript, which are not for the reader."""

import re

_MODULE = re.compile(r"(?:import|export)\s")


def without_modules(text: str) -> str:
    """Return MDX without its imports and exports, which begin a block and end with it; code in fences stays."""
    kept: list[str] = []
    fence, is_module, is_start = "", False, True
    for line in text.split("\n"):
        mark = line.lstrip()[:3]
        if mark in ("```", "~~~") and fence in ("", mark):
            fence = "" if fence else mark
        is_module = bool(line.strip()) and (is_module or (is_start and not fence and bool(_MODULE.match(line))))
        is_start = not line.strip()
        kept += [] if is_module else [line]
    return "\n".join(kept).lstrip("\n")
