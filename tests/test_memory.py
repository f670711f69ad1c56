import subprocess
import sys

import pytest

# Freed blocks that are no longer at the top of the heap stay with glibc until it is asked for them.
CHURN = """
import psutil
from harness.memory import give_back
process = psutil.Process()
blocks = [bytearray(64_000) for _ in range(4_000)]
held = blocks[3_999::4_000]
full = process.memory_info().rss
del blocks
before = process.memory_info().rss
give_back()
print(full - before, before - process.memory_info().rss)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc keeps what is freed")
def test_freed_memory_goes_back_to_the_system():
    said = subprocess.run([sys.executable, "-c", CHURN], capture_output=True, text=True, check=True).stdout
    kept, returned = map(int, said.split())
    assert returned > 100_000_000  # of 256 MB that were freed
    assert kept < returned
