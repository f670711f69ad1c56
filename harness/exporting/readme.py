"""README.md of an export: what it is, how good it was measured to be, and how to run it."""

import json
from dataclasses import dataclass

from harness.decision.words import score_range, share, signed_points
from harness.exporting.export_source import ExportSource
from harness.exporting.form import TunedForm
from harness.exporting.prompt import Places, finds_examples
from harness.exporting.requirements import packages
from harness.exporting.script import fill
from harness.exporting.serving import SOURCES as VLLM_SOURCES
from harness.exporting.serving import request_command, serve_command
from harness.exporting.training import axolotl, llama_factory, openai, trl
from harness.exporting.training.plan import TrainingPlan
from harness.program import Program, columns_named
from harness.records import Gate


@dataclass(frozen=True, slots=True)
class Contents:
    """What else lies in the export."""

    places: Places
    has_script: bool
    plan: TrainingPlan | None
    form: TunedForm
    notes: tuple[str, ...]  # what differs from the run, or could not be exported


def readme(source: ExportSource, contents: Contents) -> str:
    """Return the text of README.md."""
    run, decision = source.run, source.run.decision
    program = source.program
    engine = run.manifest.get("engines", {}).get(source.spec.model.name, {})
    return fill(
        "README.md.jinja",
        arm=source.arm,
        task=run.name,
        description=run.description,
        run=run.folder,
        is_fast=run.is_fast,
        model=source.base_name,
        places=contents.places,
        is_merged=bool(program.weights.adapter) and contents.places.adapter is None,
        is_checkpoint=contents.form.kind == "checkpoint",
        finds_examples=finds_examples(program),
        k=program.retriever.k if program.retriever else None,
        metric=run.primary_metric,
        score=f"{share(source.score.estimate)} ({score_range(source.score)})" if source.score else "not measured",
        goal=share(run.limits.goal),
        gate=_gate(source.gate) if program.weights.tuned else "unchanged: no weights were tuned",
        gate_reasons=source.gate.reasons if source.gate else (),
        verdict=decision.sentence,
        is_winner=decision.arm == source.arm,
        caveats=[*decision.caveats, *source.evidence.warnings],
        notes=contents.notes,
        engine=engine,
        versions=run.manifest.get("versions", {}),
        needs=packages(program, contents.places),
        has_script=contents.has_script,
        columns=_columns(program),
        chooses=program.choices is not None,
        is_constrained=program.generation.constraint is not None,
        is_sampled=program.generation.temperature > 0,
        samples_in_words=""
        if program.samples == 1
        else f" {program.samples} answers, of which the most frequent counts",
        serve=serve_command(source, contents.places, contents.form),
        serving_note=contents.form.serving_note if contents.places.adapter else "",
        request=request_command(source),
        plan=contents.plan,
        trl=trl.VERSION,
        llama_factory=llama_factory.VERSION,
        axolotl=axolotl.VERSION,
        device="_cpu" if engine.get("device") == "cpu" else "",
        sources={
            "vLLM": VLLM_SOURCES,
            "LLaMA-Factory": llama_factory.SOURCES,
            "Axolotl": axolotl.SOURCES,
            "OpenAI": openai.SOURCES,
        },
    )


def _columns(program: Program) -> str:
    """Return the columns that a question needs, as JSON with gaps; '' where the prompt shows none."""
    named = {name: "..." for name in sorted(columns_named(program.prompt.template))}
    return json.dumps(named, ensure_ascii=False) if named else ""


def _gate(gate: Gate | None) -> str:
    if gate is None or gate.pooled is None:
        return "not measured"
    return f"{gate.state} ({signed_points(gate.pooled.estimate)} on {gate.pooled.n} benchmark items)"
