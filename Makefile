# Needs Python 3.11 and nothing else: uv comes into .uv, and everything in requirements.lock into .venv.
#
#   make run     set up, then the recipe `support` from raw data to a promoted model
#   make test    set up, then the tests
#   make lint    set up, then style, types and import contracts
#   make bench   set up, then all benchmarks; writes docs/benchmarks.md and .json (an hour or more)
#   make lock    write requirements.lock anew from pyproject.toml

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup run test lint bench lock clean

UV_VERSION := 0.13.9
IS_311 := import sys; sys.exit(sys.version_info[:2] != (3, 11))
PYTHON ?= $(shell for name in python3.11 python3 python; do \
	if $$name -c '$(IS_311)' 2>/dev/null; then command -v $$name; break; fi; done)

# A cache beside .venv shares its files by hard links, and goes when all is installed: nothing is kept twice.
OWN_CACHE := $(CURDIR)/.uv/cache
UV_CACHE_DIR ?= $(OWN_CACHE)
UV := UV_CACHE_DIR="$(UV_CACHE_DIR)" VIRTUAL_ENV="$(CURDIR)/.venv" .uv/bin/uv

help:
	@sed -n 's/^#   //p' Makefile

setup:
	@if [ -z "$(PYTHON)" ] || ! "$(PYTHON)" -c '$(IS_311)' 2>/dev/null; then \
		echo "make: Python: found $(or $(PYTHON),none of version 3.11 on the PATH); allowed: Python 3.11." \
			"Install it, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 13; fi
	@if [ "$$(.uv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" != "$(UV_VERSION)" ]; then \
		echo "setup: uv $(UV_VERSION) into .uv"; \
		"$(PYTHON)" -m venv --clear .uv; \
		.uv/bin/python -m pip install --quiet --disable-pip-version-check --no-cache-dir "uv==$(UV_VERSION)"; fi
	@if ! .venv/bin/python -c '$(IS_311)' 2>/dev/null; then \
		echo "setup: an environment in .venv"; \
		$(UV) venv --quiet --clear --python "$(PYTHON)" .venv; fi
	@if ! cmp --silent requirements.lock .venv/requirements.lock; then \
		echo "setup: packages of requirements.lock into .venv, about 3.5 GB; the first time takes some minutes"; \
		rm -f .venv/requirements.lock .venv/pyproject.toml; \
		$(UV) pip sync --quiet --require-hashes --compile-bytecode requirements.lock; \
		cp requirements.lock .venv/requirements.lock; fi
	@if ! cmp --silent pyproject.toml .venv/pyproject.toml; then \
		echo "setup: this project into .venv, editable"; \
		$(UV) pip install --quiet --no-deps --no-build-isolation --editable .; \
		cp pyproject.toml .venv/pyproject.toml; fi
	@if [ "$(UV_CACHE_DIR)" = "$(OWN_CACHE)" ]; then rm -rf "$(OWN_CACHE)"; fi
	@echo "setup: ready"

run: setup
	@echo "run: lepton run support"
	@.venv/bin/lepton run support

test: setup
	@echo "test: pytest"
	@.venv/bin/pytest --numprocesses=auto --dist=loadfile

lint: setup
	@echo "lint: ruff"
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@echo "lint: mypy"
	@.venv/bin/mypy
	@echo "lint: import contracts"
	@.venv/bin/lint-imports

bench: setup
	@echo "bench: docs/benchmarks.md and docs/benchmarks.json"
	@.venv/bin/python -m flows.bench.suite docs

# The lock names no registry host, so that it serves readers behind a mirror too.
lock: setup
	@echo "lock: requirements.lock"
	@$(UV) pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --group dev \
		--extra attacks --extra explain --extra fairness --extra fpga --extra label --extra onnx --extra postgres \
		--extra privacy --extra s3 --extra tune \
		pyproject.toml -o requirements.lock

clean:
	@echo "clean: .venv, .uv and the caches of tools; .lepton with your data and models stays"
	@rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
