"""Writes an export, whole or not at all."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from inspect import getsource
from pathlib import Path
from typing import Any

from harness import answer_reading, columns, constrained
from harness.atomic import private, whole_folder
from harness.errors import HarnessError
from harness.exporting import command
from harness.exporting.adapter_card import place_adapter
from harness.exporting.export_source import ExportSource
from harness.exporting.form import form_of
from harness.exporting.index import is_known, place_embedder, place_index
from harness.exporting.license import license_note
from harness.exporting.prompt import Places, chat_of, finds_examples, program_data, prompt_data
from harness.exporting.readme import Contents, readme
from harness.exporting.requirements import requirements
from harness.exporting.script import fill, write_chat
from harness.exporting.training.axolotl import write_axolotl
from harness.exporting.training.llama_factory import write_llama_factory
from harness.exporting.training.openai import write_openai
from harness.exporting.training.plan import TrainingPlan, plan_of
from harness.exporting.training.trl import write_trl
from harness.exporting.weights import merge, place_base, place_checkpoint
from harness.model_names import repository_and_commit
from harness.program import columns_named
from harness.store.files import hash_data

MODEL, ADAPTER, INDEX, EMBEDDER, TRAINING = "model", "adapter", "index", "embedder", "training"
ORIGIN = "export.json"
SCRIPT, SEARCH, READING = "answer.py", "search.py", "answer_reading.py"
COLUMNS, CONSTRAINED, COMMAND = "columns.py", "constrained.py", "command.py"
REQUIREMENTS = "requirements.txt"


def origin(source: ExportSource, *, is_merged: bool) -> dict[str, Any]:
    """Return what an export is of; two with the same origin hold the same."""
    return {
        "run": source.run.folder,
        "identity": source.folder.identity,
        "arm": source.arm,
        "program": hash_data(source.evidence.program),
        "merged": is_merged,
    }


def usual_place(source: ExportSource, *, is_merged: bool) -> Path:
    """Return the folder of an export for which none is named: exports/RUN-ARM, below the working folder."""
    form = "-merged" if is_merged else ""
    return Path("exports") / f"{source.run.folder}-{source.arm}{form}"


def pack(source: ExportSource, out: Path, *, is_merged: bool, log: Callable[[str], object]) -> None:
    """Write the export of `source` to `out`; after a fault or a crash there is none.

    Raises:
        HarnessError: If `out` holds something, or there is nothing to merge.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise HarnessError(f"{out} exists and is not empty; give a new or empty --out folder")
    if is_merged and (fault := form_of(source.program.weights).merge_fault):
        raise HarnessError(f"--merged: {source.arm}: {fault}; leave the option out")
    with private(), whole_folder(out) as aside:
        _fill(source, aside, is_merged, log)


def _fill(source: ExportSource, folder: Path, is_merged: bool, log: Callable[[str], object]) -> None:
    places, notes = _place_weights(source, folder, is_merged)
    for note in notes:
        log(f"warning: {note}")
    notes.extend(_chat_notes(source))
    places, has_script = _place_index(source, folder, places, notes)
    plan = _place_training(source, folder, notes)
    _write_json(folder / "prompt.json", prompt_data(source, places))
    _write_json(folder / "program.json", program_data(source, places))
    _write_json(folder / ORIGIN, origin(source, is_merged=is_merged))
    if has_script:
        write_chat(folder)
        _write_json(folder / "chat.json", asdict(chat_of(source).form))
        (folder / SCRIPT).write_text(_script(source, places), encoding="utf-8")
        (folder / READING).write_text(getsource(answer_reading), encoding="utf-8")
        (folder / COMMAND).write_text(getsource(command), encoding="utf-8")
        (folder / REQUIREMENTS).write_text(requirements(source, places), encoding="utf-8")
        if source.program.generation.constraint:
            (folder / CONSTRAINED).write_text(getsource(constrained), encoding="utf-8")
        if columns_named(source.program.prompt.template):
            (folder / COLUMNS).write_text(getsource(columns), encoding="utf-8")
        if places.index:
            (folder / SEARCH).write_text(_search(source, places), encoding="utf-8")
    (folder / "LICENSE-BASE-MODEL.md").write_text(license_note(source), encoding="utf-8")
    contents = Contents(places, has_script, plan, form_of(source.program.weights), tuple(notes))
    (folder / "README.md").write_text(readme(source, contents), encoding="utf-8")


