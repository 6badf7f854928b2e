# Every target sets up what it needs, in .venv, with Python 3.11 or later and a package index.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := build/demo

# What each part prints comes out as a whole, if make can do that: macOS has one that cannot.
WHOLE := $(if $(filter output-sync,$(.FEATURES)),--output-sync)

.PHONY: demo test check style types plain-fuzz fuzz bench docs clean

demo: $(VENV)/.with-product
	rm -rf $(DEMO)
	$(BIN)/signedcert demo $(DEMO)

test: $(VENV)/.with-tools
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal --durations 15 --cov --cov-report term

# The fuzzing takes all cores by itself; the others take one each.
check: $(VENV)/.with-tools
	$(MAKE) --jobs 2 $(WHOLE) types style docs
	$(MAKE) plain-fuzz

style: $(VENV)/.with-tools
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: $(VENV)/.with-tools
	$(BIN)/mypy

plain-fuzz: $(VENV)/.with-tools
	$(BIN)/python -m fuzz.run --plain --untimed --seed 1 --seconds 1

docs: $(VENV)/.with-tools
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going docs build/docs

fuzz: $(VENV)/.with-tools
	$(BIN)/python -m pip install --quiet --group fuzz
	$(BIN)/python -m fuzz.run --inputs 2000000

bench: $(VENV)/.with-tools build/bench/pyjwt-2.10
	$(BIN)/python -m pip install --quiet --group bench
	$(BIN)/python -m benchmarks

# A second PyJWT, beside the one in .venv.
build/bench/pyjwt-2.10: | $(VENV)/.with-tools
	$(BIN)/python -m pip install --quiet --no-deps --target $@ pyjwt==2.10.1

clean:
	rm -rf $(VENV) build

$(VENV)/.with-product: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "signedcert needs Python 3.11 or later: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[all]"
	touch $@

$(VENV)/.with-tools: $(VENV)/.with-product
	$(BIN)/python -m pip install --quiet --editable ".[all]" --group check
	touch $@
