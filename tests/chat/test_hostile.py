"""Chat templates out of model folders that somebody sent (the field case sec-model-folders)."""

import json

import pytest

from harness.chat.form import ChatFormat
from harness.chat.jinja import read_template
from harness.errors import ArmError, ModelError
from harness.records import Message

SHOWN = "{% for m in messages %}{{ m.content }}</s>{% endfor %}"
LOOP = "{% for a in range(99999) %}"
ASKED = (Message("user", "Which code?"),)


def format_of(folder, template):
    (folder / "chat_template.jinja").write_bytes(template if isinstance(template, bytes) else template.encode())
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "</s>"}))
    return ChatFormat(read_template(folder), "M")


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        (LOOP * 3 + "{% endfor %}" * 3 + SHOWN, "takes more than 2 seconds of processor time"),
        ("{{ 'x'.center(3000000000) }}" + SHOWN, "takes more than 1 GB of memory"),
        ("{{ 'x'.center(9000000) }}" + SHOWN, "writes more than 4,000,000 characters"),
        ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}" + SHOWN, "calls itself without end"),
        ("{% for a in [1] %}" * 25 + "{% endfor %}" * 25 + SHOWN, "cannot show a question"),
        ("{{ messages.__class__ }}" + SHOWN, "reaches for '__class__'"),
        ("Hello.", "it leaves the user's turn out"),
        (b"\xff" + SHOWN.encode(), "cannot be read"),
    ],
    ids=["endless", "memory", "output", "recursive", "nested", "private", "drops the question", "latin"],
)
def test_template_is_refused_in_one_sentence_within_seconds(tmp_path, template, fault):
    with pytest.raises(ModelError) as found:
        format_of(tmp_path, template)
    assert fault in str(found.value)
    assert len(str(found.value).splitlines()) == 1


def test_template_that_hangs_at_one_row_costs_that_row(tmp_path):
    """What looks at a template when it is opened sees other texts."""
    hangs = f"{{% if 'code' in messages[0].content %}}{LOOP * 2}{{% endfor %}}{{% endfor %}}{{% endif %}}"
    chat = format_of(tmp_path, hangs + SHOWN)
    with pytest.raises(ArmError, match="takes more than 2 seconds of processor time"):
        chat.render(ASKED)
    assert chat.render((Message("user", "Which one?"),)) == "Which one?</s>"


def test_template_that_drops_a_real_question_is_an_error_of_that_row(tmp_path):
    chat = format_of(
        tmp_path, "{% for m in messages %}{% if 'code' not in m.content %}{{ m.content }}{% endif %}</s>{% endfor %}"
    )
    with pytest.raises(ArmError, match="leaves the question out of this prompt"):
        chat.render(ASKED)
    assert chat.render((Message("user", "Which one?"),)) == "Which one?</s>"


def test_template_may_change_white_space_of_a_question(tmp_path):
    chat = format_of(tmp_path, "{% for m in messages %}{{ m.content | trim | replace('\n', ' ') }}</s>{% endfor %}")
    assert chat.render((Message("user", " Which\ncode? "),)) == "Which code?</s>"
