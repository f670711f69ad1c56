"""Templates and patterns that users and models bring, run in a process that ends where they do not.

A template is a small program of somebody else's. No look at its source tells how long it runs or how much it
writes, so what does more than copy texts is rendered by a child that has a limit of time, memory and output. A
regular expression may take as much before it has read a character.
"""

from harness.confined.renderer import called, names_in, pattern_groups, render_chats, render_prompts
from harness.confined.sandbox import MOST_CHARACTERS, TemplateFault, only_copies, private_attribute

__all__ = [
    "MOST_CHARACTERS",
    "TemplateFault",
    "called",
    "names_in",
    "only_copies",
    "pattern_groups",
    "private_attribute",
    "render_chats",
    "render_prompts",
]
