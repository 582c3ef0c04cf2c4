# Two verbs for everybody: `make demo` and `make test`. Both need Python 3.11, 3.12 or 3.13, pip and make, nothing else.
# The first of these that runs; make PYTHON=… for another.
PYTHON ?= $(shell for python in python3.12 python3.11 python3.13 python3; do $$python -c '' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# What pytest leaves out; `make test MARKS=""` runs everything.
MARKS ?= not slow
PYTEST_ARGS ?=
# Processes that the tests run in, each with an Argilla of its own. 0 is this process, as a debugger wants it.
WORKERS ?= 2
BENCHES ?= extract curate describe serve assign export confidence adapt
# Where `make demo` serves.
PORT ?= 6900
DASHBOARD_PORT ?= 8501
# A folder with advisories in OSV's format, for `make audit`.
ADVISORIES ?=
# The repository's public address, for links and pictures of README.md on PyPI; nothing in the repository names it.
URL ?=

.PHONY: help demo test setup check audit format bench docs dist constraints clean

help:
	@echo "make demo    an Argilla on 127.0.0.1:$(PORT) with the examples in it (PORT=6901 for another)"
	@echo "make test    the tests, in two processes (MARKS='' includes the slow ones, WORKERS=0 for one process)"
	@echo "make setup   only the environment in .venv"
	@echo "make check   format, lint, types"
	@echo "make audit   known advisories of dependencies that nobody has judged (ADVISORIES=FOLDER for newer ones)"
	@echo "make bench   measurements, each beside a yardstick"
	@echo "make dist    wheel and sdist in dist/, built and tried from empty folders"
	@echo "make docs    the generated pages of docs/, the notebooks with their outputs, and the site in site/"

demo: $(VENV)/.demo
	$(BIN)/sharegpt-argilla demo --port $(PORT) --dashboard-port $(DASHBOARD_PORT)

test: setup
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "$(MARKS)" $(PYTEST_ARGS)

setup: $(VENV)/.all

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

audit: setup
	$(BIN)/python docs/audit.py $(ADVISORIES)

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup
	@missed=""; for name in $(BENCHES); do \
	  echo "== $$name"; $(BIN)/python -m bench.$$name || missed="$$missed $$name"; done; \
	  test -z "$$missed" || { echo "a target was missed in:$$missed"; exit 1; }

docs: setup
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/render_notebooks.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

dist: setup
	rm -rf dist build
	mkdir build && git ls-files -z | xargs -0 cp --parents -t build
	$(if $(URL),$(BIN)/python docs/pypi_readme.py $(URL) build,@echo "dist: without URL=https://… the links of README.md lead nowhere on PyPI")
	$(BIN)/python -m build --outdir dist build
	rm -rf build
	INSTALL_TESTS=1 $(BIN)/python -m pytest -m network $(PYTEST_ARGS)

# The demo does without the tools of developers. pip is asked again only when one of these files changed.
$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing into $(VENV) (a few minutes the first time) ..."
	$(PIP) install --only-binary :all: -c constraints.txt -e ".[serve,dashboard]"
	@touch $@

$(VENV)/.all: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing into $(VENV) (a few minutes the first time) ..."
	$(PIP) install --only-binary :all: -c constraints.txt -e ".[serve,dashboard,postgresql,dev]"
	@touch $@ $(VENV)/.demo

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) not found; name yours: make PYTHON=python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
	  echo "make: Python 3.11, 3.12 or 3.13 is needed, $(PYTHON) is another; name yours: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# New pins: the newest releases that pyproject.toml allows. Read the difference before you commit it.
constraints:
	rm -rf $(VENV)-new && $(PYTHON) -m venv $(VENV)-new
	$(VENV)-new/bin/python -m pip install --quiet -e ".[serve,dashboard,postgresql,dev]"
	$(VENV)-new/bin/python -m pip freeze --exclude-editable > constraints.txt
	rm -rf $(VENV)-new

clean:
	rm -rf $(VENV) $(VENV)-new build *.egg-info .pytest_cache .mypy_cache .ruff_cache
