# Two commands on a fresh machine: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types contracts security docs commands messages lock clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(STAMP)  ## make .venv with everything in it

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup  ## the whole line on the embedded sample, into ./demo (no network)
	$(BIN)/monitor demo --dir demo

test: setup  ## run the tests
	$(BIN)/python -m pytest -n auto

check: setup lint types contracts security docs test  ## everything that must hold before a commit on main

lint: setup  ## ruff, both lint and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup  ## mypy, strict
	$(BIN)/mypy

contracts: setup  ## who may import whom
	$(BIN)/lint-imports

security: setup  ## Dockerfile, known vulnerabilities, secrets in files
	$(BIN)/hadolint Dockerfile
	$(BIN)/python deploy/audit.py requirements/run.txt
	git ls-files -z -- . ':!tests' ':!requirements' ':!monitor/assess/weights' | xargs -0 $(BIN)/detect-secrets-hook

commands: setup  ## write docs/commands.md from the program
	$(BIN)/python deploy/write_commands.py

docs: setup  ## the documentation as a site, into ./site-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir site-docs

messages: setup  ## gather the words of the site into one catalogue
	$(BIN)/pybabel -q extract -F monitor/publish/locale/babel.cfg -k say -k say_many:1,2 -k to_say --omit-header --add-location=file --width=98 -o monitor/publish/locale/messages.pot .

lock:  ## write the requirements files anew (needs uv)
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-strip-extras --python-version 3.11 requirements/build.in -o requirements/build.txt
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-strip-extras --python-version 3.11 --extra web --extra postgres --extra queue --extra dkim pyproject.toml -o requirements/run.txt
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-strip-extras --python-version 3.11 --all-extras --group dev requirements/build.in pyproject.toml -o requirements/dev.txt

clean:  ## remove what was made here
	rm -rf $(VENV) demo site-docs dist build .mypy_cache .ruff_cache .pytest_cache
