"""Every test item is in the report, and opens in a real browser with its prompt, completion and cost."""

import base64
import dataclasses
import json
import os
import random
import re
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

import reports
from harness.decision.slices import memberships
from harness.evidence.outputs import items_table
from reports.html_format import LARGEST
from reports.items.pack import cut, packed
from reports.view.page import BESIDE

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def unpacked(text):
    return json.loads(zlib.decompress(base64.b64decode(text)))


def prompt_of(data, item, arm):
    index = [name for name, _ in data["arms"]].index(arm)
    turns = data["items"][item]["replies"][index][8]
    return [(role, "".join(data["strings"][number] for number in parts)) for role, parts in turns]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a" * 30 + " and " + "b" * 30, ("a" * 30, "b" * 30)),
        ("x" * 30, ("x" * 30,)),
        ("p" * 30 + "q" + "p" * 30, ("p" * 30,)),
        ("short", ("short",)),
        ("", ("a" * 30,)),
    ],
)
def test_cut_text_joins_to_itself(text, pieces):
    assert "".join(cut(text, pieces)) == text


def test_every_answer_is_packed_with_its_prompt_and_passages_in_full(make_run):
    run = make_run(30)
    data = unpacked(packed(run, memberships(run.examples)))
    assert len(data["items"]) == 30
    rag = next(evidence for evidence in run.evidence if evidence.arm == "rag")
    for place, made in enumerate(rag.predictions):
        [(system, _), (_, text)] = prompt_of(data, place, "rag")
        assert system == "system" and all(passage in text for passage in made.passage_texts)
        assert text.endswith(run.examples[place].question.text)
    shown = [text for role, text in prompt_of(data, 0, "few_shot") if role == "assistant"]
    assert len(shown) == 3  # the solved examples


def test_items_table_holds_the_prompts_of_arms_that_search(make_run):
    table = items_table(make_run(6), Path("/run")).set_index(["arm", "item"])
    turns = json.loads(table.loc[("rag", "item-003"), "prompt"])
    passages = list(table.loc[("rag", "item-003"), "passage_texts"])
    assert passages and all(passage in turns[-1]["content"] for passage in passages)
    assert table.loc["rag", "prompt"].notna().all()


def test_prompt_whose_passages_were_not_kept_is_not_known_and_never_made_up(make_run):
    run = make_run(6)
    bare = tuple(
        dataclasses.replace(e, predictions=tuple(dataclasses.replace(p, passage_texts=()) for p in e.predictions))
        for e in run.evidence
    )
    data = unpacked(packed(dataclasses.replace(run, evidence=bare), {}))
    index = [name for name, _ in data["arms"]].index("rag")
    assert {item["replies"][index][8] is None for item in data["items"]} == {True}


def test_thousand_items_and_eight_arms_stay_under_two_megabytes(make_run):
    arms = tuple((f"arm_{index}", "prompt", 0.5, 0.3, None) for index in range(4)) + make_run.__globals__["ARMS"][1:5]
    rendered = reports.html().render(make_run(1000, arms=arms))
    assert len(rendered.text.encode("utf-8")) <= LARGEST < 2_000_000
    assert not rendered.beside
    assert "All of the 1,000 test items can be searched here" in rendered.text


def test_items_that_do_not_fit_lie_in_a_file_beside_and_the_page_says_so(make_run):
    # random text cannot be compressed: 400 answers of 6,000 hex digits are 1.2 MB, in base64 1.6 MB, for each of 6 arms
    chance = random.Random(0)
    run = make_run(400)
    evidence = tuple(
        dataclasses.replace(
            e, predictions=tuple(dataclasses.replace(p, text=chance.randbytes(3000).hex()) for p in e.predictions)
        )
        for e in run.evidence
    )
    rendered = reports.html().render(dataclasses.replace(run, evidence=evidence))
    assert len(rendered.text.encode("utf-8")) <= LARGEST
    [beside] = rendered.beside
    assert beside.file_name == BESIDE and f"All of them are in {BESIDE}" in rendered.text
    here, everything = (unpacked(re.search(r'id="item-pack">([^<]*)<', page.text)[1]) for page in (rendered, beside))
    assert 0 < len(here["items"]) < 400 == len(everything["items"])
    assert re.search(rf"The first {len(here['items'])} of 400 test items", rendered.text)


@pytest.fixture
def browse(tmp_path):
    """Open a page in the machine's Chromium, let its script run, and return the document it left."""
    if BROWSER is None:
        pytest.skip("needs Chromium or Chrome on the path")

    def opened(text, anchor=""):
        page = tmp_path / "report.html"
        page.write_text(text, encoding="utf-8")
        command = [
            BROWSER,
            "--headless",
            "--disable-gpu",
            "--virtual-time-budget=8000",
            f"--user-data-dir={tmp_path}/p",
        ]
        command += ["--no-sandbox"] if os.geteuid() == 0 else []
        done = subprocess.run(
            [*command, "--dump-dom", f"{page.as_uri()}{anchor}"],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return done.stdout

    return opened


def test_link_to_an_item_opens_it_with_prompt_completion_and_cost(make_run, browse):
    run = make_run(40)
    document = browse(reports.html().render(run).text, "#item-12")
    [dialog] = re.findall(r"<dialog.*?</dialog>", document, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", " ", dialog)
    rag = next(evidence for evidence in run.evidence if evidence.arm == "rag").predictions[11]
    for wanted in (run.examples[11].id, run.examples[11].target, *rag.passages, *rag.passage_texts, "180 tokens in"):
        assert wanted in text
    assert "40 of 40 items" in document  # the list below is drawn too
    assert document.count('class="found"') == 40


def test_markup_in_answers_stays_text_in_the_browser(make_run, browse):
    payload = "<img src=x onerror=alert(1)></script><b>bold</b>"
    document = browse(reports.html().render(make_run(3, text=payload)).text, "#item-1")
    [dialog] = re.findall(r"<dialog.*?</dialog>", document, flags=re.DOTALL)
    assert "&lt;img src=x" in dialog and "<img" not in dialog and "<b>" not in dialog
