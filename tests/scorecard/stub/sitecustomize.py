"""Python imports this at its start when this folder is on PYTHONPATH: the children of the scorecard, and they alone.

What it does is told by environment variables; without them, nothing.
"""

import json
import os

import stub_modules

replaced = dict(stub_modules.REPLACED) if "SCORECARD_STUB" in os.environ else {}
replaced |= json.loads(os.environ.get("SCORECARD_REPLACE", "{}"))
if replaced:
    stub_modules.install(replaced)

if "SCORECARD_STUB" in os.environ:
    import stub_faults

    stub_faults.install()
