"""Answers that are code are asked for as code."""

import pytest
from draft_files import drafted, rows_of, said, save, text

ASKED = "Answer with the code and nothing else."
CODE = [
    ("code", "def {}(x):\n    return {}(x)"),
    ("answer", "def {}(x):\n    return {}(x)"),
    ("output", "for x in {}: print({})"),
    ("output", "const {} = {};"),
    ("answer", "x = np.{}({})"),
    ("answer", "select {} from {}"),
    ("sql", "SELECT {}\nFROM {}"),
    ("query", "WITH {} AS (SELECT 1) SELECT {}"),
    ("cmd", "grep -r {} {}"),
    ("bash", "{} | sort > {}"),
    ("sql", "{}"),
    ("answer", "#include <{}>\nint {}() {{\n}}"),
    ("sql_query", "{} {}"),
    ("sql_gold", "{} {}"),
    ("answer", 'SELECT "{} {}" FROM customers;'),
    ("answer", "SELECT {},\n  {}\nFROM users\nWHERE age > 3;"),
    ("answer", "Select {} From {}"),
    ("answer", "ALTER TABLE {} ADD {} INT;"),
    ("answer", "DROP TABLE {}_{};"),
    ("answer", "DELETE FROM public.{} WHERE {} = 1"),
    ("answer", "MATCH (p:{}) RETURN p.{};"),
    ("answer", "return {} % {}"),
    ("answer", "x = {}(3, {})"),
    ("answer", "import {}, {}"),
    ("answer", "import {} as {}  # for tables"),
    ("answer", "import {} from '{}';"),
    ("answer", "package {}.{};"),
    ("answer", "public {} {} {{ get; set; }}"),
    ("code", "return {} + {}"),
    ("code", "String {}_{} = null;"),
    ("generated_sql", "{} {}"),
    ("answer", "INSERT INTO {} VALUES ({})"),
    ("answer", "with {} as (select 1) select {}"),
    ("answer", "public static int {}() {{\n  return {};\n}}"),
    ("python_code", "def {}(x):\n    return {}(x)"),
]
OTHERS = [
    ("answer", "{} {}"),
    ("answer", "For example: {}; {}"),
    ("answer", "{} (from {})"),
    ("answer", "Select one of {}, {}"),
    ("answer", "while in {}, {}"),
    ("code", "{}-x"),
    ("error_code_meaning", "{} is {}"),
    ("code_description", "{} returns {}"),
    ("dress_code", "{} or {}"),
    ("answer", "Select '{}' from the menu, then '{}'"),
    ("answer", 'Select "{}" from {}'),
    ("answer", "Select {} from the {} menu."),
    ("answer", "Select {} from menu {}."),
    ("answer", "y = 2(x - {}) / {}"),
    ("answer", "y = f({}) + {}"),
    ("answer", "{};\n{}"),
    ("answer", "Return {} to {}"),
    ("answer", "public {} of {}"),
    ("sql_explanation", "{} of {}"),
    ("shell_name_in_words", "{} and {}"),
]


@pytest.mark.parametrize(
    ("name", "form", "is_code"), [*((*one, True) for one in CODE), *((*one, False) for one in OTHERS)]
)
def test_code_is_asked_for_as_code_and_other_short_answers_are_not(tmp_path, name, form, is_code):
    rows = rows_of(lambda n: {"question": f"{text(n, 7)}?", name: form.format(text(n, 1), text(f"b{n}", 1))}, 120)
    written = said(drafted(save(tmp_path / "rows.jsonl", rows)))
    assert (f'system: "{ASKED}"' in written) is is_code
    assert ("the answers are programs or queries" in written) is is_code
    assert is_code or 'system: "Answer in a few words' in written


def test_long_code_is_asked_for_as_code_too(tmp_path):
    def code(n: int) -> str:
        return f"def {text(n, 1)}(x):\n" + "".join(f"    {one} = x + {n}\n" for one in text(n, 9).split())

    rows = rows_of(lambda n: {"prompt": f"Write a function for {text(n, 7)}.", "completion": code(n)}, 120)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.primary_metric == "rouge_l" and f'system: "{ASKED}"' in said(task)
