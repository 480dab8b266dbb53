# Beffroi: every target installs what it needs, says so, and can be run again at no cost.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
STAMPS := $(VENV)/.stamps
SCENES := .scenes
export BEFFROI_SCENES := $(abspath $(SCENES))
export PATH := $(abspath $(VENV))/bin:$(PATH)
CONSOLE_SOURCES := $(shell find console \( -path console/node_modules -o -path console/evidence/dist \) -prune -o -type f -print 2>/dev/null)

.PHONY: help install demo check test test-python test-console lint format bench soak faults lock clean system screenshot

help:  ## print the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

system: $(STAMPS)/system
$(STAMPS)/system: scripts/install-system.sh
	@bash scripts/install-system.sh
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/venv: requirements/dev.txt requirements/tools.txt pyproject.toml $(STAMPS)/system
	@echo "== Python packages, into $(VENV)"
	@test -x $(PY) || python3 -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tools.txt
	@$(VENV)/bin/uv pip sync --quiet --python $(PY) --require-hashes requirements/dev.txt requirements/tools.txt
	@$(VENV)/bin/uv pip install --quiet --python $(PY) --no-deps --no-build-isolation -e .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/npm: console/package.json console/package-lock.json scripts/with-node.sh $(STAMPS)/venv
	@echo "== Console packages, into console/node_modules"
	@bash scripts/with-node.sh npm --prefix console ci --no-audit --no-fund --loglevel=error
	@touch $@

$(STAMPS)/console: $(STAMPS)/npm $(CONSOLE_SOURCES)
	@echo "== Console, built into src/beffroi/server/static; evidence viewer, into src/beffroi/evidence/static"
	@bash scripts/with-node.sh npm --prefix console run --silent build
	@touch $@

$(STAMPS)/scenes: $(STAMPS)/venv $(wildcard src/simulate/*.py)
	@echo "== Street scenes of the simulated cameras, into $(SCENES)"
	@$(PY) -m simulate.scenes
	@touch $@

install: $(STAMPS)/venv $(STAMPS)/console $(STAMPS)/scenes  ## system packages, Python, console, street scenes

demo: install  ## INGEAGGLO on this machine, at http://127.0.0.1:8040
	@$(VENV)/bin/beffroi demo

check: install  ## the demo's promises, checked on free ports in about 90 s
	@$(VENV)/bin/beffroi demo --check

test: install lint test-console test-python  ## everything, real parts included

# Another seed at each run, printed: `make test SEED=…` repeats one.
SEED ?= $(shell date +%s)
PYTEST := $(PY) -m pytest -p no:cacheprovider --hypothesis-seed=$(SEED) --durations=10
ROOMS := tests/law tests/ledger tests/gate tests/identity tests/registry tests/media tests/vault tests/evidence tests/publish tests/profiles tests/room tests/docs
CENTRE := tests/watch tests/backup tests/server tests/console
HOUSE := tests/simulate tests/capture tests/faults tests/formats tests/e2e

test-python: install
	@echo "== Tests, seed $(SEED): rooms and centre on two processes, then real parts one after the other"
	@BEFFROI_SEED=$(SEED) $(PYTEST) -n 2 -q $(ROOMS)
	@BEFFROI_SEED=$(SEED) $(PYTEST) -n 2 --dist loadfile -q $(CENTRE)
	@BEFFROI_SEED=$(SEED) $(PYTEST) $(HOUSE)

test-console: $(STAMPS)/npm
	@bash scripts/with-node.sh npm --prefix console test --silent

lint: $(STAMPS)/venv $(STAMPS)/npm  ## style, types, the contract between rooms
	@ruff format --check --quiet src tests && ruff check --quiet src tests
	@mypy
	@lint-imports --no-cache
	@bash scripts/with-node.sh npm --prefix console run --silent lint
	@bash scripts/with-node.sh npm --prefix console run --silent check

format: $(STAMPS)/venv
	@ruff format src tests && ruff check --fix src tests

bench: install  ## figures and ratios, held to what is promised, in some five minutes
	@$(VENV)/bin/beffroi bench all

faults: install  ## every fault test; docs/reference/faults.md made from what they saw
	@rm -rf .faults
	@BEFFROI_SEED=$(SEED) $(PYTEST) -q $$($(PY) -m tests.support.faultmatrix files)
	@$(PY) -m tests.support.faultmatrix page

soak: install  ## long runs: memory, 200 kills, a million questions to the law, ten million entries, 8 to 128 streams
	@BEFFROI_SEED=$(SEED) $(PYTEST) -m soak -s tests/capture
	@BEFFROI_SEED=$(SEED) BEFFROI_TIME_LONG=1 $(PYTEST) -o timeout=14400 -s tests/capture/test_time_sweep.py
	@BEFFROI_SEED=$(SEED) BEFFROI_INTERLEAVINGS=1000000 BEFFROI_HOLD_EXAMPLES=1000 $(PYTEST) -o timeout=14400 -s \
	  tests/vault/test_holds_model.py tests/vault/test_holds_stateful.py
	@BEFFROI_SEED=$(SEED) BEFFROI_LIVES=500 $(PYTEST) -o timeout=14400 -s tests/vault/test_account_histories.py
	@BEFFROI_SEED=$(SEED) BEFFROI_FORGED=3000 $(PYTEST) -o timeout=14400 -s tests/evidence/test_second_verifier.py \
	  tests/evidence/test_timestamp.py tests/evidence/test_witnessed.py
	@BEFFROI_SEED=$(SEED) BEFFROI_KILLS=200 $(PYTEST) -o timeout=3600 -s tests/e2e/test_house_kills.py
	@BEFFROI_SEED=$(SEED) BEFFROI_CUTS=1000 BEFFROI_RECORDER_CUTS=100 BEFFROI_SYSCALLS=all BEFFROI_HANG_S=60 BEFFROI_TORN=5000 \
	  $(PYTEST) -o timeout=14400 -s tests/faults tests/ledger/test_ledger_syscalls.py \
	  tests/ledger/test_ledger_signer_syscalls.py
	@BEFFROI_SEED=$(SEED) BEFFROI_QUESTIONS=1000000 $(PYTEST) -o timeout=14400 -n 2 -s tests/law/test_law_oracle.py
	@BEFFROI_SEED=$(SEED) BEFFROI_QUESTIONS=1000000 $(PYTEST) -m "soak or not soak" -s tests/law/test_law_mutants.py
	@$(VENV)/bin/beffroi bench ledger --entries 10000000
	@$(VENV)/bin/beffroi bench record --sweep

screenshot: install  ## make the pictures of docs/img again
	@BEFFROI_KEEP_SCREENSHOT=1 $(PY) -m pytest -p no:cacheprovider tests/e2e -k picture

lock: $(STAMPS)/system  ## pin requirements again, with hashes, without any registry's address
	@$(VENV)/bin/uv pip compile --quiet --generate-hashes --no-header --no-emit-index-url --universal --python-version 3.11 \
	  pyproject.toml --extra dev -o requirements/dev.txt
	@$(VENV)/bin/uv pip compile --quiet --generate-hashes --no-header --no-emit-index-url --universal --python-version 3.11 \
	  pyproject.toml -o requirements/run.txt
	@$(VENV)/bin/uv pip compile --quiet --generate-hashes --no-header --no-emit-index-url --universal --python-version 3.11 \
	  requirements/tools.in -o requirements/tools.txt

clean:  ## remove what was built (not the demo's data)
	@rm -rf $(VENV) $(SCENES) console/node_modules console/evidence/dist src/beffroi/server/static src/beffroi/evidence/static dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
