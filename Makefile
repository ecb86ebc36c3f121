# genblog. The two commands that matter: `make serve` and `make test`. Each adds what it needs and is missing.

CARGO ?= cargo
WASM := wasm32-unknown-unknown
VENV := target/tools/venv

# Root installs packages directly; everybody else is asked by sudo.
APT := $(if $(filter 0,$(shell id -u)),,sudo )apt-get

.PHONY: serve build test lint setup target tools

## serve: build this repository's own site and serve it at http://127.0.0.1:1111
serve: target
	$(CARGO) run --release --quiet -- serve

## build: build this repository's own site into public/
build: target
	$(CARGO) run --release --quiet -- build

## test: lints, then every test, in a real browser and with a real feed reader too
# Properties are tried on the same cases each time, so that nobody is stopped by chance; `cargo test` draws new ones.
test: setup lint
	PROPTEST_RNG_SEED=2008 GENBLOG_PYTHON=$(CURDIR)/$(VENV)/bin/python $(CARGO) test --workspace

## lint: formatting and clippy
lint: target
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --quiet -- --deny warnings

## setup: everything that `make test` needs
setup: target tools

# The figures are compiled for the browser.
target:
	@if ! test -d "$$(rustc --print target-libdir --target $(WASM))"; then rustup target add $(WASM); fi

# A browser with its driver, an XML checker, and a feed reader of its own.
tools: $(VENV)/ready
	@if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null || ! command -v xmllint >/dev/null; then \
		$(APT) update --quiet --quiet && \
		$(APT) install --yes --quiet --quiet --no-install-recommends chromium chromium-driver libxml2-utils; \
	fi

$(VENV)/ready: tests/tools/requirements.txt
	@if ! python3 -c 'import ensurepip' 2>/dev/null; then \
		$(APT) update --quiet --quiet && $(APT) install --yes --quiet --quiet --no-install-recommends python3-venv; \
	fi
	python3 -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/tools/requirements.txt
	touch $@
