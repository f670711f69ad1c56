"""The training process: `python -m baselines.finetune.trainer`, driven by JSON lines.

It is a process of its own because TRL patches the model it trains. It holds one base and never sees
dev: it saves a checkpoint, and the parent says whether to continue.

    parent                                  this process
    {"load": {model, quantization}}    ->   {"event": "ready", "total_parameters": n}
    {"run": {...RunSpec...},           ->   {"event": "begun", "step", "losses", "seconds", "rows_at_once",
     "latest": step}                         "usual_rows", "fewer_rows", "faults"}
                                            {"event": "step", "step", "loss", "learning_rate", "grad_norm"} *
                                            {"event": "checkpoint", "step", "epoch", "folder"}
    {"continue": true | false}         ->   ...
                                            {"event": "done", ...RunResult...}
                                            {"event": "failed", "kind", "reason"}

`begun` says from which step the run continues: 0, or that of a resume point not after `latest`.
`kind` is training, out_of_memory or storage.

Standard output carries the protocol alone; everything that libraries print goes to
standard error, which the parent keeps as trainer.log.
When standard input closes, the parent is gone and the process ends at once.
"""

import gc
from pathlib import Path

from baselines.finetune.channel import Channel


def main() -> None:
    """Load the base that the parent names, then train whatever it asks for."""
    channel = Channel()
    from safetensors import SafetensorError

    from baselines.finetune.base import Base
    from baselines.finetune.failure import TrainingFailure
    from baselines.finetune.loop import train
    from baselines.finetune.spec import RunSpec
    from harness.engine.faults import is_out_of_memory
    from harness.memory import give_back
    from harness.store.files import unwritable

    base = Base.load(**channel.receive()["load"])
    gc.freeze()  # the base and the libraries stay: no collection between runs looks through them again
    channel.send("ready", total_parameters=base.total_parameters)
    while True:
        message = channel.receive()
        spec = RunSpec.from_json(message["run"])
        try:
            train(base, spec, channel, message["latest"])
            give_back()
        except TrainingFailure as failure:
            channel.send("failed", kind="training", reason=str(failure))
        except (OSError, SafetensorError, RuntimeError, MemoryError) as fault:
            if is_out_of_memory(fault):
                channel.send("failed", kind="out_of_memory", reason=(str(fault) or "MemoryError").splitlines()[0])
            elif isinstance(fault, OSError | SafetensorError):  # safetensors has its own word for a full disk
                channel.send("failed", kind="storage", reason=str(unwritable(Path(spec.folder), fault)))
            else:
                raise


if __name__ == "__main__":
    main()
