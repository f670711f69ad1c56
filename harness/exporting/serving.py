"""How the exported model is served: a vLLM command line.

Not executed here. `SOURCES` says where the options were read.
"""

import json
from typing import Any

from harness.exporting.export_source import ExportSource
from harness.exporting.form import TunedForm
from harness.exporting.prompt import Places, chat_of

SOURCES = "vllm-project/vllm: docs/features/lora.md (05863f1)"
SMALLEST_RANK = 8  # vLLM takes powers of two from here as --max-lora-rank


def serve_command(source: ExportSource, places: Places, form: TunedForm) -> str:
    """Return the command that serves the export; see `TunedForm.serving_note` for what it cannot serve."""
    model = "./model" if places.model == "model" else places.model
    # the run takes no sampling defaults from the model's generation_config.json (a repetition penalty, say)
    parts = [f"vllm serve {model} --generation-config vllm"]
    if places.quantization == "nf4":
        parts.append("--quantization bitsandbytes")
    if places.adapter and form.rank:
        parts += [
            f"--enable-lora --lora-modules {source.arm}=./{places.adapter}",
            f"--max-lora-rank {_at_least(form.rank)}",
        ]
    else:
        parts.append(f"--served-model-name {source.arm}")
    return " \\\n    ".join(parts)


def request_command(source: ExportSource) -> str | None:
    """Return a request with the arm's own prompt, on a training question.

    None where passages are retrieved first, or the answer is chosen and not generated.
    """
    program = source.program
    if program.retriever is not None or program.choices is not None:
        return None
    question = source.task.study.train[0].question
    chat = chat_of(source)
    body: dict[str, Any] = {
        "model": source.arm,
        "messages": chat.turns(program.messages(question)),
        **({"chat_template_kwargs": chat.form.switch} if chat.form.switch else {}),
        "temperature": program.generation.temperature,
        "max_tokens": program.generation.max_new_tokens,
    }
    if said := program.generation.constraint:
        names = {"labels": "choice", "pattern": "regex", "json_schema": "json"}  # as vLLM calls them
        body["structured_outputs"] = {names[said.kind]: said.text if said.kind == "pattern" else json.loads(said.text)}
    text = json.dumps(body, ensure_ascii=False, indent=1).replace("'", "'\\''")
    return f"curl http://localhost:8000/v1/chat/completions -H 'Content-Type: application/json' -d '{text}'"


def _at_least(rank: int) -> int:
    power = SMALLEST_RANK
    while power < rank:
        power *= 2
    return power
