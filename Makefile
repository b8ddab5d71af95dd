# make demo and make test need Python 3.11 or newer and nothing else; everything else is installed into .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# One more than there are cores: many tests wait for a boxed organization to answer.
WORKERS = $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')

.PHONY: help demo test test-elsewhere check fuzz audit sbom bench format docs sample clean
.DEFAULT_GOAL := help
# The tests start the program many hundred times: without stored bytecode, each start would compile it anew.
unexport PYTHONDONTWRITEBYTECODE

help:
	@echo "make demo    audit an organization in a box and leave a workbook in reports/"
	@echo "make test    run all tests"
	@echo "make test-elsewhere    the same 400 days from now, in another time zone, locale and folder, and not as root"
	@echo "make check   ruff (flake8-bandit's rules among others), ruff format and mypy --strict"
	@echo "make fuzz    the parsers against input that nobody thought of, for some minutes"
	@echo "make audit   are there known vulnerabilities in what constraints.txt pins?"
	@echo "make sbom    write sbom.cdx.json, the bill of materials of what is pinned (CycloneDX)"
	@echo "make bench   measure, and print one table"
	@echo "make docs    write the parts of README that are made from the program"
	@echo "make sample  write reports/sample/: a workbook, and the picture of its first page"
	@echo "make format  put the code into the project's format"
	@echo "make clean   remove what make has installed and built"

# The demo's exit code 4 (some boxed accounts cannot be assessed, on purpose) is its success.
demo: $(VENV)/.installed
	@$(BIN)/auditor demo; code=$$?; [ $$code -eq 0 ] || [ $$code -eq 4 ]

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

# TESTS="tests/integration/test_run.py ..." runs some of them; MOVED="" leaves the clock alone.
test-elsewhere:
	WORKERS=$(WORKERS) .ci/elsewhere $(TESTS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fuzz: $(VENV)/.installed-dev
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest tests/property -k fuzz -q

audit: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.audit

sbom: $(VENV)/.installed-dev
	$(BIN)/python -m tests.sbom

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.benchmarks

docs: $(VENV)/.installed-dev
	$(BIN)/python -m tests.readme

sample: $(VENV)/.installed-dev
	$(BIN)/python -m tests.sample

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "installing into $(VENV) (about a minute, once) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "installing what the tests need ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
