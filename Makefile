# `make demo` and `make test` need Python 3.11, make and a package index; everything else they make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed

.PHONY: demo demo-fast test test-slow scorecard known-answers calibration lint types imports check clean

demo: $(READY)
	$(BIN)/harness compare tasks/support_routing/task.yaml

demo-fast: $(READY)
	$(BIN)/harness compare tasks/support_routing/task.yaml --fast

test: $(READY)
	$(BIN)/harness setup
	$(BIN)/python -m pytest

# Minutes of the embedded model: what the default tests leave out.
test-slow: $(READY)
	$(BIN)/harness setup
	$(BIN)/python -m pytest -m slow

# What kills, full disks, damaged files and dying arms do to a run; ends with 1 when a bar is missed.
# `make scorecard OPTIONS="--embedded 10"` also kills runs on the embedded model.
scorecard: $(READY)
	$(BIN)/harness setup
	$(BIN)/python -m bench.scorecard $(OPTIONS)

# Four tasks whose right verdict is known; ends with 1 when one comes out otherwise.
known-answers: $(READY)
	$(BIN)/harness setup
	$(BIN)/python -m bench.known_answers

# What the decision and the gate promise, in synthetic worlds; ends with 1 when a bar is missed.
calibration: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python bench/decision_calibration.py
	OMP_NUM_THREADS=1 $(BIN)/python -m bench.gate_calibration

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/python -m pytest tests/test_architecture.py

check: lint types imports test

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache

# The stamp is written last, so that a stopped installation is done again.
$(READY): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "harness needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[dev]'
	touch $@
