# Godwit: everything a person or a machine does with this tree. `make help` lists it.

SWIFT      ?= swift
PREFIX     ?= /usr
SYSCONFDIR ?= /etc
DESTDIR    ?=
SECONDS    ?= 60
SEED       ?=
INTERVAL   ?= 100ms
ROUNDS     ?= 7
SEEDS      ?= 10000
FIRST      ?= 0

# What a bare Debian 12 needs beside Swift 6.3, what the lab needs, and what only tests need.
PACKAGES      := libnl-3-dev libnl-route-3-dev libssl-dev libyaml-dev pkg-config
LAB_PACKAGES  := iproute2 nftables
TEST_PACKAGES := keepalived iputils-ping iputils-arping

# libFuzzer and AddressSanitizer are in Swift's toolchain; gold, the usual linker, cannot link them.
FUZZ_BUILD := -c release --scratch-path .build-fuzz -Xswiftc -sanitize=fuzzer \
  -Xswiftc -sanitize=address -Xswiftc -use-ld=lld -Xswiftc -enable-testing

RELEASE := -c release --static-swift-stdlib
SOURCES := Package.swift Sources Tests

.PHONY: help demo build test bench simulate fuzz chaos format lint install setup lab-setup \
  test-setup release

help:
	@echo "make demo     two nodes, one address, a failover: see it move (root)"
	@echo "make test     set up, build and run every test (root)"
	@echo "make build    build for development"
	@echo "make simulate SEEDS=1000 FIRST=0: nodes on a virtual LAN, with everything that can go wrong"
	@echo "make bench    measure against keepalived and write Docs/Performance.md (root)"
	@echo "make fuzz     fuzz every parser for SECONDS=60 in all, or one: TARGET=configuration"
	@echo "make chaos    faults at random in the lab: SECONDS=60 SEED=7 INTERVAL=100ms (root)"
	@echo "make format   format the sources; make lint: check them"
	@echo "make install  install the release build below DESTDIR"

# Installs what is missing with apt-get, and says so; does nothing when all is there.
define ensure
	@missing=""; for package in $(1); do \
	  dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'install ok installed' \
	    || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then \
	  echo "Installing with apt-get:$$missing"; \
	  if [ "$$(id -u)" != 0 ]; then echo "make: that needs root: sudo apt-get install$$missing" >&2; exit 1; fi; \
	  apt-get update -qq || exit 1; \
	  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends \
	    -o Dpkg::Use-Pty=0 $$missing >/dev/null || exit 1; \
	fi
endef

setup:
	@command -v $(SWIFT) >/dev/null || { echo "make: Swift 6.3 is needed: https://swift.org/install/linux" >&2; exit 1; }
	$(call ensure,$(PACKAGES))

lab-setup: setup
	$(call ensure,$(LAB_PACKAGES))

test-setup: lab-setup
	$(call ensure,$(TEST_PACKAGES))

build: setup
	$(SWIFT) build

release: setup
	$(SWIFT) build $(RELEASE)

demo: lab-setup
	@echo "Building (a few minutes the first time)"
	@$(SWIFT) build
	@$$($(SWIFT) build --show-bin-path)/godwit-demo

test: test-setup
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --skip 'LinuxIOTests|LabTests'
	@echo "What needs the kernel, one test after the other: each has the machine to itself"
	$(SWIFT) test --skip-build --filter 'LinuxIOTests|LabTests' --no-parallel

simulate:
	@$(SWIFT) build -c release --product simulate
	@$$($(SWIFT) build -c release --show-bin-path)/simulate --seeds $(SEEDS) --first $(FIRST) \
	  $(if $(BREAK),--break $(BREAK))

bench: test-setup release
	GODWIT_PRODUCTS=$$($(SWIFT) build $(RELEASE) --show-bin-path) \
	  $$($(SWIFT) build $(RELEASE) --show-bin-path)/godwit-bench --rounds $(ROUNDS) \
	  --output Docs/Performance.md

fuzz: setup
	FUZZ=1 $(SWIFT) build $(FUZZ_BUILD) --product godwit-fuzz
	@Tests/Fuzz/run $$(FUZZ=1 $(SWIFT) build $(FUZZ_BUILD) --show-bin-path)/godwit-fuzz \
	  .build-fuzz/run $(SECONDS) $(TARGET)

chaos: lab-setup
	@$(SWIFT) build
	@$$($(SWIFT) build --show-bin-path)/godwit-chaos --seconds $(SECONDS) --interval $(INTERVAL) \
	  $(if $(SEED),--seed $(SEED))

format:
	$(SWIFT) format -i -r $(SOURCES)

lint:
	$(SWIFT) format lint --strict -r $(SOURCES)

install: release
	@bin=$$($(SWIFT) build $(RELEASE) --show-bin-path); \
	install -D -s -m 0755 $$bin/godwitd $(DESTDIR)$(PREFIX)/sbin/godwitd && \
	install -D -s -m 0755 $$bin/godwit $(DESTDIR)$(PREFIX)/bin/godwit && \
	install -D -s -m 0755 $$bin/godwit-check $(DESTDIR)$(PREFIX)/libexec/godwit/godwit-check
	install -D -m 0644 Systemd/godwitd.service $(DESTDIR)$(PREFIX)/lib/systemd/system/godwitd.service
	install -d -m 0755 $(DESTDIR)$(SYSCONFDIR)/godwit
	@echo "Installed. Write $(SYSCONFDIR)/godwit/godwit.yaml, then: godwit check && systemctl enable --now godwitd"
