# The front door; meson does the work.  `make help` lists the targets.
BUILD   ?= build/release
PREFIX  ?= /usr
JOBS    ?= 2

.PHONY: all build deps check lint install bench demo demo-down clean help

all: build

help:
	@echo 'make             build into $(BUILD)'
	@echo 'make check       lint, build with both compilers, run every test'
	@echo 'make lint        the rules of the house alone'
	@echo 'make install     install below $$(DESTDIR)$$(PREFIX) ($(PREFIX))'
	@echo 'make demo        two data centres, a master and a slave cluster, on this machine'
	@echo 'make demo-down   end the demo'
	@echo 'make bench       print the figures'
	@echo 'make clean       remove what was built'

deps:
	@tools/deps

build: deps
	@test -f $(BUILD)/build.ninja || \
		meson setup $(BUILD) --prefix=$(PREFIX) --sysconfdir=/etc --localstatedir=/var >/dev/null
	@ninja -C $(BUILD) -j $(JOBS) $(if $(VERBOSE),-v,--quiet)

check:
	@tools/check

lint: deps
	@tools/lint

install: build
	@meson install -C $(BUILD) --no-rebuild $(if $(VERBOSE),,--quiet)

bench: build
	@bench/run

demo: build
	@lab/demo

demo-down:
	@lab/demo --down

clean:
	@rm -rf build
