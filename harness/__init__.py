"""What an experiment is; knows no method and no format.

`import harness` is the front door for notebooks and scripts (docs/python.md). It loads nothing: its names are looked
up in `harness.api` when they are used, so that commands and workers, which import it too, start at once.
"""

# Type checkers take the name for true. `typing` itself imports for milliseconds, in which Ctrl-C is a traceback.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from harness.api import (
        ArmError,
        HarnessError,
        ModelError,
        Observer,
        PluginError,
        Result,
        StoreError,
        Task,
        TaskFileError,
        compare,
        export,
        load_task,
        make_task,
        open_run,
        redraw,
    )

__all__ = [
    "ArmError",
    "HarnessError",
    "ModelError",
    "Observer",
    "PluginError",
    "Result",
    "StoreError",
    "Task",
    "TaskFileError",
    "compare",
    "export",
    "load_task",
    "make_task",
    "open_run",
    "redraw",
]

if not TYPE_CHECKING:  # else a type checker would accept any misspelt name

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module 'harness' has no attribute {name!r}")
        from harness import api

        return getattr(api, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
