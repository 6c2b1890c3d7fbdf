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

# What `make pythons` tries, as far as it is here; the classifiers in setup.cfg are the same.
PYTHONS ?= 3.11 3.12 3.13
# The lower bounds of setup.cfg; Authlib asks for a newer cryptography, so that OIDC is left out with them.
LOWEST := attrs==23.1.0 cattrs==23.2.3 cryptography[ssh]==43.0.0 fire==0.7.0 termcolor==3.2.0 tqdm==4.60.0 urllib3==2.0.2
LOWEST_TESTS = tests/rules tests/commands/test_cold_start.py tests/commands/test_inspect.py tests/commands/test_batch.py \
	$(if $(LONG),tests/edges tests/commands tests/real_ca tests/api,tests/edges/test_ca_https.py tests/edges/test_key_formats.py)
TOOLS := hypothesis==6.170.15 pytest==9.2.0 pytest-xdist==3.8.0

.PHONY: demo test quick pythons lowest kills fuzz verdicts lint bench peers clean

demo: $(INSTALLED)
	@$(BIN)/python -m tests.demo

# Everything; make test PYTEST_ARGS='tests/edges -k jwe' is less: see docs/tests.md.
test: $(INSTALLED) peers
	$(PYTEST) -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

# For in between, in well under a minute: the rules, the architecture, and what each path loads; builds no peer.
quick: $(INSTALLED)
	$(PYTEST) -n $(WORKERS) --dist worksteal tests/rules tests/test_architecture.py tests/commands/test_cold_start.py $(PYTEST_ARGS)

# The wheel with its program, the rules and what each path loads, on every Python that is here; LONG=1 adds tests/edges.
pythons:
	@PYTHONS='$(PYTHONS)' TOOLS='$(TOOLS)' sh distribution/try_pythons $(if $(LONG),tests/edges)

# On the lowest versions that setup.cfg allows: the rules, what each path loads, files, keys and connections. LONG=1 is
# everything that needs neither OIDC nor step-ott to be installed.
lowest:
	@test -x .cache/lowest/bin/python || $(PYTHON) -m venv .cache/lowest
	.cache/lowest/bin/python -m pip install --quiet --disable-pip-version-check $(LOWEST) $(TOOLS) pynacl python-pkcs11
	PYTHONDONTWRITEBYTECODE= .cache/lowest/bin/python -m pytest -n $(WORKERS) --dist worksteal \
		--ignore tests/edges/test_oidc_hostile.py --ignore tests/real_ca/test_oidc.py \
		--ignore tests/commands/test_wheel.py --ignore tests/commands/test_pytest_plugin.py $(or $(PYTEST_ARGS),$(LOWEST_TESTS))

# Kills 200 batches, 300 writers of an --output-file and 300 of a certificate with its key somewhere, some 20 minutes; make kills BATCH_KILLS=20 FILE_KILLS=30
# is fewer.
kills: $(INSTALLED)
	BATCH_KILLS=$(or $(BATCH_KILLS),200) $(PYTEST) tests/commands/test_batch_kills.py
	FILE_KILLS=$(or $(FILE_KILLS),300) $(PYTEST) -s tests/commands/test_token_file_kills.py -k any_moment
	FILE_KILLS=$(or $(FILE_KILLS),300) $(PYTEST) -s tests/commands/test_certificate_kills.py tests/edges/test_files_together.py -k any_moment

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
