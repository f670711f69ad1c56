"""Tiny models under chat templates of other families, and tokenizers that are not as they should be."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

FIRST = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
IN_TURN = (
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
)
TURN = "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
EACH, DONE = "{% for message in messages %}", "{% endfor %}"
OPENED = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"

# Gemma's rules: no system role, and user and assistant in turn.
GEMMA = FIRST + EACH + IN_TURN + TURN + DONE + OPENED + "{% endif %}"
# Early Mistral's form: turns in brackets, which are plain text to the tokenizer; a system turn is left out in silence.
MISTRAL = (
    "{% set talk = messages | rejectattr('role', 'equalto', 'system') | list %}{% for message in talk %}"
    + IN_TURN
    + "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + message['content'] + eos_token }}{% endif %}" + DONE
)
# Zephyr's form has roles as plain text.
ZEPHYR = (
    EACH + "{{ '<|' + message['role'] + '|>\n' + message['content'] + eos_token + '\n' }}" + DONE + "{% if "
    "add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)
# Alpaca's form sets turns apart by headings.
ALPACA = (
    "{% for message in messages %}{{ {'system': '', 'user': '### Instruction:\n', 'assistant': '### Response:\n'}"
    "[message['role']] + message['content'] }}{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}"
    "{{ '\n\n' }}{% endfor %}{% if add_generation_prompt %}{{ '### Response:\n' }}{% endif %}"
)
# Qwen3's form writes an empty thought where thoughts are switched off, and leaves the turn open where they are not.
QWEN3 = (
    EACH + TURN + DONE + OPENED + "{% if enable_thinking is defined and enable_thinking is false %}"
    "{{ '<think>\n\n</think>\n\n' }}{% endif %}{% endif %}"
)
# Opens a thought, and closes it where thoughts are switched off.
OPENS_OR_CLOSES = (
    "{% for message in messages %}{% if message['role'] == 'assistant' %}"
    "{% set content = message['content'].split('</think>')[-1].lstrip('\n') %}"
    "{% else %}{% set content = message['content'] %}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + content + '<|im_end|>\n' }}{% endfor %}"
    + OPENED
    + "{% if enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}"
    "{% else %}{{ '<think>\n' }}{% endif %}{% endif %}"
)
# DeepSeek-R1's distillates open a thought and know no switch.
R1 = (
    "{% for message in messages %}{% set content = message['content'].split('</think>')[-1] %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + content + '<|im_end|>\n' }}{% endfor %}"
    + OPENED
    + "{{ '<think>\n' }}"
    "{% endif %}"
)
# A family that thinks by itself: its template only takes thoughts out of earlier turns.
BY_ITSELF = R1.replace("{{ '<think>\n' }}", "")
# gpt-oss's form: an answer has a channel of its own, which the opened turn does not name.
CHANNELS = (
    EACH + "{% if message['role'] == 'assistant' %}"
    "{{ '<|im_start|>assistant<|channel|>final<|message|>' + message['content'] + '<|im_end|>' }}"
    "{% else %}"
    + TURN
    + "{% endif %}"
    + DONE
    + "{% if add_generation_prompt %}{{ '<|im_start|>assistant' }}{% endif %}"
)


def copied(model: Path, folder: Path, template: str | None = None, *, weights: bool = True) -> Path:
    """Copy a model, with another chat template where one is given; '' leaves it without one."""
    ignored = None if weights else shutil.ignore_patterns("*.safetensors")
    shutil.copytree(model, folder, ignore=ignored)
    if template is not None:
        (folder / "chat_template.jinja").unlink()
        change(folder / "tokenizer_config.json", lambda settings: settings.pop("chat_template", None))
    if template:
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    return folder


def change(file: Path, by: Callable[[dict[str, Any]], object]) -> None:
    """Rewrite a JSON file."""
    settings = json.loads(file.read_text(encoding="utf-8"))
    by(settings)
    file.write_text(json.dumps(settings), encoding="utf-8")
