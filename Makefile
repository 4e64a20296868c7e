# `make run` starts the chatbot, `make test` checks everything; both set themselves up.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed-run
TEST_STAMP := $(VENV)/.installed-test
# Apart from what is installed: only `make mutants` needs it.
MUTMUT := $(VENV)/mutmut
NEEDS := setup.cfg pyproject.toml constraints.txt

# A natively compiled hnswlib crashes on a processor with fewer instructions than the builder's.
export HNSWLIB_NO_NATIVE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export DENO_NO_UPDATE_CHECK := 1

# Tests that run at a time. Most wait for processes, databases and browsers.
JOBS ?= 2
PYTEST = $(BIN)/pytest -q -n $(JOBS) --dist worksteal

TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
# The CPU build is 200 MB, the default one brings 3 GB of CUDA. Without that index (offline, a mirror)
# one quick failed look-up is all it costs: pip goes on with its usual one.
INSTALL_TORCH = $(BIN)/pip install -q --retries 0 --timeout 15 --extra-index-url $(TORCH_INDEX) \
	-c constraints.txt torch==2.13.0 || $(BIN)/pip install -q -c constraints.txt torch==2.13.0

.DEFAULT_GOAL := help
.PHONY: help init init-test run test checks test-slow test-browser screenshots pytest coverage mutants lint types imports schema format lock clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUN_STAMP)  ## Start everything; the address is printed. ARGS="--port 9000"
	@$(BIN)/chatbot up $(ARGS)

init: $(RUN_STAMP)  ## Install what `make run` needs

init-test: $(TEST_STAMP)  ## Install what `make test` needs

# Tests wait a lot for processes, databases and browsers: what only computes runs beside them.
test: lint  ## Install, lint, then check types, layers and schema beside the tests
	@$(MAKE) --no-print-directory --jobs=2 pytest checks

checks:
	@$(MAKE) --no-print-directory --output-sync=target types imports schema

pytest: $(TEST_STAMP)  ## Run the tests alone. ARGS="-k ask"
	$(PYTEST) $(ARGS)

test-slow: $(TEST_STAMP)  ## Run also the tests that train models and start all processes
	$(PYTEST) -m "slow or not slow" $(ARGS)

test-browser: $(TEST_STAMP)  ## Run the tests in Chromium alone (apt-get install chromium)
	$(PYTEST) $(ARGS) tests/browser

screenshots: $(TEST_STAMP)  ## Take the pictures of the console for docs/ anew, in Chromium
	PYTHONPATH=tests $(BIN)/python -m docs.screenshots $(ARGS)

coverage: $(TEST_STAMP)  ## Run the tests and print, by package, which lines they ran
	$(PYTEST) --cov=chatbot --cov=workers --cov-report= $(ARGS)
	$(BIN)/python -m bench.coverage

mutants: $(MUTMUT)/.installed  ## Count which small faults the tests notice, for hours. ARGS="watch gate"
	PYTHONPATH=$(MUTMUT) nice -n 15 $(BIN)/python -m bench.mutants $(ARGS)

$(MUTMUT)/.installed: $(TEST_STAMP)
	@rm -rf $(MUTMUT)
	@$(BIN)/pip install -q -c constraints.txt --target $(MUTMUT) mutmut==3.8.1
	@touch $@

lint: $(TEST_STAMP)  ## Check style and formatting, of Python and of JavaScript
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/deno lint --quiet
	$(BIN)/deno fmt --check --quiet

types: $(TEST_STAMP)  ## Check types
	$(BIN)/mypy
	$(BIN)/mypy tests/browser/conftest.py
	$(BIN)/mypy tests/integration/conftest.py

imports: $(TEST_STAMP)  ## Check which way imports point
	$(BIN)/lint-imports

schema: $(TEST_STAMP)  ## Check that migrations make exactly the tables of the code
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	unset CHATBOT_DATABASE_URL CHATBOT_DATABASE_URL_FILE && export CHATBOT_DATA_DIR="$$folder" && \
	$(BIN)/alembic upgrade head && $(BIN)/alembic check

format: $(TEST_STAMP)  ## Format the code and fix what can be fixed
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(BIN)/deno fmt --quiet

lock: $(TEST_STAMP)  ## Write the installed versions to constraints.txt
	$(BIN)/pip freeze --exclude-editable | sed 's/+[A-Za-z0-9.]*$$//' | LC_ALL=C sort -f > constraints.txt

bench-%: $(TEST_STAMP)  ## Run bench/%.py
	$(BIN)/python -m bench.$* $(ARGS)

clean:  ## Remove the virtual environment and caches; data in var/ stays
	rm -rf $(VENV) build dist *.egg-info .coverage .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(BIN)/pip:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed. Install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11. Name another: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@command -v g++ >/dev/null || command -v c++ >/dev/null || { echo "A C++ compiler is needed to build hnswlib. Debian, Ubuntu: apt-get install g++" >&2; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) || { echo "Python's venv module is missing. Debian, Ubuntu: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }

$(RUN_STAMP): $(BIN)/pip $(NEEDS)
	@echo "Installing (a few minutes the first time) …"
	@$(INSTALL_TORCH)
	@$(BIN)/pip install -q -c constraints.txt -e '.[train,embedded]'
	@touch $@

$(TEST_STAMP): $(BIN)/pip $(NEEDS)
	@echo "Installing with test tools (a few minutes the first time) …"
	@$(INSTALL_TORCH)
	@$(BIN)/pip install -q -c constraints.txt -e '.[train,embedded,postgres,s3,test]'
	@touch $(RUN_STAMP) $@
