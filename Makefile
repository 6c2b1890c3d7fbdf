# Everything a developer runs; each target sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .cache/peers
INSTALLED := $(VENV)/.installed
# Tests take eight seconds to compile, so that what is compiled is kept, also where the environment would not have it.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest
# As many processes as the machine has cores; make test WORKERS=0 runs all in one.
WORKERS ?= logical

.PHONY: demo test quick kills fuzz verdicts lint bench peers clean

demo: $(INSTALLED)
	@$(BIN)/python -m tests.demo

# Everything; make test PYTEST_ARGS='tests/edges -k jwe' is less: see docs/tests.md.
test: $(INSTALLED) peers
	$(PYTEST) -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

# For in between, in well under a minute: the rules, the architecture, and what each path loads; builds no peer.
quick: $(INSTALLED)
	$(PYTEST) -n $(WORKERS) --dist worksteal tests/rules tests/test_architecture.py tests/commands/test_cold_start.py $(PYTEST_ARGS)

# Kills 200 batches and 300 writers of an --output-file somewhere, some ten minutes; make kills BATCH_KILLS=20 FILE_KILLS=30
# is fewer.
kills: $(INSTALLED)
	BATCH_KILLS=$(or $(BATCH_KILLS),200) $(PYTEST) tests/commands/test_batch_kills.py
	FILE_KILLS=$(or $(FILE_KILLS),300) $(PYTEST) -s tests/commands/test_token_file_kills.py -k any_moment

# Hostile inputs for whatever reads what comes from outside; make fuzz COUNT=2000 TARGET='json jwe' SEED=1: see tests/fuzz.
fuzz: $(INSTALLED)
	@$(BIN)/python -m tests.fuzz $(TARGET) $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED))

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# All parts take some six minutes; make bench BENCH='start rates' runs these alone: see tests/bench.
bench: $(INSTALLED) peers
	$(BIN)/python -m tests.bench $(BENCH)

# What verify and the real step-ca say of so many tokens that are changed in every way: see docs/verify.md.
verdicts: $(INSTALLED) peers
	VERDICTS=$(or $(COUNT),3000) VERDICTS_SEED=$(or $(SEED),11) $(BIN)/python -m tests.support.compared_verdicts

# The real step-ca and step, for the tests that ask them. Without Go, or where they are named by STEP_CA
# and STEP or stand on PATH, nothing is built. The identity provider comes from npm, where there is one.
peers:
	@PEERS=$(PEERS) sh tests/peers/build

$(INSTALLED): setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "step-ott needs Python 3.11 or later; name one by PYTHON=…")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .cache build dist *.egg-info demo .mypy_cache .ruff_cache .hypothesis
