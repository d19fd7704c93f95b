# Everything from nothing but make and a Python of 3.11 or newer:
#
#   make summary      the embedded model reads the two articles in seeds/ (fetches its weights once)
#   make test         the tests: no network, no model
#   make test-local   the tests that run the embedded model: minutes
#   make test-spark   the tests that start a Spark session: needs Java 17, and builds pyspark once
#   make lint         ruff, mypy, the import contracts, and what the gold articles cover
#   make record       records the cassettes anew, with the embedded model, and the README's output:
#                     the seeds, the gold and the hostile articles, in less than half an hour
#   make floors       sets the floors of the figures to what the cassettes give, and prints them
#   make bench        the measurements of benchmarks/
#   make lock         resolves the dependencies anew (needs uv)
#   make clean        removes what was built
#
# PYTHON=/path/to/python chooses another interpreter.

ROOT := $(CURDIR)
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
STAMP := $(VENV)/.ready
SPARK := .venv-spark
SPARK_BIN := $(SPARK)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
SPARK_STAMP := $(SPARK)/.ready
SEED := seeds/000_e5b3391f3894ea28.txt

# The first interpreter that is new enough and can make a virtual environment. The lock is checked
# for 3.11 to 3.13, so those go first.
FIND_PYTHON = for p in python3.13 python3.12 python3.11 python3 python; do \
	"$$p" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo "$$p"; break; }; done
PYTHON ?= $(shell $(FIND_PYTHON))

# What the caller's shell has set must not reach into the environment made here.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PIP_USER PIP_TARGET

.PHONY: summary test test-local test-spark lint record floors bench lock clean FORCE
.DEFAULT_GOAL := test

summary: $(STAMP)
	$(BIN)/python -m communique $(SEED) --model local

test: $(STAMP)
	$(BIN)/python -m pytest

test-local: $(STAMP)
	$(BIN)/python -m pytest -m local_model

test-spark: $(SPARK_STAMP)
	$(SPARK_BIN)/python -m pytest -m spark

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/check_gold.py --quiet

record: $(STAMP)
	COMMUNIQUE_RECORD=1 $(BIN)/python -m pytest --record-mode=rewrite -m recorded
	COMMUNIQUE_README=1 $(BIN)/python -m pytest -k readme_shows

floors: $(STAMP)
	COMMUNIQUE_FLOORS=1 $(BIN)/python -m pytest -q -s -k floor tests/test_recorded_gold.py

bench: $(STAMP)
	$(BIN)/python benchmarks/run.py

# The stamp names the folder that the environment was made in: a copy or a moved checkout makes its
# own, since scripts and the editable install hold absolute paths.
$(STAMP): pyproject.toml requirements/dev.txt $(if $(filter-out $(ROOT),$(shell cat $(STAMP) 2>/dev/null)),FORCE)
	@test -n "$(PYTHON)" || { echo "A Python of 3.11 or newer with venv is needed: install one, or say make PYTHON=/path/to/python." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) does not run, or is older than 3.11: say make PYTHON=/path/to/python." >&2; exit 1; }
	"$(PYTHON)" -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@echo "$(ROOT)" > $@

# pyspark is published as source only, of 450 MB: it has an environment of its own, which neither the
# lock of the developers nor an extra has a part in.
$(SPARK_STAMP): $(STAMP) requirements/spark.txt
	$(BIN)/python -m venv --clear $(SPARK)
	$(SPARK_BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements/dev.txt
	$(SPARK_BIN)/python -m pip install --quiet --require-hashes -r requirements/spark.txt
	$(SPARK_BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@echo "$(ROOT)" > $@

# No address of an index, no path: the locks hold names, versions and hashes, for every system.
COMPILE = $${UV:-uv} pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet
lock:
	$(COMPILE) pyproject.toml --all-extras --upgrade -o requirements/dev.txt
	$(COMPILE) pyproject.toml -c requirements/dev.txt -o requirements/run.txt
	echo "pyspark>=4,<5" | $(COMPILE) - -c requirements/dev.txt --upgrade -o requirements/spark.txt

clean:
	rm -rf $(VENV) $(SPARK) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

FORCE:
