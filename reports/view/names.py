"""What options are called: by what they do for everybody, with the arm's own name for those who look it up."""

import re
from collections import Counter
from collections.abc import Callable, Mapping

from harness.records import Evidence, Family, Run
from reports import numbers

BASELINES: Mapping[str, str] = {
    "zero_shot": "Instructions only",
    "chain_of_thought": "Reasoning before the answer",
    "label_score": "Likeliest label",
    "rag": "Your documents",
    "lora_sft": "Fine-tuned (LoRA)",
    "qlora_sft": "Fine-tuned (QLoRA)",
    "lora_dpo": "Fine-tuned (DPO)",
    "lora_kto": "Fine-tuned (KTO)",
    "full_sft": "Fine-tuned (all weights)",
    "prefix_sft": "Fine-tuned (prefix)",
    "ia3_sft": "Fine-tuned (IA3)",
    "cpt_lora_sft": "Fine-tuned (documents read first)",
    "rag_lora_sft": "Your documents + fine-tuned (LoRA)",
}
FAMILIES: Mapping[Family, str] = {
    "prompt": "Prompt",
    "rag": "Your documents",
    "tune": "Fine-tuned",
    "combine": "Your documents + fine-tuned",
}


def option_names(run: Run) -> dict[str, str]:
    """Return each arm's plain name; arms that would share one keep their own beside it."""
    plain = {evidence.arm: _plain(run, evidence) for evidence in run.evidence}
    shared = Counter(plain.values())
    return {arm: name if shared[name] == 1 else f"{name}, {arm}" for arm, name in plain.items()}


def option_name(run: Run, arm: str) -> str:
    """Return one arm's plain name; an arm without evidence keeps its own."""
    return option_names(run).get(arm, arm)


def _plain(run: Run, evidence: Evidence) -> str:
    known = _shown_examples(evidence) if evidence.baseline == "few_shot" else BASELINES.get(evidence.baseline)
    name = known or f"{FAMILIES[evidence.family]} ({evidence.arm})"
    return f"{name} on {model}" if (model := run.model_of(evidence)) else name


def _shown_examples(evidence: Evidence) -> str:
    """Say how many solved examples the prompt holds, as dev settled it: '8 examples in the prompt'."""
    if nearest := nearest_examples(evidence):
        return f"{numbers.plural(nearest, 'nearest example')} in the prompt"
    shots = (evidence.program.get("prompt") or {}).get("shots") or ()
    return f"{numbers.plural(len(shots), 'example')} in the prompt" if shots else "Examples in the prompt"


def nearest_examples(evidence: Evidence) -> int:
    """Return how many examples are found for each question; 0 where none are."""
    retriever = evidence.program.get("retriever") or {}
    return int(retriever.get("k", 0)) if retriever.get("finds") == "examples" else 0


def plain_words(run: Run) -> Callable[[str], str]:
    """Return what writes plain names for the arms' names in the decision's own sentences.

    An arm that is called by an ordinary word, such as 'base', is left alone: the word may mean something else there.
    """
    names = {arm: name for arm, name in option_names(run).items() if "_" in arm or arm in BASELINES}
    if not names:
        return lambda text: text
    longest_first = sorted(names, key=len, reverse=True)
    known = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, longest_first))})(?![\w-])")
    return lambda text: known.sub(lambda found: f"“{names[found[1]]}”", text)
