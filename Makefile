# `make` alone lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
# The queries' descriptions are checked in: a build never asks the database that DATABASE_URL names.
export SQLX_OFFLINE ?= true

.PHONY: help
help: ## List these commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | while IFS=$$'\t' read -r name text; do printf '  make %-9s %s\n' "$$name" "$$text"; done

.PHONY: run
run: ## Start Writ on this machine with a database, keys and a tenant of its own
	@test -n "$$DATABASE_URL" || scripts/install-postgres.sh
	@cargo build --package server --bin writ
	@exec cargo run --quiet --package server --bin writ -- dev

.PHONY: test
test: ## Run every test (starts a throw-away PostgreSQL)
	@scripts/test.sh

.PHONY: check
check: ## Check format, lints and walls, and run the fast tests
	@scripts/check.sh

.PHONY: clients
clients: ## Run the tests with real MCP clients (Python, Node, Chromium)
	@scripts/install-postgres.sh
	@scripts/install-client-tools.sh
	@tests/clients/run.sh -m "not soak"

.PHONY: soak
soak: ## Run the long tail too: every client with every form of issuer, and a million operations under kill -9
	@scripts/install-postgres.sh
	@scripts/install-client-tools.sh
	@tests/clients/run.sh
	@scripts/soak.sh

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZ_SECONDS (60); needs cargo-fuzz
	@scripts/fuzz.sh

.PHONY: bench
bench: ## Measure a release build under load
	@scripts/install-postgres.sh
	@bench/run.sh
	@bench/tenants.sh
	@bench/policies.sh

.PHONY: openapi
openapi: ## Write the documents under openapi/ anew
	@scripts/write-openapi.sh

.PHONY: sqlx
sqlx: ## Write .sqlx anew, after a query or a migration changed
	@scripts/prepare-sqlx.sh

.PHONY: fmt
fmt: ## Format the code
	@cargo fmt --all
