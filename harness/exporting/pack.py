"""Writes an export, whole or not at all."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.atomic import whole_folder
from harness.errors import HarnessError
from harness.exporting.form import form_of
from harness.exporting.index import is_known, place_embedder, place_index
from harness.exporting.license import license_note
from harness.exporting.parcel import Parcel
from harness.exporting.prompt import Places, finds_examples, program_data, prompt_data
from harness.exporting.readme import Contents, readme
from harness.exporting.script import fill
from harness.exporting.training.axolotl import write_axolotl
from harness.exporting.training.llama_factory import write_llama_factory
from harness.exporting.training.openai import write_openai
from harness.exporting.training.plan import TrainingPlan, plan_of
from harness.exporting.training.trl import write_trl
from harness.exporting.weights import merge, place_base, place_checkpoint
from harness.store.files import hash_data

MODEL, ADAPTER, INDEX, EMBEDDER, TRAINING = "model", "adapter", "index", "embedder", "training"
ORIGIN = "export.json"
SCRIPT, SEARCH = "answer.py", "search.py"
_READ_IN_WORDS = {
    "whole": "all of it",
    "first_line": "its first non-empty line",
    "after": "the first non-empty line after the last marker",
}


def origin(parcel: Parcel, *, is_merged: bool) -> dict[str, Any]:
    """Return what an export is of; two with the same origin hold the same."""
    return {
        "run": parcel.run.folder,
        "identity": parcel.folder.identity,
        "arm": parcel.arm,
        "program": hash_data(parcel.evidence.program),
        "merged": is_merged,
    }


def usual_place(parcel: Parcel, *, is_merged: bool) -> Path:
    """Return the folder of an export for which none is named: exports/RUN-ARM, below the working folder."""
    form = "-merged" if is_merged else ""
    return Path("exports") / f"{parcel.run.folder}-{parcel.arm}{form}"


def pack(parcel: Parcel, out: Path, *, is_merged: bool, log: Callable[[str], object]) -> None:
    """Write the export of `parcel` to `out`; after a fault or a crash there is none.

    Raises:
        HarnessError: If `out` holds something, or there is nothing to merge.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise HarnessError(f"{out} exists and is not empty; give a new or empty --out folder")
    if is_merged and (fault := form_of(parcel.program.weights).merge_fault):
        raise HarnessError(f"--merged: {parcel.arm}: {fault}; leave the option out")
    with whole_folder(out) as aside:
        _fill(parcel, aside, is_merged, log)


def _fill(parcel: Parcel, folder: Path, is_merged: bool, log: Callable[[str], object]) -> None:
    places, notes = _place_weights(parcel, folder, is_merged)
    for note in notes:
        log(f"warning: {note}")
    places, has_script = _place_index(parcel, folder, places, notes)
    plan = _place_training(parcel, folder, notes)
    _write_json(folder / "prompt.json", prompt_data(parcel, places))
    _write_json(folder / "program.json", program_data(parcel, places))
    _write_json(folder / ORIGIN, origin(parcel, is_merged=is_merged))
    if has_script:
        (folder / SCRIPT).write_text(_script(parcel, places), encoding="utf-8")
        if places.index:
            (folder / SEARCH).write_text(_search(parcel, places), encoding="utf-8")
    (folder / "LICENSE-BASE-MODEL.md").write_text(license_note(parcel), encoding="utf-8")
    contents = Contents(places, has_script, plan, form_of(parcel.program.weights), tuple(notes))
    (folder / "README.md").write_text(readme(parcel, contents), encoding="utf-8")


def _place_weights(parcel: Parcel, folder: Path, is_merged: bool) -> tuple[Places, list[str]]:
    weights = parcel.program.weights
    if is_merged:
        return Places(MODEL), merge(parcel, folder / MODEL)
    if weights.checkpoint:
        place_checkpoint(parcel, folder / MODEL)
        return Places(MODEL, quantization=weights.quantization), []
    places = Places(place_base(parcel, folder / MODEL), quantization=weights.quantization)
    if weights.adapter:
        shutil.copytree(weights.adapter, folder / ADAPTER)
        places = replace(places, adapter=ADAPTER)
    return places, []


def _place_index(parcel: Parcel, folder: Path, places: Places, notes: list[str]) -> tuple[Places, bool]:
    """Copy index and embedder; say whether `answer.py` can answer."""
    if parcel.program.retriever is None:
        return places, True
    index = Path(parcel.program.retriever.index)
    place_index(index, folder / INDEX)
    if not is_known(index):
        notes.append(f"the index of {parcel.spec.baseline} is of its own make, so there is no answer.py")
        return replace(places, index=INDEX), False
    return replace(places, index=INDEX, embedder=place_embedder(index, folder / EMBEDDER)), True


def _place_training(parcel: Parcel, folder: Path, notes: list[str]) -> TrainingPlan | None:
    if not parcel.program.weights.tuned:
        return None
    plan, untold = plan_of(parcel)
    notes.extend(untold)
    if plan is None:
        return None
    training = folder / TRAINING
    training.mkdir()
    # training begins at the bare base, which a merged export does not hold
    base = parcel.program.weights.model
    model = f"../../{MODEL}" if parcel.base_folder and (folder / ADAPTER).is_dir() else base
    write_trl(plan, model, training / "trl")
    write_llama_factory(plan, model, training / "llama_factory")
    write_axolotl(plan, model, training / "axolotl")
    write_openai(plan, training / "openai")
    return plan


def _script(parcel: Parcel, places: Places) -> str:
    chooses = parcel.program.choices is not None
    needs = ["torch", "transformers"] if chooses else ["transformers"]
    needs += ["peft"] if places.adapter else []
    needs += ["bitsandbytes"] if places.quantization else []
    needs += ["faiss", "sentence-transformers"] if places.index else []
    rule = parcel.program.reader.rule
    return fill(
        "answer.py.jinja",
        arm=parcel.arm,
        needs=" and ".join([", ".join(needs[:-1]), needs[-1]]) if len(needs) > 1 else needs[0],
        chooses=chooses,
        rule=rule,
        rule_in_words=_READ_IN_WORDS[rule],
        nf4=places.quantization == "nf4",
        adapter=places.adapter,
        is_prefix=form_of(parcel.program.weights).kind == "prefix",
        searches=places.index is not None,
        finds_examples=finds_examples(parcel.program),
        model_is_here=places.model == MODEL,
        joins_systems=any(turn.role == "system" for example in parcel.task.test for turn in example.messages),
    )


def _search(parcel: Parcel, places: Places) -> str:
    assert parcel.program.retriever
    return fill(
        "search.py.jinja",
        arm=parcel.arm,
        k=parcel.program.retriever.k,
        index=places.index,
        embedder=places.embedder,
        embedder_is_here=places.embedder == EMBEDDER,
    )


def _write_json(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
