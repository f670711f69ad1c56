"""prompt.json: the Program in plain data, for `answer.py` and for anybody who does not have this package."""

from dataclasses import asdict, dataclass
from typing import Any

from harness.chat.form import ChatFormat
from harness.exporting.export_source import ExportSource
from harness.program import Program, columns_named


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts of an export lie: folders inside it, or hub ids."""

    model: str
    adapter: str | None = None
    quantization: str | None = None  # None also for a merged model
    index: str | None = None
    embedder: str | None = None


def prompt_data(source: ExportSource, places: Places) -> dict[str, Any]:
    """Return how a question becomes an answer: turns, decoding, and how the answer is read out."""
    program = source.program
    prompt, settings = program.prompt, program.generation
    turns = [{"role": "system", "content": prompt.system}] if prompt.system else []
    turns += [{"role": turn.role, "content": turn.content} for turn in prompt.shot_turns()]
    sampling: dict[str, Any] = {"do_sample": False}
    if settings.temperature > 0:
        sampling = {"do_sample": True, "temperature": settings.temperature, "top_k": 0, "top_p": 1.0}
    stops = stop_ids(program.weights.model)
    return {
        "model": places.model,
        "turns": turns,
        "template": prompt.template,
        **({"columns": sorted(named)} if (named := columns_named(prompt.template)) else {}),
        **({"shot_template": prompt.shot_template} if finds_examples(program) else {}),
        "generation": {
            "max_new_tokens": settings.max_new_tokens,
            **sampling,
            "eos_token_id": stops,
            "pad_token_id": stops[0],
        },
        **_choices(program),
        "window": window_of(program.weights.model),
        "thought_ids": thought_ids(program.weights.model),
        "samples": program.samples,
        "ignore": list(program.ignore),
        "constraint": asdict(settings.constraint) if settings.constraint else None,
        "reader": asdict(program.reader),
    }


def chat_of(source: ExportSource) -> ChatFormat:
    """Return how the base is shown conversations."""
    from harness.engine.kind import TransformersKind

    return TransformersKind().chat_format(source.program.weights.model, source.base_name)


def finds_examples(program: Program) -> bool:
    """Whether solved examples are found for each question."""
    return program.retriever is not None and program.retriever.finds == "examples"


def _choices(program: Program) -> dict[str, Any]:
    if program.choices is None:
        return {}
    pairs = zip(program.choices.labels, program.choices.priors, strict=True)
    return {"choices": [{"label": label, "prior": prior} for label, prior in pairs]}


def program_data(source: ExportSource, places: Places) -> dict[str, Any]:
    """Return the Program as the run measured it, its folders relative to the export."""
    data = dict(source.evidence.program)
    data["weights"] = {"model": places.model, "quantization": places.quantization, "adapter": places.adapter}
    if places.index:
        data["retriever"] = {**data["retriever"], "index": places.index}
    return data


def window_of(model: str) -> int:
    """Return how many tokens prompt and answer may have together."""
    from harness.engine.architectures import context_window
    from harness.engine.resident import load_config, load_tokenizer

    return context_window(load_config(model), load_tokenizer(model), model)


def thought_ids(model: str) -> list[int]:
    """Return the tokens around a thought, which stay in the text for whoever reads the answer behind it."""
    from harness.engine.resident import load_tokenizer
    from harness.engine.tokens import Text

    return sorted(Text(load_tokenizer(model), model).thoughts)


def stop_ids(model: str) -> list[int]:
    """Return every token that ends an answer, as the engine has them."""
    from transformers import GenerationConfig

    from harness.engine.resident import load_config, load_tokenizer
    from harness.engine.tokens import end_of_turn
    from harness.quiet import quiet

    tokenizer = load_tokenizer(model)
    with quiet():
        try:
            named = GenerationConfig.from_pretrained(model).eos_token_id
        except OSError:  # the model brings none of its own
            named = GenerationConfig.from_model_config(load_config(model)).eos_token_id
    own = named if isinstance(named, list) else [named]
    return sorted({token for token in (tokenizer.eos_token_id, end_of_turn(tokenizer), *own) if token is not None})
