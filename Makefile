# Entry points of the source tree. CI calls only these.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MVN := scripts/mvn
DIST := target/dist
LIB := $(DESTDIR)/usr/local/lib/ktd

.PHONY: help fmt check build test fuzz it image demo bench soak bench-stack install uninstall ci clean node-up node-down

help: ## prints this
	@echo "ktd: this machine inside a Kubernetes cluster. Targets:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14
	@echo "Start with:  sudo make demo"

fmt: ## formats Java and Go
	$(MVN) spotless:apply
	PATH=$$(scripts/find-go):$$PATH; gofmt -w testbed/app/sample testbed/kube proxy-image/agent

check: ## format, Error Prone, NullAway, package table, Go vet, shell syntax
	@scripts/check

build: ## makes target/dist: the program with a Java runtime of its own
	@scripts/dist

test: ## all tests: unit, a minute of fuzzing, Go, proxy image, end to end on the embedded node, a part of it by Docker; as root
	@exec setpriv --pdeathsig KILL scripts/test all

fuzz: ## looks for inputs that break packet or stack, for DURATION=1h; ONLY=StackEventsFuzz for one target
	@exec setpriv --pdeathsig KILL scripts/fuzz run

it: build ## only the end-to-end tests, on the embedded node or KTD_TEST_KUBECONFIG; ONLY=ClassIT for one class
	@exec setpriv --pdeathsig KILL scripts/test it

image: ## makes the proxy image's archives for amd64 and arm64 in target/image
	@PATH=$$(scripts/find-go):$$PATH proxy-image/build all

demo: build ## shows it all against a real Kubernetes node; as root
	@testbed/demo

node-up: ## starts the embedded Kubernetes node and a laptop namespace beside it; as root
	@testbed/node up

node-down: ## ends it
	@testbed/node down

bench: ## compares the transport with ssh -L and others on the embedded node, 40 minutes; QUICK=1 for a look; as root
	@scripts/bench

soak: ## keeps ktd under load and cuts for DURATION=20m and says whether what it holds grows; as root
	@scripts/soak

bench-stack: ## measures the stack, alone and through a TUN device; QUICK=1 for a minute's run; as root
	@scripts/bench-stack

install: | $(DIST)/bin/ktd ## installs what `make build` made: /usr/local/lib/ktd, /usr/local/bin/ktd, the service
	@scripts/install "$(DESTDIR)" install

uninstall: ## removes what `make install` installed, and what a session left on this machine
	@scripts/install "$(DESTDIR)" uninstall

$(DIST)/bin/ktd:
	@scripts/dist

ci: check test ## what CI runs

clean: ## removes what was built, but not the caches
	@rm -rf target */target
