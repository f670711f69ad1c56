"""The one base model in memory, and the adapters switched on it."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    GenerationConfig,
)

from harness.assets.layers import size_fault
from harness.engine.architectures import architecture
from harness.engine.content import ADAPTER_FILES, adapter_hash
from harness.engine.faults import describe, is_out_of_memory
from harness.engine.halving import free_memory
from harness.engine.prefixed import Prefixed, prefix_of
from harness.engine.tokens import Text, end_of_turn
from harness.engine.trunk import ATTENTION
from harness.errors import ArmError, HarnessError, ModelError
from harness.json_files import read_json
from harness.quiet import quiet

# A search over checkpoints loads many adapters one after another; a few stay for switching back.
ADAPTERS_KEPT = 4
_USUAL_RANK = 1024  # up to this an adapter's configuration may say anything: what it costs is little

# Mamba's first generation: time steps are `dt_proj.weight @ ...`, which packed 4-bit weights cannot answer.
_BARE_WEIGHTS = frozenset({"falcon_mamba", "jamba", "mamba"})

_LOADING_FAULTS = (OSError, ValueError, RuntimeError, KeyError, ImportError, AttributeError)


def default_device() -> torch.device:
    """Return the CUDA device if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def compute_dtype(device: torch.device) -> torch.dtype:
    """Return fp32 on the CPU, and bf16 (or fp16 on older devices) on CUDA."""
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def nf4_config(device: torch.device) -> Any:
    """Return the 4-bit settings that measuring and training share (QLoRA, arXiv 2305.14314)."""
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=compute_dtype(device),
    )


def _nf4_settings(model: str, device: torch.device) -> Any:
    """Return `nf4_config`, less the layers whose weights such a model multiplies by without calling them."""
    settings = nf4_config(device)
    if load_config(model).model_type in _BARE_WEIGHTS:
        settings.llm_int8_skip_modules = ["dt_proj", "lm_head"]  # the head is spared in all models
    return settings


@contextmanager
def readable(model: str) -> Iterator[None]:
    """Turn what libraries raise over files that anybody may have written into one sentence.

    Raises:
        ModelError: For any exception in the block but those of ours.
        MemoryError: Where memory ran out.
    """
    try:
        with quiet():
            yield
    except HarnessError:
        raise
    except Exception as fault:
        raise _unloadable(model, fault) from fault


def load_config(model: str) -> Any:
    """Read a model's configuration; raises ModelError."""
    with readable(model):
        return AutoConfig.from_pretrained(model, trust_remote_code=False)


def load_tokenizer(model: str) -> Any:
    """Read a model's tokenizer, which knows an end token from here on; raises ModelError."""
    with readable(model):
        tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=False)
    if not isinstance(tokenizer.model_max_length, int | float):
        said = f"model_max_length in its tokenizer_config.json is {tokenizer.model_max_length!r}"
        raise ModelError(f"model '{model}' cannot be used: {said}; give a number")
    if tokenizer.eos_token_id is None:
        Text(tokenizer, model)  # which takes the one that the chat template writes behind an answer
    return tokenizer


def load_base(model: str, quantization: Literal["nf4"] | None, device: torch.device) -> Any:
    """Load a causal language model for inference.

    Raises:
        ModelError: If it cannot be loaded, or its weights are not exactly those of its architecture; weights other
            than safetensors are refused.
    """
    with readable(model):
        fault = size_fault(Path(model))
    if fault:
        raise ModelError(f"model '{model}' is not whole: {fault}; fetch or save it again")
    settings: dict[str, Any] = {"dtype": compute_dtype(device), "device_map": {"": device}, "use_safetensors": True}
    settings |= {"output_loading_info": True, "ignore_mismatched_sizes": True}  # `_check_whole` names what is wrong
    if quantization == "nf4":
        settings["quantization_config"] = _nf4_settings(model, device)
    with readable(model):
        base, loading = AutoModelForCausalLM.from_pretrained(model, trust_remote_code=False, **settings)
    _check_whole(model, loading)
    _check_packed(model, base)
    _keep_layout(base)
    return base.eval().requires_grad_(False)


def _first_fault(fault: Exception) -> str:
    """Return the first thing that does not fit: the library lists every layer, a line each."""
    first, *others = [line.strip() for line in str(fault).splitlines() if line.strip()] or [type(fault).__name__]
    return f"{others[0].rstrip('.')} (the first of {len(others)})" if others else first


