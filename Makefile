# The commands of the project. Each sets up what it needs in .venv, once.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: demo demos test lint types docs mutants clean

demo: $(VENV)/ready  ## train a network on the two moons and draw pictures
	$(RUN) -m demos.moons

demos: demo  ## run every demo
	$(RUN) -m demos.expressions
	$(RUN) -m demos.rosenbrock
	$(RUN) -m demos.sine

test: $(VENV)/ready  ## run the whole test suite
	$(RUN) -m pytest -n auto --cov

lint: $(VENV)/ready
	$(RUN) -m ruff check .

types: $(VENV)/ready
	$(RUN) -m mypy

docs: $(VENV)/ready  ## print the table of primitives, run every example in the documentation
	$(RUN) docs/print_primitives.py > docs/primitives.new && mv docs/primitives.new docs/primitives.md
	$(RUN) -m pytest --doctest-modules autograd nn tests/test_documentation.py

mutants: $(VENV)/ready  ## change every derivative in turn: the tests must notice
	$(RUN) -m tests.mutants

# Without ensurepip (Debian's python3 alone) an environment is made bare, and the pip at hand installs into it.
$(VENV)/ready: setup.cfg setup.py pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=…")'
	$(PYTHON) -m venv $(VENV) || $(PYTHON) -m venv --without-pip --clear $(VENV)
	PIP="$(RUN) -m pip"; $$PIP --version >/dev/null 2>&1 || PIP="$(PYTHON) -m pip --python $(RUN)"; \
	$$PIP install --quiet --disable-pip-version-check --editable '.[demos,test,lint]'
	@touch $@

clean:
	rm -rf $(VENV) build dist pictures *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
