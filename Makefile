# Everything happens in .venv; a stamp remembers which lock it was made from.
# Needed: python3 python3-venv make (and npm for `make assets` alone).

PYTHON ?= python3
PORT   ?= 8000
BIN    := .venv/bin
RUN    := .venv/.runtime
DEV    := .venv/.development
PEERS  := .venv-peers/.made
# uv, quiet, and never into another environment that happens to be active
UV      = $(BIN)/uv pip
INTO    = --quiet --python $(BIN)/python $(CERTS)
# the machine's certificates where it has some (a company's proxy), else uv's own
CERTS   = $(if $(wildcard /etc/ssl/certs/ca-certificates.crt),--system-certs)
# Once the tests' tools are there they stay: their lock holds the runtime's too.
LOCK    = $(if $(wildcard $(DEV)),requirements-dev.lock,requirements.lock)

# The translations as the pages read them; git keeps the .po alone.
MO      = $(patsubst %.po,%.mo,$(wildcard marketplace/translations/*/LC_MESSAGES/*.po))

# what makes an environment out of $(1); `sync` removes the project, so it comes last
define environment
$(UV) sync $(INTO) --require-hashes --compile-bytecode $(1)
$(UV) install $(INTO) --no-deps --no-build-isolation --offline -e .
endef

.DEFAULT_GOAL := help
.PHONY: help install run test full lint format peers assets translations revision baseline bench lock clean

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(RUN) ## make the environment, and only that

run: $(RUN) $(MO) ## start the exchange with a demo market on http://127.0.0.1:8000 (PORT=…)
	@exec env PORT=$(PORT) $(BIN)/databourse demo --serve

test: $(DEV) $(MO) ## run the tests; what the machine lacks is skipped by name (ARGS=… for pytest)
	@$(BIN)/pytest -n 2 $(ARGS)

full: $(DEV) $(MO) ## run on everything the tests that take a sample (SEED=…); real catalogues needed
	@DATABOURSE_TEST_FULL=1 $(if $(SEED),DATABOURSE_TEST_SEED=$(SEED)) \
	  $(BIN)/pytest tests/flows/test_real_input.py tests/quality \
	  tests/marketplace/trading/test_replay.py tests/crash/test_points.py \
	  tests/marketplace/payments/test_card_histories.py \
	  tests/listings/cleanroom/test_hostile.py tests/contracts/test_openapi.py

lint: $(DEV) ## check style, types, who imports whom, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python .ci/translations.py --check

format: $(DEV) ## put the code into the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

peers: $(PEERS) ## make the environment of the outside validators that tests/peers asks

assets: ## fetch static/vendor and tests/vendor as package-lock.json names them (npm)
	npm ci --ignore-scripts --no-audit --no-fund
	npm run copy
	npm run check

translations: $(DEV) ## collect what the pages say into marketplace/translations
	$(BIN)/python .ci/translations.py

revision: $(DEV) ## write a migration for what changed in the tables (MESSAGE="Add …")
	rm -f .venv/revision.db
	DATABASE_URL=sqlite:///.venv/revision.db $(BIN)/alembic upgrade head
	DATABASE_URL=sqlite:///.venv/revision.db $(BIN)/alembic revision --autogenerate \
	  --rev-id $(or $(REVISION),$$(printf %04d $$(($$(ls marketplace/migrations/versions/*.py 2>/dev/null | wc -l) + 1)))) \
	  -m "$(or $(MESSAGE),$(error say MESSAGE="what changes"))"
	$(BIN)/ruff format -q marketplace/migrations

baseline: ## only while nothing is released: write the first revision anew
	rm -f marketplace/migrations/versions/*.py
	$(MAKE) revision MESSAGE="The first tables" REVISION=0001b$$(date +%y%m%d)

bench: $(DEV) ## measure speed beside peers, in tables (NAME=book|settle|search|http|quality)
	$(BIN)/python -m tests.speed $(NAME)

lock: $(RUN) ## resolve the dependencies anew and pin them by hash
	$(BIN)/uv pip compile --quiet $(CERTS) --upgrade pyproject.toml --group build \
	  --generate-hashes --universal --python-version 3.11 -o requirements.lock
	$(BIN)/uv pip compile --quiet $(CERTS) pyproject.toml --group build --group dev -c requirements.lock \
	  --generate-hashes --universal --python-version 3.11 -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet $(CERTS) --upgrade .ci/peers.in \
	  --generate-hashes --universal --python-version 3.11 -o .ci/peers.lock

clean: ## remove the environments and caches; the data in var/ stays
	rm -rf .venv .venv-peers node_modules dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

%.mo: %.po | $(RUN)
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

$(BIN)/uv:
	$(PYTHON) -m venv .venv
	@awk '/^uv==/{on=1} on{print} on&&!/\\$$/{exit}' requirements.lock > .venv/uv.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.lock

$(RUN): requirements.lock pyproject.toml | $(BIN)/uv
	$(call environment,$(LOCK))
	@touch $@

$(PEERS): .ci/peers.lock | $(BIN)/uv
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-peers
	$(UV) sync --quiet --python .venv-peers/bin/python $(CERTS) --require-hashes .ci/peers.lock
	@touch $@

$(DEV): requirements-dev.lock pyproject.toml | $(BIN)/uv
	$(call environment,requirements-dev.lock)
	@touch $@ $(RUN)
