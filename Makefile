# Two commands: `make run` (set-up and the main job on the example inbox), `make test` (set-up and all tests).
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
DBT_FILES := $(shell find $(addprefix dbt_project/,models seeds macros tests dbt_project.yml profiles.yml) -type f)

export PYTHONDONTWRITEBYTECODE :=
export SPBE_HOME ?= $(CURDIR)/data
export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DAGSTER_DISABLE_TELEMETRY := yes
export GX_ANALYTICS_ENABLED := false

.PHONY: setup run test test-long check ui wheel lock clean

setup: .venv/.installed dbt_project/.parsed/.done

.venv/.lock: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11, 3.12 or 3.13 is needed, found " + sys.version.split()[0] if not (3, 11) <= sys.version_info < (3, 14) else 0)'
	@echo "setting up .venv from requirements.lock (once; one to two minutes)"
	@$(PYTHON) -m venv --clear .venv
	@if command -v uv >/dev/null; then \
		uv pip install -q --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.lock; \
	else \
		$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock; \
	fi
	@cp requirements.lock $@

.venv/.installed: .venv/.lock pyproject.toml
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# dbt reads its project once for all homes of this checkout.
dbt_project/.parsed/.done: .venv/.installed $(DBT_FILES)
	@$(BIN)/python -c "from orchestration.dbt import prepare_project; prepare_project()"
	@touch $@

run: setup
	@$(BIN)/spbe run --example

# A file's tests share what is dear to make, so they stay together; the files run side by side.
SIDE_BY_SIDE := -n auto --dist loadfile --no-loadscope-reorder

test: setup
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE)

test-long: setup
	@TEST_LONG=1 $(BIN)/python -m pytest $(SIDE_BY_SIDE)

check: setup
	@$(BIN)/pre-commit run --all-files --show-diff-on-failure

ui: setup
	@$(BIN)/spbe ui

# What is installed elsewhere; built from what is here now, never from an earlier build.
wheel: .venv/.installed
	@rm -rf build dist
	@$(BIN)/python -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation -w dist .
	@rm -rf build
	@ls dist/*.whl

# Needs uv; writes one file for Python 3.11 to 3.13, with hashes and without any index address.
lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-annotate \
		--no-emit-index-url --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf .venv dbt_project/.parsed dbt_project/target build dist *.egg-info
