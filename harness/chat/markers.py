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
_AT_THE_END = re.compile(rf"(?:\s*(?:{'|'.join(map(re.escape, ENDS))}))+\s*\Z")
_ANY = re.compile("|".join(map(re.escape, sorted((*ENDS, *BEGINNINGS), key=len, reverse=True))))
_STRUCK_OUT = re.compile(r"<s>.*?</s>", re.DOTALL)  # HTML's, where both tags stand


def without_end(text: str) -> tuple[str, str]:
    """Take the end markers of any family off an answer's end.

    Returns:
        The answer, and the marker that stood there; '' where none did. An answer in which `</s>` closes an `<s>`
        stays as it is: that is HTML.
    """
    found = _AT_THE_END.search(text)
    if not found or _STRUCK_OUT.search(text):
        return text, ""
    return text[: found.start()], found[0].split()[0]


def family_markers(text: str) -> list[str]:
    """Return the markers of any family that a text holds, each once."""
    found = dict.fromkeys(_ANY.findall(text))
    if _STRUCK_OUT.search(text):
        found = {marker: None for marker in found if marker not in ("<s>", "</s>")}
    return list(found)
