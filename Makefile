# One verb per target; the work is in dev/, one script per verb. `make` alone prints this list.

.DEFAULT_GOAL := help
.PHONY: help demo test test-core setup check docs show clean

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1#\2/p' $(MAKEFILE_LIST) | awk -F'#' '{ printf "%-18s %s\n", $$1, $$2 }'

demo: ## build the lean program and watch a lock, a lost update and a refused stale write
	@dev/demo

test: ## set up, build everything, run every test and every check
	@dev/test

test-core: ## the quick loop: the lock rules alone
	@dev/run-tests --filter 'LockCoreTests|LocksteadSimulatorTests'

setup: ## install or name what the tests need beyond the toolchain
	@dev/setup

check: ## format, warnings, documentation, house rules, links
	@dev/check

docs: ## build the reference documentation, warnings being errors
	@dev/docs

show: ## run every dev/show script: what this version claims, with figures
	@dev/show/all

clean: ## remove what was built
	@swift package clean
