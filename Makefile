# Every target builds .venv by itself; `make demo` and `make test` are all that a newcomer types.
.PHONY: install demo test test-slow lint types up bench compose-test clean
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv

install: $(BIN)/.installed

# uv comes into the environment it then fills; --no-group keeps torch out unless asked for.
$(BIN)/.installed: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "crossjudge needs Python 3.11 or newer; set PYTHON=python3.12, say")'
	@[ -x $(UV) ] || { $(PYTHON) -m venv .venv && $(BIN)/python -m pip install -q --disable-pip-version-check 'uv>=0.9'; }
	VIRTUAL_ENV=.venv $(UV) sync -q --active --inexact --locked --extra service --extra worker --extra plot
	@touch $@

demo: install
	$(BIN)/crossjudge demo --output demo-output

test: install
	$(BIN)/pytest -m "not slow and not gpu"

test-slow: install
	$(BIN)/pytest -m slow

lint: install
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

up: install
	$(BIN)/crossjudge up

bench: install
	$(BIN)/python benchmarks/throughput.py

compose-test: install
	$(BIN)/python tests/compose/run.py

clean:
	rm -rf .venv demo-output
