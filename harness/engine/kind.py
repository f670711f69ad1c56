"""The transformers engine as it comes in by the door: which models it serves, and what identifies them."""

from collections.abc import Callable
from pathlib import Path

from harness.chat.form import ChatFormat
from harness.contract import Capability, Engine
from harness.errors import ModelError

Log = Callable[[str], object]


class TransformersKind:
    """Keeps `harness.contract.EngineKind`."""

    capabilities: frozenset[Capability] = frozenset(
        {"generate", "constraints", "loglikelihood", "adapters", "checkpoints", "training"}
    )

    def fault(self, source: str) -> str:
        """Say why this cannot be a model of this engine; see `harness.contract.EngineKind`."""
        from harness.model_names import name_fault

        if Path(source).is_dir():
            return ""
        if source.startswith(("./", "../", "/", "~")):
            return f"model folder '{source}' is not there; fix the path, or give an alias or a hub id"
        return name_fault(source)

    def find(self, source: str, log: Log) -> str:
        """Return the model's folder; what is not here, the embedded model or a hub id's files, is obtained."""
        from harness.assets.models import resolve_model

        return resolve_model(source, log)

    def folder(self, source: str) -> Path | None:
        """Return the folder with the model's tokenizer, where it is on this machine; nothing is fetched."""
        from harness.assets.models import local_folder

        return local_folder(source)

    def identity(self, model: str) -> str:
        """Return a short hash over the model's files."""
        from harness.engine.content import model_hash

        return model_hash(model)[:16]

    def chat_format(self, model: str, name: str) -> ChatFormat:
        """Look at the model's chat template; see `harness.contract.Formatting`."""
        from harness.chat.jinja import read_template
        from harness.engine.content import model_folder

        try:
            return ChatFormat(read_template(model_folder(model)), name)
        except ModelError:  # transformers may find one elsewhere; it takes seconds to load
            from harness.engine.resident import load_tokenizer
            from harness.engine.tokens import chat_format

            return chat_format(load_tokenizer(model), name)

    def open(self, model: str, *, cache: Path | None, shrink: int, log: Log) -> Engine:
        """Open a model for answers; its weights are loaded at the first question that is not remembered."""
        from harness.engine.cached import open_engine

        return open_engine(model, cache=cache, shrink=shrink, log=log)
