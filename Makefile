# varve: `make` lists the targets.
SHELL := /bin/bash
BIN := node_modules/.bin
SEED ?=
ARGS ?=
SOURCES := $(shell find proto ingest storage retention query deploy test -name '*.ts' -not -path '*/node_modules/*' 2>/dev/null)

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# Not `npm ci`: it insists on a lock entry for every other platform's optional binary, which a
# registry mirror may not have. The lock still decides every version, and is never written.
node_modules/.package-lock.json: package.json package-lock.json .npmrc
	npm install --no-save
	@touch $@

dist/.tsbuildinfo: node_modules/.package-lock.json tsconfig.json $(SOURCES)
	$(BIN)/tsc -p tsconfig.json
	@node dist/deploy/bundle.js
	@chmod +x dist/program/main.js
	@mkdir -p $(BIN) && ln -sfn ../../dist/program/main.js $(BIN)/varve
	@touch $@

.PHONY: build
build: dist/.tsbuildinfo ## install what is missing and compile to dist/

.PHONY: run
run: build ## build and start one server on the defaults, data in ./data
	@exec dist/program/main.js serve $(ARGS)

.PHONY: check
check: build ## types, format and lint, the rules of the house
	$(BIN)/biome check .
	node dist/test/run.js tidy

.PHONY: test
test: build ## every test; ends with one line `N passed, N failed`
	@test/setup.sh
	@node dist/test/run.js $(ARGS)

.PHONY: fuzz
fuzz: build ## random histories against a model, damaged bodies, killed workers; SEED=n replays
	@test/setup.sh
	@SEED=$(SEED) node dist/test/fuzz/run.js $(ARGS)

.PHONY: bench
bench: build ## the benchmarks; tables and plots go to test/bench/results/
	@node dist/test/bench/run.js $(ARGS)

.PHONY: proto
proto: node_modules/.package-lock.json ## generate proto/gen from the .proto files
	$(BIN)/buf lint proto
	$(BIN)/buf generate proto --template proto/buf.gen.yaml

.PHONY: docs
docs: build ## write what is made from code: the config reference and the example config
	node dist/deploy/docs.js

.PHONY: clean
clean: ## remove what was built; data stays
	rm -rf dist