def _rank(adapter: str) -> int:
    """Return the largest rank of an adapter's own LoRA weights; 0 where it has none."""
    from safetensors import safe_open

    with safe_open(Path(adapter) / "adapter_model.safetensors", framework="numpy") as tensors:
        names = [name for name in tensors.keys() if ".lora_A." in name]  # noqa: SIM118
        return max((tensors.get_slice(name).get_shape()[0] for name in names), default=0)


def _check_whole(model: str, loading: Mapping[str, Any]) -> None:
    """Refuse weights that are not the architecture's: transformers makes random ones where something is missing."""
    misshapen = [name for name, *_ in loading["mismatched_keys"]]
    wrong = {"missing": loading["missing_keys"], "of another shape": misshapen, "unknown": loading["unexpected_keys"]}
    said = [f"{len(names)} {how} (e.g. {min(names)})" for how, names in wrong.items() if names]
    if said or loading["error_msgs"]:
        said += [line for text in loading["error_msgs"][:1] for line in text.splitlines()[:1]]
        raise ModelError(
            f"the weights of model '{model}' are not those of its architecture: {', '.join(said)}; fetch or save the "
            "model again"
        )


def _check_packed(model: str, base: Any) -> None:
    """Refuse a configuration that says weights are packed in 4 bits which are not: they cannot be multiplied with."""
    packed = [module.weight for module in base.modules() if type(module).__name__ == "Linear4bit"]
    if any(getattr(weight, "quant_state", None) is None for weight in packed):
        said = "its config.json says that they are in 4 bits (quantization_config), and they are not"
        raise ModelError(f"the weights of model '{model}' cannot be used: {said}; take that key out")


def _keep_layout(base: Any) -> None:
    """Keep 4-bit weights in the layout in which they were quantised and are trained.

    On CPUs with AVX512-BF16, bitsandbytes 0.50 packs them again for inference: scales are rounded to bf16, and
    whatever asks for a state dict, as PEFT does when it loads an adapter, unpacks the weights but leaves
    their scales transposed.
    """
    for module in base.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def _unloadable(model: str, fault: Exception) -> Exception:
    """Say why a model cannot be loaded; where memory ran out, another model or another folder is not a remedy."""
    if is_out_of_memory(fault):
        return MemoryError(f"memory ran out while model '{model}' was loaded ({describe(fault)})")
    said = (str(fault).strip() or type(fault).__name__).splitlines()[0]
    return ModelError(f"model '{model}' cannot be loaded: {said}; check the folder or id, or give another model")