def _chat_notes(source: ExportSource) -> list[str]:
    """Say how turns are written for the model, and what a server must do that writes them itself."""
    chat = chat_of(source)
    notes = list(chat.notes)
    if chat.form.closing:
        notes.append(
            f"a server that writes prompts itself leaves out {chat.form.closing!r} at their end; answer.py does not"
        )
    return notes


def _place_weights(source: ExportSource, folder: Path, is_merged: bool) -> tuple[Places, list[str]]:
    weights = source.program.weights
    if is_merged:
        return Places(MODEL), merge(source, folder / MODEL)
    if weights.checkpoint:
        place_checkpoint(source, folder / MODEL)
        return Places(MODEL, quantization=weights.quantization), []
    places = Places(place_base(source, folder / MODEL), quantization=weights.quantization)
    if weights.adapter:
        place_adapter(source, Path(weights.adapter), folder / ADAPTER, places.model)
        places = replace(places, adapter=ADAPTER)
    return places, []


def _place_index(source: ExportSource, folder: Path, places: Places, notes: list[str]) -> tuple[Places, bool]:
    """Copy index and embedder; say whether `answer.py` can answer."""
    if source.program.retriever is None:
        return places, True
    index = Path(source.program.retriever.index)
    place_index(index, folder / INDEX)
    if not is_known(index):
        notes.append(f"the index of {source.spec.baseline} is of its own make, so there is no answer.py")
        return replace(places, index=INDEX), False
    return replace(places, index=INDEX, embedder=place_embedder(index, folder / EMBEDDER)), True


def _place_training(source: ExportSource, folder: Path, notes: list[str]) -> TrainingPlan | None:
    if not source.program.weights.tuned:
        return None
    plan, untold = plan_of(source)
    notes.extend(untold)
    if plan is None:
        return None
    training = folder / TRAINING
    training.mkdir()
    # training begins at the bare base, which a merged export does not hold
    base = source.program.weights.model
    model = f"../../{MODEL}" if source.base_folder and (folder / ADAPTER).is_dir() else base
    write_trl(plan, model, training / "trl")
    write_llama_factory(plan, model, training / "llama_factory")
    write_axolotl(plan, model, training / "axolotl")
    write_openai(plan, training / "openai")
    return plan


def _script(source: ExportSource, places: Places) -> str:
    chooses = source.program.choices is not None
    needs = ["torch", "transformers"] if chooses else ["transformers"]
    needs += ["peft"] if places.adapter else []
    needs += ["bitsandbytes"] if places.quantization else []
    needs += ["llguidance"] if source.program.generation.constraint else []
    needs += ["faiss", "sentence-transformers"] if places.index else []
    return fill(
        "answer.py.jinja",
        arm=source.arm,
        needs=" and ".join([", ".join(needs[:-1]), needs[-1]]) if len(needs) > 1 else needs[0],
        chooses=chooses,
        samples=source.program.samples,
        is_constrained=source.program.generation.constraint is not None,
        nf4=places.quantization == "nf4",
        adapter=places.adapter,
        is_prefix=form_of(source.program.weights).kind == "prefix",
        searches=places.index is not None,
        finds_examples=finds_examples(source.program),
        model_is_here=places.model == MODEL,
        shows_columns=bool(columns_named(source.program.prompt.template)),
        joins_systems=any(turn.role == "system" for example in source.task.test for turn in example.messages),
    )


def _search(source: ExportSource, places: Places) -> str:
    assert source.program.retriever and places.embedder
    embedder, commit = repository_and_commit(places.embedder)
    return fill(
        "search.py.jinja",
        arm=source.arm,
        k=source.program.retriever.k,
        index=places.index,
        embedder=embedder,
        commit=commit,
        embedder_is_here=places.embedder == EMBEDDER,
    )


def _write_json(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
