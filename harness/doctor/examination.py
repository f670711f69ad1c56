"""Everything that is looked at, in the order in which it is told."""

from harness.doctor.fetched import look_at_fetched
from harness.doctor.finding import Finding
from harness.doctor.machine import look_at_machine
from harness.doctor.packages import look_at_packages


def examine() -> tuple[Finding, ...]:
    """Look at what `harness compare` needs on the embedded model; takes seconds, and fetches and loads nothing."""
    return (*look_at_packages(), *look_at_machine(), *look_at_fetched())


def is_ready(findings: tuple[Finding, ...]) -> bool:
    """Whether `harness compare` has all that it needs."""
    return all(finding.state != "fault" for finding in findings)
