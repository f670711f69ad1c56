"""Do the adapters of a run give the same answers when plain PEFT loads them?

    python bench/plain_peft.py RUN_FOLDER [ARM ...] [--items N]

Loads the base with transformers and the adapter with `PeftModel.from_pretrained`, asks the first N test
items one at a time (no batch, no padding, none of our code but the stored prompt), and compares with
the answers that the run recorded. Exits 1 when one differs.
"""

import argparse
import sys
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from harness.evidence.snapshot import read_snapshot
from harness.evidence.states import FITTED, FittedState
from harness.program import Program
from harness.records import Fit, Measurement
from harness.store.files import decode
from harness.store.folder import RunFolder
from harness.store.ledger import Ledger


def main() -> int:
    """Compare every named arm."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("arms", nargs="*", default=["lora_sft", "lora_dpo"])
    parser.add_argument("--items", type=int, default=20)
    given = parser.parse_args()
    differing = sum(_differing(RunFolder(given.run), arm, given.items) for arm in given.arms)
    return 1 if differing else 0


def _differing(folder: RunFolder, arm: str, count: int) -> int:
    ledger = Ledger(folder.ledger)
    task = read_snapshot(folder, ledger)
    fit = Fit(arm, seed=task.seeds[0])
    state = decode(FittedState, ledger.state(fit.name, FITTED) or "{}")
    program = Program.from_dict(state.program, folder.path)
    if program.retriever or program.weights.quantization:
        sys.exit(f"{arm}: this check is for unquantised adapters without retrieval")
    recorded = ledger.predictions(Measurement(fit))
    tokenizer = AutoTokenizer.from_pretrained(program.weights.adapter)
    base = AutoModelForCausalLM.from_pretrained(program.weights.model, dtype=torch.float32)
    model = PeftModel.from_pretrained(base, program.weights.adapter).eval()
    differing = 0
    for example in task.test[:count]:
        turns = [{"role": m.role, "content": m.content} for m in program.messages(example.question)]
        ids = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        with torch.no_grad():
            out = model.generate(**ids, max_new_tokens=program.generation.max_new_tokens, do_sample=False)
        text = tokenizer.decode(out[0, ids["input_ids"].shape[1] :], skip_special_tokens=True)
        if text.strip() != recorded[example.id].text.strip():
            differing += 1
            print(f"{arm} {example.id}: {text!r} now, {recorded[example.id].text!r} in the run")
    print(f"{arm}: {min(count, len(task.test)) - differing} of {min(count, len(task.test))} answers equal")
    return differing


if __name__ == "__main__":
    sys.exit(main())
