"""The two sides of a regression check: what each is by content, and whether their figures can be compared."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.assets.hub import hub_name
from harness.engine.content import adapter_hash, model_hash
from harness.errors import ModelError
from harness.json_files import read_json
from harness.records import Weights

# Scripts, spaces and signs on which tokenizers of one vocabulary part ways.
_PROBE = "Two  spaces,\ttab; naïve café 12,345.67 – 北京 \n\n def f(x): return x"

# Names of folders that say nothing of the model in them.
_ANY_MODEL = re.compile(r"(base|model|base[-_]model|final|best|last|latest|merged|output|checkpoint|step)([-_]?\d+)?")


@dataclass(frozen=True, slots=True)
class Side:
    """One set of weights: as the user named it, and what it is by content."""

    name: str
    weights: Weights
    model_sha256: str
    adapter_sha256: str | None

    @property
    def form(self) -> str:
        """How it is quantised, in words."""
        return "in 4-bit NF4" if self.weights.quantization == "nf4" else "unquantised"

    @property
    def content(self) -> tuple[str, str | None, str | None]:
        """Equal for equal weights."""
        return self.model_sha256, self.weights.quantization, self.adapter_sha256


def two_sides(base: tuple[str, Weights], tuned: tuple[str, Weights]) -> tuple[Side, Side]:
    """Read what both sides are by content; a model that both stand on is read once.

    Args:
        base: The base as the user named it, and its weights.
        tuned: The same of the tuned weights.

    Raises:
        HarnessError: If a model's files or an adapter's cannot be read.
    """
    adapters = [adapter_hash(side[1].adapter) if side[1].adapter else None for side in (base, tuned)]  # quick, so first
    models = {model: model_hash(model) for model in dict.fromkeys((base[1].model, tuned[1].model))}
    before, after = (
        Side(name, weights, models[weights.model], adapter)
        for (name, weights), adapter in zip((base, tuned), adapters, strict=True)
    )
    return before, after


def forms(base: Side, tuned: Side) -> str:
    """Say how the two are quantised where they differ; '' where they do not."""
    if base.weights.quantization == tuned.weights.quantization:
        return ""
    return f"The base is {base.form} and the tuned weights are {tuned.form}: what that costs is part of every change."


def comparison_notes(base: Side, tuned: Side, texts: list[str], *, is_chat_used: bool) -> list[str]:
    """Say what a reader must know of the two sides.

    Args:
        base: The reference.
        tuned: What is judged.
        texts: The held-out texts, which both must cut into the same tokens.
        is_chat_used: Whether something is asked through the chat template.

    Raises:
        ModelError: If the two cut texts into different tokens, so that losses per token cannot be compared.
    """
    notes = ["both sides are the same weights"] if base.content == tuned.content else []
    if difference := forms(base, tuned):
        notes.append(difference[0].lower() + difference[1:].rstrip("."))
    if tuned.weights.model != base.weights.model:
        notes += _tokenizer_notes(base, tuned, texts, is_chat_used=is_chat_used)
    return notes


def _tokenizer_notes(base: Side, tuned: Side, texts: list[str], *, is_chat_used: bool) -> list[str]:
    from harness.engine.resident import load_tokenizer

    before, after = load_tokenizer(base.weights.model), load_tokenizer(tuned.weights.model)
    if any(before.encode(text) != after.encode(text) for text in (_PROBE, *texts)) or not _share_words(before, after):
        raise ModelError(
            f"'{base.name}' and '{tuned.name}' have different tokenizers, so their losses per token cannot be "
            "compared; give the base that the tuned model was made from"
        )
    notes = []
    if added := sorted(before.get_vocab().keys() ^ after.get_vocab().keys()):
        shown = ", ".join(map(repr, added[:3])) + (", ..." if len(added) > 3 else "")
        notes.append(f"only one of the two tokenizers has the added tokens {shown}; texts are cut alike")
    if is_chat_used and before.chat_template != after.chat_template:
        notes.append("the chat templates differ; each model is asked through its own")
    return notes


def _share_words(before: Any, after: Any) -> bool:
    """Whether one vocabulary is the other with tokens added behind it, as for padding or a chat's turns."""
    one, other = before.get_vocab(), after.get_vocab()
    added = before.get_added_vocab().keys() | after.get_added_vocab().keys()
    return one.keys() ^ other.keys() <= added and all(one[token] == other[token] for token in one.keys() & other.keys())


def check_adapter(base: Side, adapter: Path) -> None:
    """Refuse an adapter that was made for another base, although its weights may fit.

    What its configuration names is compared by content where it is a folder here, else by the last part of its name,
    where that says which model it is.

    Raises:
        ModelError: If it names another base, or a folder that is not here by a name that any model may have.
    """
    try:
        named = str(read_json(adapter / "adapter_config.json").get("base_model_name_or_path") or "")
        is_base = _is_base(base, adapter, named)
    except (OSError, ValueError, AttributeError, ModelError):
        return  # whoever loads the adapter says what is wrong with it
    if is_base is None:
        raise ModelError(
            f"the adapter's configuration names '{named}' as its base, which is not here, and any model may be called "
            f"so; give --same-base if it is '{base.name}'"
        )
    if not is_base:
        raise ModelError(
            f"the adapter's configuration names '{named}' as its base, not '{base.name}'; give that base, or "
            "--same-base if the two are one model by another name"
        )


def _is_base(base: Side, adapter: Path, named: str) -> bool | None:
    """Whether the model that an adapter names is this base; None where its name alone is known, and says nothing."""
    beside, own = adapter / named, (base.name, base.weights.model)  # an export's adapter names its base as it lies
    # a folder is read whole for its hash, so that it must be a model's: the name may lead anywhere
    if folder := next((path for path in (beside, Path(named)) if named and (path / "config.json").is_file()), None):
        return model_hash(str(folder)) == base.model_sha256
    if not named or named in own:
        return True
    last = _last(hub_name(named) or named)
    is_alike = last in [_last(hub_name(name) or name) for name in own]
    return None if is_alike and _ANY_MODEL.fullmatch(last) else is_alike


def _last(name: str) -> str:
    return name.rstrip("/\\").replace("\\", "/").rpartition("/")[2].casefold()
