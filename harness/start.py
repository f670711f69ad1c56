"""The command as a shell starts it: Ctrl-C ends it in good order while its parts are still being imported."""

import signal


def main() -> None:
    """Run the command line."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Until the command listens itself, the system's own way: ended at once, without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from harness.environment import set_defaults

    set_defaults()
    from harness.cli import main as command

    command()
