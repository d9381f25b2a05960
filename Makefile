# `make` alone lists the commands. A fresh machine needs Python 3.11 or newer and make; nothing else.
SHELL := /bin/sh
BIN := .venv/bin
# processes of pytest, and whether the browser tests run (BROWSER=0 leaves them out and says so)
JOBS ?= 2
BROWSER ?= 1
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test verify bench lint format lock clean install static
MAKEFLAGS += --no-print-directory

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: install static  ## set everything up, start it, print the address (Ctrl-C stops it)
	@exec $(BIN)/vantage up --demo $(ARGS)

test: install static lint  ## lint, types, import contracts, tests (at most 10 minutes on two cores)
	@$(call pytest,-m "not verify$(if $(filter 0,$(BROWSER)), and not browser)")

verify: install static lint  ## everything that `make test` does, and all that takes longer (at most 75 minutes)
	@$(call pytest,$(if $(filter 0,$(BROWSER)),-m "not browser"))

bench: install static  ## measure, and print each figure with what it is measured against
	@exec $(BIN)/python -m benchmarks $(ARGS)

lint: install  ## ruff, mypy and the import contracts
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check --quiet || { echo 'Some files are not formatted: run `make format`.'; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo --quiet || $(BIN)/lint-imports

format: install  ## put the code into its form
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

lock: install  ## resolve the dependencies of pyproject.toml and package.json again (needs the network)
	@$(BIN)/uv pip compile $(LOCK) --output-file requirements/run.lock pyproject.toml
	@$(BIN)/uv pip compile $(LOCK) --output-file requirements/dev.lock --group dev pyproject.toml

clean:  ## remove what was made (.venv, caches, built files), never data
	@rm -rf .venv node_modules build dist src/vantage/web/static .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links

# the first Python from 3.11 on that can make a virtual environment
install:
	@for python in $(BIN)/python python3 python3.14 python3.13 python3.12 python3.11 python; do \
		$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		exec $$python -c 'import os, sys; os.execv(os.path.realpath(sys._base_executable), [sys._base_executable, "requirements/install.py"])'; \
	done; \
	echo 'Quinite Vantage needs Python 3.11 or newer with venv, and there is none on the PATH (Debian: apt-get install python3 python3-venv).' >&2; exit 1

static: install
	@if [ -f src/vantage/web/build.py ]; then exec $(BIN)/python -m vantage.web.build; fi

define pytest
if [ "$(BROWSER)" = 0 ]; then echo 'BROWSER=0: the browser tests are left out.'; else \
	VANTAGE_CHROMIUM=$$($(BIN)/python requirements/find_chromium.py) && export VANTAGE_CHROMIUM || exit 1; fi; \
exec $(BIN)/pytest -q -n $(JOBS) --dist loadgroup $(1) $(ARGS)
endef
