# make demo   install the light set and show the whole job on invented outlets, then the web page
# make test   install everything that tests need; check style, types and layers; run all tests with coverage
# make elasticsearch  fetch the search server that the tests start, and what runs it (a Java runtime)
# make lint   the checks without the tests
# make bench  measure speed against named peers (needs EHO_DATA); DOCUMENTS="10000 1000000" sets the sizes of the index,
#             ELASTICSEARCH=http://… measures a running server as well
# make fuzz   50,000 mutated pages and feeds: no crash, no hang; CASES=1000 for fewer

PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif

.DELETE_ON_ERROR:
.PHONY: demo test lint bench fuzz chromium elasticsearch redis

demo: $(VENV)/.light
	$(BIN)/eho demo

test: lint chromium elasticsearch redis
	$(BIN)/python -m pytest -n 2 --dist loadgroup --cov --cov-report=term:skip-covered

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	@test -n "$$EHO_DATA" || { echo "make bench reads the public data sets; set EHO_DATA to their folder."; exit 2; }
	@for script in evaluation/benchmarks/*_speed.py; do \
		echo "$$script"; $(BIN)/python "$$script" --eho-data "$$EHO_DATA" || exit 1; \
	done
	$(BIN)/python -m evaluation.benchmarks.index_scale --eho-data "$$EHO_DATA" \
		$(if $(ELASTICSEARCH),--elasticsearch "$(ELASTICSEARCH)") $(foreach n,$(DOCUMENTS),--documents $(n))

fuzz: $(VENV)/.dev
	$(BIN)/python -m evaluation.fuzzing --cases $(or $(CASES),50000)

# The tests of the search server use Elastic's minimal build, fetched through Maven and kept below ~/.cache/eho; without it they
# are skipped and say so (where CI is set, they fail).
elasticsearch: $(VENV)/.dev
	@if command -v mvn >/dev/null 2>&1 && command -v java >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends default-jre-headless maven; \
	else echo "Java or Maven is missing: install them with: sudo apt-get install default-jre-headless maven"; fi
	@$(BIN)/python -m evaluation.elasticsearch_server fetch || echo "the tests of the search server will be skipped"

# The browser tests use Debian's chromium; without it they are skipped and say so.
chromium:
	@if command -v chromium >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; \
	else echo "chromium is missing: the browser tests will be skipped; install it with: sudo apt-get install chromium"; fi

# Several workers share a frontier on a real Redis server; without one their tests are skipped and say so.
redis:
	@if command -v redis-server >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends redis-server; \
	else echo "redis-server is missing: the tests of several workers will be skipped; install it with: sudo apt-get install redis-server"; fi

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Eho needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.light: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,dev]'
	@touch $@ $(VENV)/.light
