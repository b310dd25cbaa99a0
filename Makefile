# The commands of the project. Each sets up what it needs in .venv, once.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
CORE := $(wildcard autograd/_*.h autograd/*.pyx autograd/*.pxd) autograd/passes.py

.PHONY: demo demos test lint types docs kernels mutants mutation bench accuracy sanitize clean

demo: $(VENV)/ready  ## train a network on the two moons and draw pictures
	$(RUN) -m demos.moons

demos: demo  ## run every demo
	$(RUN) -m demos.backpropagation
	$(RUN) -m demos.expressions
	$(RUN) -m demos.misconceptions
	$(RUN) -m demos.rosenbrock
	$(RUN) -m demos.sine

test: $(VENV)/ready  ## run the whole test suite on both cores
	AUTOGRAD_PURE=1 $(RUN) -m pytest -n auto --cov --cov-report= --cov-fail-under=0
	$(RUN) -m pytest -n auto --cov --cov-append

lint: $(VENV)/ready
	$(RUN) -m ruff check .

types: $(VENV)/ready
	$(RUN) -m mypy

docs: $(VENV)/ready  ## print the pages that are printed, run every example in the documentation
	$(RUN) docs/print_primitives.py > docs/primitives.new && mv docs/primitives.new docs/primitives.md
	$(RUN) -m docs.print_misconceptions > docs/misconceptions.new && mv docs/misconceptions.new docs/misconceptions.md
	$(RUN) -m pytest --doctest-modules autograd nn tests/test_documentation.py
	AUTOGRAD_PURE=1 $(RUN) -m pytest --doctest-modules autograd/passes.py  # else its functions are those of C

kernels: $(VENV)/ready  ## print the table of primitives in C, for the compiled core, and in JavaScript, for the explorer
	$(RUN) -m autograd.kernels > autograd/_kernels.new && mv autograd/_kernels.new autograd/_kernels.h
	$(RUN) -m autograd.rules > autograd/_rules.new && mv autograd/_rules.new autograd/_rules.h
	$(RUN) -m autograd.explorer.javascript > autograd/primitives.new && mv autograd/primitives.new autograd/explorer/primitives.js

mutants: $(VENV)/ready  ## change every derivative in turn: the tests must notice
	AUTOGRAD_PURE=1 $(RUN) -m tests.mutants

mutation: $(VENV)/ready  ## change the source here and there: the tests must notice
	$(RUN) -m pip install --quiet --disable-pip-version-check --requirement tests/mutation-requirements.txt
	$(RUN) -m tests.mutation

sanitize: $(VENV)/ready  ## run the tests on a compiled core that watches every access to memory
	$(RUN) -m pip install --quiet --disable-pip-version-check cython setuptools
	$(RUN) -m tests.sanitize

bench: .venv-bench/ready  ## compare with other libraries, side by side
	.venv-bench/bin/python -m benchmarks.eager; eager=$$?; .venv-bench/bin/python -m benchmarks.batch && exit $$eager

accuracy: $(VENV)/ready .venv-peers/ready  ## measure every derivative, ours and others', and write docs/numerics.md
	$(RUN) -m benchmarks.accuracy --peers .venv-peers/bin/python --write

# Without ensurepip (Debian's python3 alone) an environment is made bare, and the pip at hand installs into it.
$(VENV)/ready: setup.cfg setup.py pyproject.toml $(CORE)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=…")'
	$(PYTHON) -m venv $(VENV) || $(PYTHON) -m venv --without-pip --clear $(VENV)
	PIP="$(RUN) -m pip"; $$PIP --version >/dev/null 2>&1 || PIP="$(PYTHON) -m pip --python $(RUN)"; \
	$$PIP install --quiet --disable-pip-version-check --editable '.[demos,test,lint]'
	@$(RUN) -c 'from autograd.core import NATIVE; NATIVE or print("No compiler: autograd runs in plain Python.")'
	@touch $@

.venv-bench/ready: setup.cfg setup.py pyproject.toml benchmarks/requirements.txt $(CORE)
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --editable . --requirement benchmarks/requirements.txt
	@touch $@

# One of the peers has our import name, so the library itself is not installed here.
.venv-peers/ready: benchmarks/accuracy-requirements.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet --requirement benchmarks/accuracy-requirements.txt
	@touch $@

clean:
	rm -f autograd/_native.c autograd/_machine.c autograd/passes.c autograd/_*.so autograd/_*.pyd
	rm -rf $(VENV) .venv-bench .venv-peers .accuracy build dist pictures *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
