# Each target makes what it needs. Taken for granted: Python 3.11 to 3.14 and make.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet --quiet
WORKERS ?= auto
TURNS ?= on
ARGS ?=

.PHONY: help
help: ## Show this help
	@echo 'Slipway: make TARGET'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | while IFS='|' read -r name text; do printf '  %-16s %s\n' $$name "$$text"; done
	@echo
	@echo 'Variables: PYTHON=python3.12, ARGS="-k name" (test, acceptance), WORKERS=2 TURNS=off (test), KEEP=1 and STORY=full (demo), UPGRADE=1 (lock)'
	@echo '           SEED=1 SEEDS=20 DATABASE=postgresql (soak)'

.PHONY: demo
demo: install tools-optional ## Make a first cluster on this machine and talk to it; KEEP=1 leaves it running, STORY=full tells all
	@$(BIN)/slipway demo

.PHONY: run
run: install ## Run API, worker and local Azure on this machine (slipway dev)
	@$(BIN)/slipway dev

.PHONY: test
test: install tools-optional ## Run all tests on SQLite, PostgreSQL or both; TURNS=off: each on both
	@SLIPWAY_TEST_TURNS=$(TURNS) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

.PHONY: test-long
test-long: install ## Run the tests that take a minute each or more: workers killed at every step on PostgreSQL too, a thousand requests, two hundred jobs
	@$(BIN)/python -m pytest -m long $(ARGS)

.PHONY: acceptance
acceptance: install tools-optional .tools/az/.requirements ## Run real az and kubectl, and Slipway's story, against the local Azure
	@$(BIN)/python -m pytest -x tests/acceptance/test_az.py tests/acceptance/test_az_life.py tests/acceptance/test_az_monitoring.py tests/acceptance/test_az_storage.py tests/acceptance/test_story_locally.py $(ARGS)

.PHONY: acceptance-azure
acceptance-azure: install tools ## Run Slipway's story against real Azure (docs/azure.md); it costs money
	@$(BIN)/python -m pytest -x tests/acceptance/test_story_on_azure.py $(ARGS)

SEED ?= 1
SEEDS ?= 1
DATABASE ?= sqlite

.PHONY: soak
soak: install ## Clients, faults and a verdict: SEED=7 SEEDS=20 DATABASE=postgresql
	@$(BIN)/python -m tests.soak --seed $(SEED) --seeds $(SEEDS) --database $(DATABASE)

.PHONY: soak-mutants
soak-mutants: install ## Does the soak find each planted defect within 20 seeds?
	@for mutant in takeover-without-queue no-fence commit-after-answer success-without-effect; do \
	  $(BIN)/python -m tests.soak --seed $(SEED) --seeds 20 --database $(DATABASE) --mutant $$mutant || exit 1; done

.PHONY: check
check: install ## Lint, types, import contracts, file lengths; is the lock, the API description, the reference fresh?
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/file_lengths.py
	$(BIN)/python scripts/check_lock.py
	$(BIN)/python -m scripts.settings_reference --check
	$(BIN)/python -m scripts.cluster_fields --check
	$(BIN)/python -m scripts.pool_fields --check
	$(BIN)/slipway openapi --check openapi/openapi.json

.PHONY: fuzz
fuzz: install ## Send for two minutes what the API description allows and what it does not; SEED=n repeats a run
	@$(BIN)/python -m tests.contract.fuzzing $(SEED) 120

# It needs Node, which nothing else does.
.PHONY: openapi-lint
openapi-lint: ## Lint openapi/openapi.json with Redocly's linter
	@if command -v npm >/dev/null; then npm exec --yes -- @redocly/cli@2.77.0 lint --config redocly.yaml openapi/openapi.json; \
	else echo 'Not linted: there is no npm on this machine.'; fi

.PHONY: bench
bench: install ## Measure: calls to Azure, latency, reads, cost of a job, each beside a comparison
	@$(BIN)/python -m bench $(ARGS)

.PHONY: bench-real
bench-real: install ## Measure at Azure's own pace (six minutes) how soon a create's end is known
	@$(BIN)/python -m bench real

.PHONY: migrate
migrate: install ## Bring the database up to the newest schema
	@$(BIN)/slipway migrate

.PHONY: openapi
openapi: install ## Write openapi/openapi.json anew
	@$(BIN)/slipway openapi --output openapi/openapi.json

.PHONY: docs
docs: install ## Write docs/settings.md, docs/cluster-fields.md, the fields in docs/node-pools.md and docs/infrastructure.svg anew
	@$(BIN)/python -m scripts.settings_reference
	@$(BIN)/python -m scripts.cluster_fields
	@$(BIN)/python -m scripts.pool_fields
	@$(BIN)/python -m tests.infrastructure.example

.PHONY: tools
tools: $(BIN)/python ## Take kubectl into .tools/, where none is installed
	@$(BIN)/python scripts/fetch_kubectl.py

# Tests that need kubectl are skipped with the reason, and the demo uses Slipway's own client, where it cannot be had.
.PHONY: tools-optional
tools-optional: $(BIN)/python
	@$(BIN)/python scripts/fetch_kubectl.py --optional

.PHONY: lock
lock: install ## Pin all dependencies anew from pyproject.toml; UPGRADE=1 takes the newest
	@sh scripts/lock.sh
	@$(BIN)/python scripts/check_lock.py

.PHONY: clean
clean: ## Remove what was built, the environment too
	rm -rf .venv .tools dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find app migrations scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: install
install: $(BIN)/slipway

$(BIN)/slipway: .venv/.requirements pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# The stamp comes last: an install that was interrupted is taken up again.
.venv/.requirements: requirements/dev.txt $(BIN)/python
	@echo 'Installing the pinned requirements into .venv'
	@$(PIP) install --require-hashes --no-deps --only-binary :all: --requirement requirements/dev.txt
	@cp requirements/dev.txt $@

.tools/az/.requirements: requirements/azure-cli.txt | $(BIN)/python
	@echo 'Installing the pinned az into .tools/az (700 MB)'
	@$(BIN)/python -m venv --clear .tools/az
	@.tools/az/bin/python -m pip --disable-pip-version-check --no-input --quiet --quiet install \
		--require-hashes --no-deps --requirement requirements/azure-cli.txt
	@cp requirements/azure-cli.txt $@

# An environment whose Python has gone, or that was made in another folder, is made anew.
ifneq ($(shell grep -qs '$(CURDIR)/.venv/' $(BIN)/pip && $(BIN)/python -c '' 2>/dev/null && echo works),works)
.PHONY: $(BIN)/python
endif
$(BIN)/python:
	@python=$$(PYTHON='$(PYTHON)' scripts/find-python) && "$$python" -m venv --clear .venv
