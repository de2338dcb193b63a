# Two commands matter: `make dev` opens the studio on examples/store, `make test` runs everything.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCH_STAMP := $(VENV)/.installed-bench

.PHONY: help dev check test docs bench bench-full format clean
.DEFAULT_GOAL := help

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --editable '.[all]' --group dev
	@touch $(STAMP)

dev: $(STAMP) ## serve examples/store and open the studio on it
	@cd examples/store && ../../$(BIN)/loom dev $(ARGS)

check: $(STAMP) ## format, lint, types, floors, fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -n 2 -m "not slow and not browser" tests

test: $(STAMP) ## everything, with a real browser where one can be had
	@./.ci/chromium
	$(BIN)/pytest -q -n 2 --dist loadgroup -m "not soak"

docs: $(STAMP) ## the documentation as a site in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict --config-file docs/mkdocs.yml

$(BENCH_STAMP): $(STAMP)
	@$(BIN)/python -m pip install --quiet --group bench
	@touch $(BENCH_STAMP)

bench: $(BENCH_STAMP) ## loom beside the same application written by hand, some minutes
	@./.ci/wrk
	@$(BIN)/python -m benchmarks $(ARGS)

bench-full: $(BENCH_STAMP) ## the same with every scenario, database and level, about two hours
	@./.ci/wrk
	@$(BIN)/python -m benchmarks --full $(ARGS)

format: $(STAMP) ## rewrite the sources in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove what the commands above made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache

.PHONY: soak bench-reload
soak: $(STAMP) ## the tests that take their time: a thousand reloads
	$(BIN)/pytest -q -n 0 -s -m soak

bench-reload: $(STAMP) ## from a save to its first answer, beside uvicorn and granian, half an hour
	@$(BIN)/python -m pip install --quiet --group bench-reload
	@$(BIN)/python -m benchmarks.reload $(ARGS)
