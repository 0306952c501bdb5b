.PHONY: help demo test lint check docs docs-check ui lock clean
PYTHON ?= python3
BIN := .venv/bin
UI_PORT ?= 5000

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: .venv/ready ## set up, then stylise a bundled photograph: minutes (no GPU needed)
	@picture=$$($(BIN)/stx run content=china style=swirls image_size.long_side=256) && \
	printf '\nThe picture is %s\nmake ui shows the run in MLflow\n' "$$picture"

test: .venv/ready ## set up, then run the tests (minutes); PYTEST=--slow adds the slow ones
	$(BIN)/python -m pytest --numprocesses=2 --dist=worksteal --durations=10 $(PYTEST)

lint: .venv/ready ## ruff and the type checker
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint test ## both

docs: .venv/ready ## build the documentation into build/site; a broken link is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo build/site/index.html

docs-check: ## run every command in README and docs as written, in a separate environment: hours
	rm -rf build/docs-check
	$(PYTHON) -m venv build/docs-check
	build/docs-check/bin/pip install --quiet -r requirements.lock
	build/docs-check/bin/pip install --quiet --no-deps --no-build-isolation .
	build/docs-check/bin/python -m pytest tests/test_docs.py --as-typed --timeout=0

ui: .venv/ready ## start the MLflow UI for the default store, on this machine only
	@echo "http://127.0.0.1:$(UI_PORT)/#/experiments?workflowType=machine_learning   answers in half a minute (port $(UI_PORT) taken? make ui UI_PORT=5001)"
	MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false $(BIN)/mlflow ui --backend-store-uri sqlite:///outputs/mlflow.db \
		--host 127.0.0.1 --port $(UI_PORT)

lock: .venv/ready ## write the package versions of this environment to requirements.lock
	$(BIN)/pip freeze --exclude-editable | sed -E 's/\+(cpu|cu[0-9]+)$$//' > requirements.lock

clean: ## remove the environment (the runs in outputs/ stay)
	rm -rf .venv

.venv/ready: pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "stx needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	@echo 'Installing stx and what it needs, including PyTorch, into .venv: once, a few minutes'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	touch $@
