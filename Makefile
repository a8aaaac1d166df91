# Everything a developer needs. `make` alone lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UI := src/hubbub/web/static/hubbub
COMPILE = $(BIN)/uv pip compile --quiet --no-config --universal --fork-strategy fewest \
	--python-version 3.11 --generate-hashes --custom-compile-command "make requirements" $(if $(UPGRADE),--upgrade)

MAKEFLAGS += --no-print-directory
# Else each of the servers that the tests start would compile all of hubbub again.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test test-faults check docs bench bench-quick ui chromium requirements clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.run $(UI)/app.js ## Serve hubbub on this machine (PORT=8100: elsewhere than on 8000)
	$(BIN)/hubbub serve $(if $(PORT),--port $(PORT))

# Both are started for the run: see tests/stores.py.
ON_STORE = $(if $(filter postgres,$(STORE)),$(BIN)/python -m tests.stores)

test: $(VENV)/.dev $(UI)/app.js chromium ## Run the tests, in a browser too (STORE=postgres: on PostgreSQL and Valkey)
	scripts/node.sh npm test --workspaces
	$(ON_STORE) $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not long"

test-faults: $(VENV)/.dev $(UI)/app.js chromium ## Run what breaks things, and what judges times: alone, on a quiet machine (an hour); its figures go into docs/reference/reliability.md
	WRITE_RESULTS=1 $(ON_STORE) $(BIN)/pytest -m "faults or long"

check: $(VENV)/.dev $(UI)/app.js ## Style, types, architecture, migrations, generated files, the script's size, documentation
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m django makemigrations --check --dry-run --settings tests.settings
	$(BIN)/hubbub schema --check
	scripts/node.sh npm run check --workspaces
	scripts/node.sh npm run budget -w web
	$(MAKE) docs

docs: $(VENV)/.dev ## Build the documentation site into docs/_build/html
	$(BIN)/sphinx-build -q -E -W --keep-going docs docs/_build/html

bench: $(VENV)/.dev $(UI)/app.js ## Measure hubbub and its peers, and write benchmarks/RESULTS.md (an hour; CONTINUE=1: after a break)
	$(BIN)/python -m benchmarks $(if $(CONTINUE),--continue)

bench-quick: $(VENV)/.dev $(UI)/app.js ## Measure hubbub against two peers (three minutes)
	$(BIN)/python -m benchmarks --quick

ui: $(UI)/app.js ## Build the browser UI

requirements: $(VENV)/.dev ## Recompile requirements/*.txt (UPGRADE=1: to the newest versions)
	$(COMPILE) pyproject.toml --all-extras -o requirements/base.txt
	$(COMPILE) pyproject.toml requirements/dev.in --all-extras -c requirements/base.txt -o requirements/dev.txt
	$(COMPILE) requirements/build.in -c requirements/base.txt -o requirements/build.txt
	$(COMPILE) requirements/node.in -o requirements/node.txt
	$(COMPILE) benchmarks/peers/requirements.in -c requirements/base.txt -o benchmarks/peers/requirements.txt

clean: ## Remove what can be made again (never hubbub-data/)
	rm -rf $(VENV) node_modules clients/typescript/node_modules web/node_modules $(UI) dist docs/_build
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

PIP = $(BIN)/python -m pip install -qq --disable-pip-version-check

# Serving needs a third of what development does: a first `make run` doesn't wait for the rest.
$(VENV)/.run: requirements/base.txt requirements/build.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "hubbub needs Python 3.11 or newer. Name one: make PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements/base.txt -r requirements/build.txt
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	$(PIP) --require-hashes -r requirements/dev.txt
	touch $@

# Where the machine has no Node, the virtual environment carries it: hence the order.
node_modules/.stamp: package.json package-lock.json | $(VENV)/.run
	scripts/node.sh npm ci
	touch $@

# Only what Git would keep is a source: builds and node_modules never set off a build.
UI_SOURCES := $(shell git ls-files --cached --others --exclude-standard clients/typescript web 2>/dev/null)

$(UI)/app.js: node_modules/.stamp $(wildcard $(UI_SOURCES))
	scripts/node.sh npm run build --workspaces

chromium:
	scripts/chromium.sh
