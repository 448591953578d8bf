# What one does with this repository; `make` alone lists it. Needs Node.js with npm, and make; all else is installed.
#
# Bun would read .env by itself. That file is for Docker Compose, where the database has another address than on this
# machine, so it is switched off; .env.local is read where it exists, and the environment wins over it. ./orders does the same.

BUN := node_modules/.bin/bun
# The engine lets its heap grow by the memory of the machine; told that there are 272 MiB it collects in time.
MEMORY := BUN_JSC_forceRAMSize=285212672
RUN := $(MEMORY) $(BUN) --no-env-file --env-file=.env.local
BIOME := node_modules/.bin/biome

# The built page; the sources it is made of, so that it is built again when one has changed.
WEB := build/web/index.html
WEB_SOURCES := $(shell find web) scripts/build-web.ts package-lock.json

.DEFAULT_GOAL := help
.PHONY: help setup build build-release run run-release dev start-fresh fresh-in-docker fresh-here test test-coverage \
  check fmt lint types kafka faults bench load dashboards manifests db-migrate db-reset \
  docker-build docker-up docker-deps docker-down docker-restart docker-logs clean node-found

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1m%-15s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: node-found node_modules/.package-lock.json ## Install the dependencies, if they are missing or have changed
	@# npm may have been told not to run install scripts; without its own, Bun's command is an empty shell.
	@$(BUN) --version >/dev/null 2>&1 || node node_modules/bun/install.js
	@$(BUN) --version >/dev/null || { echo 'Bun does not run on this machine.' >&2; exit 1; }

node-found:
	@node -e 'process.exit(Number.parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null || { \
	  echo "Node.js 20 or newer is needed, and here is $$(node --version 2>/dev/null || echo none): see https://nodejs.org" >&2; \
	  exit 1; }
	@command -v npm >/dev/null || { echo 'npm is needed, which usually comes with Node.js: see https://nodejs.org' >&2; exit 1; }

# npm writes this file last, so it is there only when an installation was completed.
node_modules/.package-lock.json: package-lock.json
	@echo 'Installing the dependencies (npm ci) …'
	@npm ci --include=dev --include=optional --no-audit --no-fund --loglevel=error
	@touch $@

build: setup $(WEB) ## Build the page

$(WEB): $(WEB_SOURCES) | setup
	@$(BUN) --no-env-file scripts/build-web.ts

# `exec` leaves no shell between make and the service, so that a signal reaches the service, and reaches it once.
run: setup $(WEB) ## Install what is missing and serve at http://localhost:8080
	@exec ./orders run

dev: setup $(WEB) ## Serve, and start again whenever a source file changes
	@exec env $(RUN) --watch --no-clear-screen src/main.ts

start-fresh: ## Remove every order and start everything again: in Docker where it runs, otherwise here (ARGS=--yes: do not ask)
	@if docker info >/dev/null 2>&1; then $(MAKE) fresh-in-docker; else $(MAKE) fresh-here; fi

# Docker alone is enough for this, so it is the shell that asks.
fresh-in-docker:
	@case ' $(ARGS) ' in *' --yes '*) ;; *) \
	  said='This removes every order and all else that Docker keeps of this service, for good'; \
	  [ -t 0 ] || { echo "$$said: ARGS=--yes is needed where there is no terminal to ask at." >&2; exit 2; }; \
	  printf '%s. Go on? (yes/no) ' "$$said" >&2; read -r answer; \
	  [ "$$answer" = yes ] || { echo 'Nothing was removed.' >&2; exit 1; };; \
	esac
	docker compose down --volumes
	@$(MAKE) docker-up

fresh-here: setup $(WEB)
	@exec env $(RUN) scripts/start-fresh.ts $(ARGS)

build-release: setup ## Build the service and its commands into one program: build/orders
	@$(BUN) --no-env-file scripts/build-release.ts

run-release: build-release ## Build it and serve with it, with the settings of the environment
	@exec env $(MEMORY) build/orders

# Two files at a time: much of what the tests do is wait for other processes. More would need more memory than a laptop has to
# spare, since each of the two starts a PostgreSQL and a Kafka broker of its own.
test: setup ## Run the tests (one file: make test ARGS=src/errors.test.ts)
	@exec $(BUN) --no-env-file test --parallel=2 --no-isolate --timeout 30000 $(ARGS)

test-coverage: setup ## Run the tests and show which lines they reach
	@exec $(BUN) --no-env-file test --coverage --timeout 30000 $(ARGS)

check: setup ## Check format, lint and types
	@$(BIOME) format .
	@$(MAKE) --no-print-directory lint types

fmt: setup ## Format the sources
	@$(BIOME) format --write .

lint: setup ## Look for mistakes in the sources
	@$(BIOME) lint --error-on-warnings .

types: setup ## Check the types
	@node_modules/.bin/tsc --noEmit
	@node_modules/.bin/tsc --noEmit --project web

kafka: setup ## Run a Kafka broker for development
	@exec $(BUN) --no-env-file scripts/kafka-broker.ts

load: setup ## Put orders on the running service (make load ARGS='--rate 200 --bad 1%')
	@exec ./orders load $(ARGS)

# The tests of faults that have no figures: each is repeated as well.
FAULT_TESTS := http-intake http-overload idempotency-faults kafka-intake kafka-poison kafka-relay two-instances dead-letter-kill \
  webhooks-killed start-and-stop verify-mutations leader-freeze readiness out-of-step hostile-settings kafka-transactions clocks \
  memory-attacks time-travel locked-orders stopping

faults: setup ## Kill, cut and overload the service again and again, with figures (make faults ROUNDS=50)
	@FAULT_ROUNDS=$(or $(ROUNDS),20) $(BUN) --no-env-file test test/faults.test.ts
	@exec $(BUN) --no-env-file test --timeout 30000 --rerun-each=3 $(FAULT_TESTS:%=test/%.test.ts) src/platform/embedded-postgres/faults.test.ts

bench: setup ## Measure how fast it is here (one: make bench ARGS='--only get')
	@exec $(BUN) --no-env-file bench/run.ts $(ARGS)

db-migrate: setup ## Bring the database's tables up to date
	@exec ./orders migrate

db-reset: setup ## Remove every order and begin with an empty database (ARGS=--yes: do not ask)
	@exec ./orders db-reset $(ARGS)

dashboards: setup ## Write the Grafana dashboards from monitoring/dashboards
	@$(BUN) --no-env-file scripts/write-dashboards.ts

manifests: setup ## Write the Kubernetes manifests from the Helm chart (needs helm)
	@$(BUN) --no-env-file scripts/render-manifests.ts

docker-build: ## Build the image
	docker compose build

docker-up: ## Start everything in Docker: the service, PostgreSQL, Kafka, Prometheus, Grafana
	docker compose up --detach --build --wait
	@docker compose ps

docker-deps: ## Start everything in Docker but the service, for one that runs outside (make run, make dev)
	COMPOSE_PROFILES= docker compose up --detach --wait

docker-down: ## Stop everything in Docker; the data stay
	docker compose down

docker-restart: docker-down docker-up ## Stop and start everything in Docker

docker-logs: ## Follow the logs in Docker
	@exec docker compose logs --follow

clean: ## Remove what can be made again: the dependencies, builds and the coverage report. The data stay
	rm -rf node_modules coverage build
