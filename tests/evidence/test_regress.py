import gc
import json
import math
import weakref
from pathlib import Path

import pytest
from baselines.prompt.reading import reader_for as prompts_reader
from checked_tasks import *  # noqa: F403
