"""What is known of the base model's license. Nothing is guessed: an unknown license is named as such."""

import re
from pathlib import Path

from harness.exporting.export_source import ExportSource
from harness.model_names import EMBEDDED

_KNOWN = {EMBEDDED: "SmolLM2-135M-Instruct, from which it was converted, is under Apache-2.0"}
_NAMES = ("license", "licence", "notice")
_FRONT_MATTER = re.compile(r"^license:[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)


def license_note(source: ExportSource) -> str:
    """Return the text of LICENSE-BASE-MODEL.md."""
    known = _KNOWN.get(source.spec.model.source) or _stated_in(source.base_folder)
    said = f"{known}." if known else "Its license is not known here; look it up where you had the model from."
    return (
        f"# The base model's license\n\nBase model: {source.base_name}. {said}\n\n"
        "An adapter or merged weights derive from the base, so its terms come with them. The training data's "
        "terms are for whoever owns the data to say.\n"
    )


def license_files(folder: Path) -> list[Path]:
    """Return the license and notice files that came with a model."""
    return [file for file in sorted(folder.iterdir()) if file.name.lower().startswith(_NAMES) and file.is_file()]


def _stated_in(folder: Path | None) -> str | None:
    """Return what a model's own folder says of its license."""
    if folder is None:
        return None
    texts = license_files(folder)
    if texts:
        return f"Its license came with it: model/{texts[0].name}"
    card = folder / "README.md"
    head = card.read_text(encoding="utf-8", errors="replace").split("\n---", 1)[0] if card.is_file() else ""
    found = _FRONT_MATTER.search(head) if head.startswith("---") else None
    return f"Its model card says: {found.group(1)}" if found else None
