"""How a training run fails for a reason of its own."""


class TrainingFailure(Exception):
    """This run cannot continue; the process can take another."""
