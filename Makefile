# Everything runs in .venv, which the first target that needs it makes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test fuzz mutants lint types layers claims claims-long bench docs clean

$(VENV)/.base: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(PIP) -e .
	touch $@

$(VENV)/.dev: $(VENV)/.base
	$(PIP) --group dev -e .
	touch $@

$(VENV)/.docs: $(VENV)/.base
	$(PIP) --group docs
	touch $@

demo: $(VENV)/.base
	$(BIN)/python demo/run.py

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

layers: $(VENV)/.dev
	$(BIN)/lint-imports

test: lint types layers
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal  # two workers, a thread each

fuzz: $(VENV)/.dev  # hours; make test has a short form of it
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/fuzz/run.py --commands 20000

mutants: $(VENV)/.dev  # hours for every method; goes on where it stopped. ARGS="--only holm" for one
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/mutants/run.py $(ARGS)

claims: $(VENV)/.dev
	$(BIN)/python claims/run.py

claims-long: $(VENV)/.dev
	$(BIN)/python claims/run.py --long

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/run.py

docs: $(VENV)/.docs
	$(BIN)/python docs/build.py

clean:
	rm -rf build dist site demo-out
