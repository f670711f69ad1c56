"""The command as a shell starts it: Ctrl-C ends it in good order while its parts are still being imported."""

# What `signal` is made of, and built in: the module itself imports for milliseconds, in which Ctrl-C is a traceback.
import _signal  # type: ignore[import-not-found]


def main() -> None:
    """Run the command line."""
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        # Until the command listens itself, the system's own way: ended at once, without a traceback.
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    from harness.environment import set_defaults

    set_defaults()
    from harness.cli import main as command

    command()
