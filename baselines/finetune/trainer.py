"""The training process: `python -m baselines.finetune.trainer`, driven by JSON lines.

It is a process of its own because TRL patches the model it trains. It holds one base and never sees
dev: it saves a checkpoint, and the parent says whether to go on.

    parent                                  this process
    {"load": {model, quantization}}    ->   {"event": "ready", "total_parameters": n}
    {"run": {...RunSpec...}}           ->   {"event": "step", "step", "loss", "learning_rate", ...} *
                                            {"event": "checkpoint", "step", "epoch", "folder"}
    {"continue": true | false}         ->   ...
                                            {"event": "done", ...RunResult...}
                                            {"event": "failed", "reason"}

Standard output carries the protocol alone; everything that libraries print goes to
standard error, which the parent keeps as trainer.log.
When standard input closes, the parent is gone and the process ends at once.
"""

from baselines.finetune.channel import Channel


def main() -> None:
    """Load the base that the parent names, then train whatever it asks for."""
    channel = Channel()
    from baselines.finetune.base import Base, TrainingFailure
    from baselines.finetune.loop import train
    from baselines.finetune.spec import RunSpec

    base = Base.load(**channel.receive()["load"])
    channel.send("ready", total_parameters=base.total_parameters)
    while True:
        spec = RunSpec.from_json(channel.receive()["run"])
        try:
            train(base, spec, channel)
        except TrainingFailure as failure:
            channel.send("failed", reason=str(failure))


if __name__ == "__main__":
    main()
