# Countinghouse: one word a chore. Plain `make` lists them.
# Needs Python 3.11 or newer with pip, and nothing else: uv is fetched by pip into .uv if it is not there already.

.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo .uv/bin/uv)
IN := .venv/bin/
TESTS ?= tests

export STREAMLIT_BROWSER_GATHER_USAGE_STATS ?= false

.PHONY: help install run jobs migrate demo test test-deep check format bench clean

help: ## list these words
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

# The stamp is newer than the lock: nothing to do. --frozen takes the lock as it is.
.venv/.synced: pyproject.toml uv.lock
	@uv --version >/dev/null 2>&1 || test -x .uv/bin/uv || { \
		echo "Fetching uv by pip into .uv …"; \
		$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
			|| { echo "Countinghouse needs Python 3.11 or newer: make PYTHON=python3.12 …" >&2; exit 1; }; \
		$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .uv --upgrade uv; }
	@echo "Setting up .venv …"
	@$(UV) sync --quiet --frozen || { \
		echo "Trying again with the certificates of this system …"; UV_SYSTEM_CERTS=true $(UV) sync --quiet --frozen; }
	@touch $@

install: .venv/.synced ## make the environment in .venv

run: .venv/.synced ## start the desk and its jobs; the first time with the demo business
	@exec $(IN)python -m jobs.launch

jobs: .venv/.synced ## start the jobs alone
	@exec $(IN)python -m jobs

migrate: .venv/.synced ## bring the database up to this version
	@$(IN)countinghouse migrate

demo: .venv/.synced ## load the demo business into a new, empty database
	@$(IN)countinghouse migrate
	@$(IN)countinghouse demo

test: .venv/.synced ## run the tests (ten minutes on two cores); names what it could not run here
	@$(IN)python -m pytest -n 2 -m "not deep" $(TESTS)

test-deep: .venv/.synced ## run the long tests too
	@$(IN)python -m pytest -n 2 $(TESTS)

check: .venv/.synced ## ruff, mypy strict on core, import contracts, the house test
	@$(IN)ruff check .
	@$(IN)ruff format --check .
	@$(IN)mypy
	@$(IN)lint-imports --no-logo
	@$(IN)python -m pytest tests/test_house.py

format: .venv/.synced ## let ruff mend and format the code
	@$(IN)ruff check --fix .
	@$(IN)ruff format .

bench: .venv/.synced ## measure against floors of the same run
	@$(IN)python -m bench

clean: ## remove what tools leave behind; never data/local
	@rm -rf .venv .uv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis test-results
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
