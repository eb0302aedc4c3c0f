.DEFAULT_GOAL := help
.PHONY: help setup build run serve test test-kernels test-emulated test-numa test-clients test-page check-deploy soak lint format \
	coverage bench-kernels bench-peers bench-serve fuzz ci clean

# One set of flags for running and testing, so that both share one optimised build.
SWIFT_FLAGS := -c release -Xswiftc -enable-testing
# Without this, `swift test` names -enable-testing a second time, and every module is built again.
TEST_FLAGS := $(SWIFT_FLAGS) --disable-testable-imports
SONDE := .build/release/sonde

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | sort

setup: ## install what is missing (Debian packages); needs root or sudo only then
	@scripts/setup.sh

build: setup ## optimised binaries
	swift build $(SWIFT_FLAGS) --product sonde

run: build ## the main job: a batch of prompts, dense and pruned, side by side
	$(SONDE) calibrate --self 32 --context 128 --if-missing
	$(SONDE) generate --chat --prompt-file Examples/prompts.txt --prune-ratio 0.2 --compare

serve: build ## the server on 127.0.0.1:8080, with pruning on request
	$(SONDE) serve

# Downloads and the load generator are about time, so their tests do not run beside those that load every core.
test: setup ## every test: Swift targets, then the kernels under sanitizers and emulation
	swift test $(TEST_FLAGS) --filter '^(ModelFilesTests|LoadGeneratorTests)'
	swift test $(TEST_FLAGS) --skip '^(ModelFilesTests|LoadGeneratorTests)'
	@$(MAKE) --no-print-directory test-kernels

test-clients: build ## the server under openai, lm-eval, schemathesis, promtool, TLS and SIGTERM
	Tests/ServerTests/clients/run.sh "$(CURDIR)/$(SONDE)"

SOAK_MINUTES ?= 30
soak: build ## the reliability suite with $(SOAK_MINUTES) minutes of mixed load; writes docs/reliability.md
	python3 Tests/ServerTests/soak/soak.py "$(CURDIR)/$(SONDE)" --minutes $(SOAK_MINUTES) \
		--report docs/reliability.md

test-page: build ## the page at / in headless Chromium (Debian: chromium)
	Tests/ServerTests/page/run.sh "$(CURDIR)/$(SONDE)"

check-deploy: ## unit, manifests and dashboard in deploy/
	deploy/check.sh

test-kernels: setup ## C kernels under sanitizers, AVX-512 emulated where the CPU lacks it
	Tests/Emulated/run.sh

test-emulated: setup ## the same, and AVX-512 emulated whatever the CPU: after a change to its sources
	Tests/Emulated/run.sh emulated

# The suites on where memory and threads are. Emulation is slow: some minutes a machine.
NUMA_TESTS := ./sondePackageTests.xctest --testing-library swift-testing --no-parallel \
	--filter "^KernelsTests.(Node|WorkerPool|TaskBoard|KVStore|Compute)"
test-numa: setup ## placement on two and on four memory nodes, in virtual machines without AVX-512
	swift build $(SWIFT_FLAGS) --build-tests
	scripts/numa-vm.sh 2 .build/release/sondePackageTests.xctest $(SONDE) -- './sonde inspect --topology && $(NUMA_TESTS)'
	scripts/numa-vm.sh 4 .build/release/sondePackageTests.xctest $(SONDE) -- './sonde inspect --topology && $(NUMA_TESTS)'

lint: setup ## formatting of both languages, the direction of imports, every metric on a panel or in an alert
	swift format lint --strict --recursive --parallel Sources Tests Fuzz Benchmarks/Sources Benchmarks/Package.swift Package.swift
	git ls-files '*.[ch]' '*.inc' | xargs clang-format --dry-run -Werror
	scripts/check-imports.sh
	python3 deploy/check_metrics.py

format: ## rewrite both languages in the house's form
	swift format --in-place --recursive --parallel Sources Tests Fuzz Benchmarks/Sources Benchmarks/Package.swift Package.swift
	git ls-files '*.[ch]' '*.inc' | xargs clang-format -i

coverage: setup ## line coverage a target
	scripts/coverage.sh

bench-kernels: setup ## each kernel as a share of the machine's peak, and pruned against dense
	swift run -c release --package-path Benchmarks kernel-bench

bench-peers: build ## llama.cpp and Sonde in turn, one table (builds llama.cpp at first: long)
	Benchmarks/peers/setup.sh
	python3 Benchmarks/peers/compare.py

bench-serve: build ## our server, dense and pruned, and llama.cpp's under 16 clients, one table (builds theirs at first: long)
	Benchmarks/peers/setup.sh
	python3 Benchmarks/peers/build_llama_server.py
	python3 Benchmarks/peers/compare_servers.py --sonde "$(CURDIR)/$(SONDE)"

fuzz: setup ## ten minutes of each fuzz target under the address sanitizer
	Fuzz/run.sh gguf 600
	Fuzz/run.sh jinja 600
	Fuzz/run.sh tokenizer-json 600
	Fuzz/run.sh safetensors 600

ci: lint test ## what .ci/run runs

clean: ## remove what a build made
	rm -rf .build .build-*