class Resident:
    """A base with up to `ADAPTERS_KEPT` adapters on it."""

    def __init__(self, model: str, quantization: Literal["nf4"] | None, device: torch.device, tokenizer: Any) -> None:
        self._model = model
        self.base = load_base(model, quantization, device)
        if architecture(self.base.config, model).packs:
            self.base.set_attn_implementation(ATTENTION)
        free_memory()  # loading and packing leave copies behind
        self.stop_ids = _stop_ids(model, self.base.generation_config, tokenizer)
        # What the model's authors like to sample with must not leak into our decoding.
        self.base.generation_config = GenerationConfig()
        self._switch: Any = None  # PeftModel around the base, once an adapter was asked for
        self._names: OrderedDict[str, str] = OrderedDict()  # PEFT's, by content
        self._prefixes: dict[str, torch.Tensor] = {}  # by content; a few hundred kB each
        self._loaded = 0

    @contextmanager
    def using(self, adapter: str | None) -> Iterator[Any]:
        """Yield the base with this adapter switched on, or with none.

        PEFT puts an adapter's layers inside the base, so the base itself is what is called.

        Raises:
            ArmError: If the adapter cannot be loaded or does not fit the base.
        """
        with torch.inference_mode():
            key = self._put_on(adapter) if adapter is not None else None
            if key is not None and key in self._names:
                self._switch.set_adapter(self._names[key])
                yield self.base
            else:
                with self._switch.disable_adapter() if self._switch is not None else nullcontext():
                    yield self.base if key is None else Prefixed(self.base, self._prefixes[key])

    def free(self) -> None:
        """Let go of the memory."""
        self.base = self._switch = None
        self._names.clear()
        self._prefixes.clear()
        free_memory()

    def _put_on(self, adapter: str) -> str:
        """Load the adapter or prefix in this folder, if its content is not here yet; return its key."""
        key = adapter_hash(adapter)
        if key in self._names:
            self._names.move_to_end(key)
        elif key not in self._prefixes and is_prefix(adapter):
            self._prefixes[key] = self._read_prefix(adapter)
        elif key not in self._prefixes:
            self._names[key] = self._load(adapter)
            while len(self._names) > ADAPTERS_KEPT:
                _, oldest = self._names.popitem(last=False)
                self._drop(oldest)
        return key

    def _read_prefix(self, adapter: str) -> torch.Tensor:
        from safetensors.torch import load_file

        config = self.base.config
        if not architecture(config, self._model).packs:
            raise ArmError(f"prefixes are not served on a model of type {config.model_type}; use lora_sft there")
        prefix = prefix_of(load_file(Path(adapter) / ADAPTER_FILES[0]), config)
        if prefix is None:
            raise ArmError(f"adapter {adapter} is not a prefix for '{self._model}'; train it on this model")
        return prefix

    def _load(self, adapter: str) -> str:
        self._loaded += 1
        name = f"adapter_{self._loaded}"
        try:
            with quiet(), torch.inference_mode(False):
                missing, unexpected = self._put(adapter, name)
        except (*_LOADING_FAULTS, TypeError) as fault:
            self._drop(name)
            raise ArmError(
                f"adapter {adapter} cannot be loaded on '{self._model}': {_first_fault(fault)}; train it on this model"
            ) from fault
        if missing or unexpected:
            self._drop(name)
            raise ArmError(
                f"adapter {adapter} does not fit '{self._model}': {len(missing)} weights missing, "
                f"{len(unexpected)} unexpected (e.g. {[*missing, *unexpected][0]}); train it on this model"
            )
        return name

    def _put(self, adapter: str, name: str) -> tuple[list[str], list[str]]:
        """Put an adapter on the base; return the weights that were missing and unexpected in its file."""
        from peft import PeftConfig, PeftModel

        config = PeftConfig.from_pretrained(adapter)
        if config.is_prompt_learning:
            raise ValueError(f"it is of type {config.peft_type.value}, which is trained tokens and no layers")
        ranks = [getattr(config, "r", 0), *(getattr(config, "rank_pattern", None) or {}).values()]
        if max(ranks) > max(there := _rank(adapter), _USUAL_RANK):
            raise ValueError(f"its configuration says rank {max(ranks):,}, and its weights have {there}")
        config.inference_mode = True
        if self._switch is not None and {config.peft_type} != {c.peft_type for c in self._switch.peft_config.values()}:
            self._clear()  # PEFT keeps one kind at a time
        if self._switch is None:
            self._switch = PeftModel(self.base, config, adapter_name=name).eval()
        result = self._switch.load_adapter(adapter, adapter_name=name, is_trainable=False)
        return list(result.missing_keys), list(result.unexpected_keys)

    def _clear(self) -> None:
        """Take every adapter off."""
        while self._names:
            self._drop(self._names.popitem()[1])

    def _drop(self, name: str) -> None:
        """Take an adapter off again; with the last one PEFT's layers leave the base as well."""
        if self._switch is None:
            return
        if name in self._switch.peft_config:
            self._switch.delete_adapter(name)
        if not self._switch.peft_config:
            self.base = self._switch.unload()
            self._switch = None


def is_prefix(adapter: str) -> bool:
    """Whether an adapter says of itself that it is a prefix and not layers to put on the base's own."""
    try:
        config = read_json(Path(adapter) / ADAPTER_FILES[1])
    except ValueError:
        return False  # PEFT says what is wrong with it
    return isinstance(config, dict) and config.get("peft_type") == "PREFIX_TUNING"


def _stop_ids(model: str, settings: Any, tokenizer: Any) -> list[int]:
    """Return every token that ends an answer: the tokenizer's, the template's and those the model names itself."""
    named = settings.eos_token_id
    named = named if isinstance(named, list) else [named]
    if odd := [one for one in named if not (one is None or isinstance(one, int))]:
        said = f"eos_token_id in its generation_config.json names {odd[0]!r}"
        raise ModelError(f"model '{model}' cannot be used: {said}, which is no token's number; fix it")
    return sorted({i for i in (tokenizer.eos_token_id, end_of_turn(tokenizer), *named) if i is not None})
