# `make demo` and `make test` need Python 3.11, make and a package index; everything else they make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --no-deps
UV := uv==0.13.9
PIP_AUDIT := pip-audit==2.10.1
LOCKS := requirements.lock requirements-torch.lock requirements-torch-cpu.lock

.PHONY: demo demo-climb demo-fast test test-slow bench scorecard known-answers report-accessibility calibration lint types imports check lock audit sbom clean

demo: $(READY)
	$(BIN)/harness compare tasks/support_routing/task.yaml

# A verdict in minutes: a prompt solves this task, so that nothing is trained.
demo-climb: $(READY)
	$(BIN)/harness compare tasks/serial_numbers --climb

demo-fast: $(READY)
	$(BIN)/harness compare tasks/support_routing/task.yaml --fast

test: $(READY)
	$(BIN)/harness setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# Minutes of the embedded model: what the default tests leave out.
test-slow: $(READY)
	$(BIN)/harness setup
	$(BIN)/python -m pytest -m slow

# What kills, full disks, damaged files and dying arms do to a run; ends with 1 when a bar is missed.
# `make scorecard OPTIONS="--embedded 10"` also kills runs on the embedded model.
scorecard: $(READY)
	$(BIN)/harness setup
	$(BIN)/python -m bench.scorecard $(OPTIONS)

# axe-core over a report in 8 settings, or over a difference or a page of `harness view` in 4. Needs Node.js, Chromium
# (CHROMIUM=its path), REPORT=the file or address, and NPM=a folder in which `npm install axe-core puppeteer-core` was run; it is not part of `make check`.
report-accessibility:
	node bench/report_accessibility.mjs $(NPM) $(REPORT)

# Four tasks whose right verdict is known; ends with 1 when one comes out otherwise.
known-answers: $(READY)
	$(BIN)/harness setup
	$(BIN)/python -m bench.known_answers

# What the decision and the gate promise, in synthetic worlds; ends with 1 when a bar is missed.
calibration: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python bench/decision_calibration.py
	OMP_NUM_THREADS=1 $(BIN)/python -m bench.gate_calibration

# Speed and answers beside lm-eval's `hf`, transformers' pipeline, plain `generate` and TRL, each in turn on this machine,
# an hour or two; build/bench.json holds all results. Ends with 1 when greedy answers differ by more than a tie.
# `make bench OPTIONS=--quick` tries all of it with few items; `OPTIONS="--only answers"` runs one.
bench: $(READY)
	$(BIN)/harness setup
	OMP_NUM_THREADS=1 $(BIN)/python -m bench.all $(OPTIONS)

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

# What pyproject.toml asks for, solved for every platform, with the hash of every file that the public index has of each
# release. Pins are kept where they can be; `make lock OPTIONS=--upgrade` takes what is newest.
lock:
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet --disable-pip-version-check $(UV)
	cat requirements.lock requirements-torch.lock >build/whole.lock
	build/lock/bin/uv pip compile pyproject.toml --quiet --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-annotate --no-header --output-file build/whole.lock $(OPTIONS)
	awk 'BEGIN { torch = "requirements-torch.lock"; rest = "requirements.lock"; \
			print "# Made by `make lock`: everything but torch." >rest; \
			print "# Made by `make lock`: the public torch; on Linux with the CUDA libraries that it asks for." >torch } \
		/^[a-z]/ { file = /^(torch=|triton=|cuda-|nvidia-)/ ? torch : rest } \
		{ print >file }' build/whole.lock

# What is known against the locked packages; ends with 1 on an advisory, with 3 where no source of advisories is reachable.
audit:
	@$(PYTHON) -m venv build/audit
	@build/audit/bin/pip install --quiet --disable-pip-version-check $(PIP_AUDIT) || \
		{ echo "pip-audit cannot be installed from here: nothing was audited"; exit 3; }
	@PYTHONPATH=$(CURDIR) build/audit/bin/python -P -m tools.audit || { code=$$?; echo "audit: exit code $$code"; exit $$code; }

# What a release stands on, made of the locks alone.
sbom:
	@PYTHONPATH=$(CURDIR) $(PYTHON) -P -m tools.sbom build/sbom.cdx.json

# pip checks every file against its hash. The project itself has none, and is built with the locked backend. The stamp is
# written last, so that a stopped installation is done again.
$(READY): pyproject.toml $(LOCKS)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "harness needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --require-hashes --requirement requirements.lock
	if ! $(INSTALL) --require-hashes --requirement requirements-torch-cpu.lock 2>$(VENV)/torch-cpu.log; then \
		grep -q 'No matching distribution' $(VENV)/torch-cpu.log || { cat $(VENV)/torch-cpu.log; exit 1; }; \
		echo "no CPU build of torch is offered here: installing the public one"; \
		$(INSTALL) --require-hashes --requirement requirements-torch.lock; fi
	$(INSTALL) --no-build-isolation --editable .
	$(BIN)/pip check
	touch $@
