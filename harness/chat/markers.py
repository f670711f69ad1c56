"""Markers of the families that people bring, which are left in data by tutorials and by dumps of whole prompts."""

import re

# What ends an assistant's turn, or a text.
ENDS = (
    "<|im_end|>",
    "</s>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|return|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|end_of_turn|>",
    "<|END_OF_TURN_TOKEN|>",
    "<|endofturn|>",
    "<end_of_turn>",
    "<turn|>",
    "<eos>",
    "<|eos|>",
    "[EOS]",
    "<EOT>",
    "<｜end▁of▁sentence｜>",
)
# What opens one, or a text.
BEGINNINGS = (
    "<|im_start|>",
    "<s>",
    "<bos>",
    "<|begin_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|START_OF_TURN_TOKEN|>",
    "<start_of_turn>",
    "<|turn>",
    "<|user|>",
    "<|assistant|>",
    "<|system|>",
    "<｜begin▁of▁sentence｜>",
    "<｜User｜>",
    "<｜Assistant｜>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
)
_ANY = re.compile("|".join(map(re.escape, sorted((*ENDS, *BEGINNINGS), key=len, reverse=True))))


def without_end(text: str) -> tuple[str, str]:
    """Take the end markers of any family off an answer's end.

    Returns:
        The answer, and the marker that stood there; '' where none did. An answer in which `</s>` closes an `<s>`
        stays as it is: that is HTML.
    """
    rest = text.rstrip()
    while rest.endswith(ENDS):
        rest = rest.removesuffix(next(filter(rest.endswith, ENDS))).rstrip()
    taken = text[len(rest) :].split()
    return (rest, taken[0]) if taken and not _is_struck_out(text) else (text, "")


def family_markers(text: str) -> list[str]:
    """Return the markers of any family that a text holds, each once."""
    if "<" not in text and "[" not in text:
        return []
    found = dict.fromkeys(_ANY.findall(text))
    if _is_struck_out(text):
        found = {marker: None for marker in found if marker not in ("<s>", "</s>")}
    return list(found)


def _is_struck_out(text: str) -> bool:
    """Whether `<s>` and `</s>` are HTML's: one closes the other."""
    return "</s>" in text.partition("<s>")[2]
