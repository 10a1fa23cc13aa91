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

.PHONY: pages setup setup-dev run test test-fast test-long check ui wheel lock licences clean

setup: .venv/.installed dbt_project/.parsed/.done

# What tests and checks need besides, into the same .venv.
setup-dev: .venv/.dev setup

# The lock files are complete, so nothing is resolved. uv installs in a sixth of the CPU that pip takes, which does it
# where uv can not (say, of an index that only pip is told of). Modules are compiled as they are first imported: most
# of what is installed never is.
INSTALL := $(CURDIR)/.ci/install

.venv/.lock: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11, 3.12 or 3.13 is needed, found " + sys.version.split()[0] if not (3, 11) <= sys.version_info < (3, 14) else 0)'
	@echo "setting up .venv from requirements.lock (once; less than a minute)"
	@rm -rf .venv
	@$(if $(shell command -v uv),uv venv -q --seed --python $(PYTHON) .venv,$(PYTHON) -m venv .venv)
	@$(INSTALL) --require-hashes -r requirements.lock
	@cp requirements.lock $@

.venv/.dev: .venv/.lock requirements-dev.lock
	@echo "adding what tests and checks need from requirements-dev.lock"
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@# Tests start many processes, each of which would compile anew where bytecode may not be written.
	@$(BIN)/python -m compileall -q -j 0 .venv/lib >/dev/null || true
	@cp requirements-dev.lock $@

.venv/.installed: .venv/.lock pyproject.toml
	@$(INSTALL) --no-build-isolation -e .
	@touch $@

# dbt reads its project once for all homes of this checkout.
dbt_project/.parsed/.done: .venv/.installed $(DBT_FILES)
	@$(BIN)/python -c "import gc; gc.disable(); from orchestration.dbt import prepare_project; prepare_project()"
	@touch $@

run: setup
	@$(BIN)/spbe run --example

# A file's tests share what is dear to make, so they stay together; the files run side by side.
SIDE_BY_SIDE := -n auto --dist loadfile --no-loadscope-reorder

test: setup-dev
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE)

# Unit and convention tests that need no home and take no long trial.
test-fast: setup-dev
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) tests/unit tests/conventions -m "not slow"

test-long: setup-dev
	@TEST_LONG=1 $(BIN)/python -m pytest $(SIDE_BY_SIDE)

check: setup-dev
	@$(BIN)/pre-commit run --all-files --show-diff-on-failure

ui: setup
	@$(BIN)/spbe ui

# What is installed elsewhere; built from what is here now, never from an earlier build.
wheel: .venv/.installed
	@rm -rf build dist
	@$(BIN)/python -c "from setuptools.build_meta import build_wheel; build_wheel('dist')" >/dev/null
	@rm -rf build
	@ls dist/*.whl

# Needs uv; each file is for Python 3.11 to 3.13, with hashes and without any index address. The second holds what
# the first does not (of psutil it has what Windows alone installs).
LOCK := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-annotate \
	--no-emit-index-url --custom-compile-command "make lock" --group build
lock:
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) --group dev --extra notebook --extra cluster pyproject.toml -c requirements.lock -o requirements-dev.lock \
		$$(sed -nE '/^psutil/!s/^([a-z0-9._-]+)(\[[^]]*\])?==.*/--no-emit-package \1/p' requirements.lock)

# The page of settings follows their model.
pages: setup
	@$(BIN)/python .ci/settings_page.py

# The page of licences follows the lock file.
licences: setup
	@$(BIN)/python .ci/licences.py

clean:
	rm -rf .venv dbt_project/.parsed dbt_project/target build dist *.egg-info
