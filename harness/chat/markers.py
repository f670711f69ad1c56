"""Markers of the families that people bring, which are left in data by tutorials and by dumps of whole prompts."""

import re

# What ends an assistant's turn, or a text.
_ENDS = (
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
    "[|endofturn|]",
    "<end_of_turn>",
    "<turn|>",
    "<eos>",
    "<|eos|>",
    "[EOS]",
    "<EOT>",
    "<｜end▁of▁sentence｜>",
)
# The same as a web page writes them; without a bar it may be HTML that is shown.
ENDS = (*_ENDS, *(marker.replace("<", "&lt;").replace(">", "&gt;") for marker in _ENDS if "<|" in marker))
# What begins a text, where an end marker closes it.
_STARTS = ("<s>", "<bos>", "<|begin_of_text|>", "<｜begin▁of▁sentence｜>")
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
    "[|user|]",
    "[|assistant|]",
    "[|system|]",
    "<｜begin▁of▁sentence｜>",
    "<｜User｜>",
    "<｜Assistant｜>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
)
_ANY = re.compile(
    "|".join([*map(re.escape, sorted((*ENDS, *BEGINNINGS), key=len, reverse=True)), r"<extra_id_\d{1,3}>"])
)
# One pair of them around all of it, but for further end markers.
_ENCLOSED = re.compile(r"\s*<s>[^<]*(?:<(?!/)[^<]*)*</s>\s*(?:<\||\Z)")


def without_end(text: str) -> tuple[str, str]:
    """Take the end markers of any family off an answer's end, with the start marker before all of it.

    Returns:
        The answer, and the marker that stood there, `<s>...</s>` where one began it, too; '' where none did. An answer
        in which `</s>` closes an `<s>` stays as it is, unless they enclose all of it: that is HTML.
    """
    rest = text.rstrip()
    while rest.endswith(ENDS):
        rest = rest.removesuffix(next(filter(rest.endswith, ENDS))).rstrip()
    taken = text[len(rest) :].split()
    if not taken or _is_struck_out(text):
        return text, ""
    start = next(filter(rest.lstrip().startswith, _STARTS), None)
    return (rest.lstrip().removeprefix(start).lstrip(), f"{start}...{taken[0]}") if start else (rest, taken[0])


def family_markers(text: str) -> list[str]:
    """Return the markers of any family that a text holds, each once."""
    if not any(sign in text for sign in ("<", "[", "&lt;")):
        return []
    found = dict.fromkeys(_ANY.findall(text))
    if _is_struck_out(text):
        found = {marker: None for marker in found if marker not in ("<s>", "</s>")}
    return list(found)


def _is_struck_out(text: str) -> bool:
    """Whether `<s>` and `</s>` are HTML's: one closes the other, and they do not enclose the whole text."""
    return "</s>" in text.partition("<s>")[2] and not _ENCLOSED.match(text)
