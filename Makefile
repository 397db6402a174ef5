# Vouch: `make` alone lists what there is. Needs make, POSIX sh and Python 3.11, 3.12 or 3.13 (PYTHON=... names one).
.POSIX:
.SUFFIXES:
.PHONY: help run run-teams open-teams venv venv-run node test test-slow coverage lint check bench load chaos chaos-nightly lock format clean

BIN = .venv/bin
ARGS =
WORKERS = 4
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv --quiet pip compile --no-config --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate pyproject.toml

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 20

run: venv-run ## start the demo on http://127.0.0.1:8080 (PORT=8081 for another port; Ctrl-C ends it)
	@exec $(BIN)/python -m playground

run-teams: venv-run ## start the demo for Microsoft's Agents Playground, and say how to open that (PORT=3979 for another port)
	@exec $(BIN)/python -m playground.teams

open-teams: ## open Agents Playground beside it, in a second terminal (WHO=tom for somebody else at the keys)
	@exec $(BIN)/python -m playground.teams open

venv: ## make or refresh .venv with everything for tests and checks
	@PYTHON="$(PYTHON)" tools/venv.sh dev

venv-run:
	@PYTHON="$(PYTHON)" tools/venv.sh run

node: ## install what the tests run with Node (schemas, card renderer and playground of Microsoft's) into tools/node
	@npm install --prefix tools/node --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error

test: venv ## run the tests (ARGS="-k share" picks some; WORKERS=0 for one process, as a debugger needs)
	@exec env PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not slow" $(ARGS)

test-slow: venv ## run the tests that `make test` leaves out: a small chaos, a small load
	@exec $(BIN)/python -m pytest -m slow $(ARGS)

coverage: venv ## branch coverage of the rules and use cases by their own tests; under 90 % fails
	@exec $(BIN)/python -m pytest tests/core tests/handlers --cov=bot.core --cov=handlers --cov-branch --cov-fail-under=90 $(ARGS)

lint: venv ## check format, style, types and imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

check: lint test ## lint, then test

bench: venv ## measure the promised speeds and print the table
	@exec $(BIN)/python -m benchmarks $(ARGS)

load: venv ## live a large company's morning at twenty times the limits (ARGS="--database sqlite --platform slack --short")
	@exec $(BIN)/python -m benchmarks.load $(ARGS)

chaos: venv ## kill processes 500 times on both databases and see what was lost (ARGS="--kills 100 --seed 7")
	@exec $(BIN)/python -m benchmarks.chaos $(ARGS)

chaos-nightly: venv ## the same with 10,000 kills, for a night
	@exec $(BIN)/python -m benchmarks.chaos --kills 10000 $(ARGS)

format: venv ## put the code into the project's format
	$(BIN)/ruff check --fix-only --select I .
	$(BIN)/ruff format .

lock: venv ## resolve pyproject.toml anew into requirements/ (ARGS="--upgrade" for newer versions)
	$(COMPILE) --group build $(ARGS) -o requirements/run.txt
	$(COMPILE) --group dev -c requirements/run.txt $(ARGS) -o requirements/dev.txt

clean: ## remove .venv, caches and what tests left behind (the demo's data stays)
	rm -rf .venv build dist vouch.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf .coverage .coverage.* htmlcov artifacts bench-results tools/node/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
