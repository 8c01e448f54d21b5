# Needs nothing but Python 3.11 to 3.13 and make; everything else goes into .venv, but for what `make tools` tells.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup tools demo quick test fuzz kills coverage wheel test-wheel test-hnsw test-azure check bench docs pictures site clean
.DEFAULT_GOAL := help

help:  ## show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP)  ## make .venv with ALMA and what its tests need

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "ALMA needs Python 3.11 to 3.13: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (a minute or two the first time)"
	@$(BIN)/python -m pip install --quiet --editable '.[azure,mcp,docs,browser,dev]'
	@$(BIN)/python -m compileall -q alma_cli    # where writing bytecode is switched off, each start would compile
	@touch $@

demo: setup  ## the main job, in a temporary project: learn outcomes, retrieve memories
	@$(BIN)/alma demo

# In a container of a CI, one is root and there is no Chromium: it is a dependency like any other there.
tools: setup  ## what tests need that pip doesn't have (Chromium, zsh, fish), where one is root on Debian; else they skip
	@for tool in chromium zsh fish; do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
		if [ -z "$$missing" ] || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then exit 0; fi; \
		echo "installing$$missing"; \
		install() { DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing; }; \
		{ install || { apt-get update -qq && install; }; } >/dev/null 2>&1 || echo "could not: their tests are skipped" >&2

test: check tools  ## lint, types, import contracts, tests; those of the core have to reach every branch of it
	@$(BIN)/python -m pytest -n auto --cov=alma_cli/core --cov-report=term:skip-covered tests/core
	@$(BIN)/python tests/coverage_floor.py
	@$(BIN)/python -m pytest -n auto --dist worksteal --ignore=tests/core

coverage: setup  ## all tests with coverage, which takes them half as long again; every part has to reach 90%
	@$(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered
	@$(BIN)/python tests/coverage_floor.py

quick: check  ## lint, types, import contracts and the quick tests: at each save
	@$(BIN)/python -m pytest -n auto --dist worksteal -m quick

check: setup  ## lint, types and import contracts only
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

wheel: setup  ## build the wheel into dist/
	@$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

# A folder without alma_cli, so that nothing but what was installed can be imported.
TESTS ?= tests/cli
WHEEL ?=
BARE = $(VENV)-wheel
test-wheel:  ## the built wheel passes TESTS (tests/cli) in an environment of its own; WHEEL= names one, else it is built
	@test -n "$(WHEEL)" || { rm -rf dist && $(MAKE) --no-print-directory wheel; }
	@rm -rf $(BARE) && $(PYTHON) -m venv $(BARE)
	@$(BARE)/bin/python -m pip install --quiet "$$(ls $(or $(WHEEL),dist/*.whl))[azure,mcp,dev]"
	@mkdir $(BARE)/checkout && git ls-files | grep -v '^alma_cli/' | tar -cf - -T - | tar -xf - -C $(BARE)/checkout
	@cd $(BARE)/checkout && ../bin/python -m pytest -n auto --dist worksteal $(TESTS)

test-hnsw:  ## the tests of `index: hnsw`, with DuckDB's extension in an environment of its own
	@test -x $(VENV)-hnsw/bin/python || $(PYTHON) -m venv $(VENV)-hnsw
	@$(VENV)-hnsw/bin/python -m pip install --quiet --editable '.[vss,dev]'
	@ALMA_TEST_HNSW=1 $(VENV)-hnsw/bin/python -m pytest tests/store/test_hnsw.py

test-azure: setup  ## the remotes' tests on a real account: TEST_AZURE_ENDPOINT, TEST_AZURE_KEY or a sign-in
	@AZURE_CONFIG_DIR="$${AZURE_CONFIG_DIR:-$$HOME/.azure}" $(BIN)/python -m pytest -n0 -s tests/azure

N ?= 20000
SEED ?= 1
fuzz: setup  ## N odd inputs (20,000) from SEED for every way in: a claim that doesn't hold ends it with 1
	@$(BIN)/python -m tests.fuzz --number $(N) --seed $(SEED)

KILLS ?= 2000
kills: setup  ## KILLS (2,000) at random moments from SEED: nothing told is lost, nothing is there twice
	@$(BIN)/python -m tests.durability.kills --number $(KILLS) --seed $(SEED)

bench: setup  ## measure, for three quarters of an hour; prints ratios and rates (docs/benchmarks.md explains them)
	@$(BIN)/python -m tests.benchmarks.cold_start
	@$(BIN)/python -m tests.benchmarks.retrieval_quality
	@$(BIN)/python -m tests.benchmarks.retrieval_speed --cold
	@$(BIN)/python -m tests.benchmarks.batch_learning
	@$(BIN)/python -m tests.benchmarks.natural
	@$(BIN)/python -m tests.benchmarks.languages
	@$(BIN)/python -m tests.benchmarks.learning_scale
	@$(BIN)/python -m tests.benchmarks.learning
	@$(BIN)/python -m tests.benchmarks.sync_throughput
	@$(BIN)/python -m tests.benchmarks.remote_retrieval --cosmos

docs: setup  ## write docs/cli/ and the configuration reference anew
	@$(BIN)/python docs/generate.py

pictures: setup tools  ## take the pictures of the report in docs/images/ anew
	@$(BIN)/python docs/pictures.py

site: setup  ## build the documentation site into build/site; a link that leads nowhere is an error
	@rm -rf build/site build/doctrees    # Sphinx warns of a page only when it reads it
	@$(BIN)/sphinx-build -q -W --keep-going -c docs -d build/doctrees . build/site
	@echo "open build/site/index.html"

clean:  ## remove .venv, what was built, and caches
	rm -rf $(VENV) $(VENV)-wheel $(VENV)-hnsw build dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage*
