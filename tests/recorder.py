"""A run's observer that keeps what it is told."""

from harness.evidence.states import EndState


class Recorder:
    """Keeps `harness.evidence.watch.Observer`."""

    def __init__(self):
        self.began_jobs: list[str] = []
        self.ends: dict[str, EndState] = {}
        self.stages: set[str] = set()
        self.lines: list[str] = []

    def began(self, name, number, total):
        self.began_jobs.append(name)

    def progress(self, stage, done, total):
        self.stages.add(stage)

    def log(self, message):
        self.lines.append(message)

    def ended(self, name, state, seconds):
        self.ends[name] = state
