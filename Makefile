BIN := .venv/bin
PYTHON ?= python3
CXX_FILES := $(shell find csrc tests/cpp $(wildcard tests/fuzz) -name '*.h' -o -name '*.cc')
CORE := $(filter-out csrc/bindings/%,$(filter csrc/%.cc,$(CXX_FILES)))
CPP_TESTS := $(filter tests/cpp/%.cc,$(CXX_FILES))
ROOMS := decoder lm hotwords
SAN := -std=c++17 -g -O1 -Wall -Wextra -Werror -Icsrc -Itests/cpp -DTLG_VERSION='"test"' -pthread -fopenmp-simd -ffp-contract=off -fno-sanitize-recover=all
ASAN := $(SAN) -fsanitize=address,undefined
TSAN := $(SAN) -fsanitize=thread
THREADED := tests/cpp/main.cc $(shell grep -l thread tests/cpp/*.cc)
.PHONY: build test lint typed demo bench asan tsan wheel clean format

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv && $(BIN)/python -m pip install -q -U "pip>=25.1"
	$(BIN)/python -m pip install -q --group dev
	$(BIN)/python -m pip install -q --only-binary=:all: --group oracles || echo "some oracles have no wheel here: their tests will skip"
# Of g2p-en its weights alone are read: what it needs to run is large.
	$(BIN)/python -m pip install -q --no-deps "g2p-en>=2.1" || echo "no g2p-en here: its test will skip"
	$(BIN)/python -m pip install -q --no-build-isolation -e . && touch $@
build: .venv/ready
	TLG_WERROR=1 $(BIN)/python setup.py --quiet build_ext --inplace
test: build lint asan
	$(BIN)/python -m pytest
# The rooms gathered as one package tree, for tools that do not know the mapping of setup.py.
typed:
	@rm -rf build/typed && mkdir -p build/typed/tlg && ln -s $(CURDIR)/src/tlg/* $(addprefix $(CURDIR)/,$(ROOMS)) build/typed/tlg/
lint: .venv/ready typed
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(CXX_FILES)
	MYPYPATH=build/typed $(BIN)/mypy --explicit-package-bases build/typed/tlg tests
format: .venv/ready
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format . ; $(BIN)/clang-format -i $(CXX_FILES)
demo: build
	$(BIN)/python examples/demo.py
bench: build
	$(BIN)/python -m pip install -q --group bench
	$(BIN)/python -m benchmarks
# Plain C++ tests of the algorithms, no Python, under the address and undefined-behaviour sanitizers.
asan: ; @$(MAKE) -s -j2 build/asan/run && build/asan/run
# Those of them with threads, under the thread sanitizer.
tsan: ; @$(MAKE) -s -j2 build/tsan/run && build/tsan/run
build/asan/run: $(patsubst %.cc,build/asan/%.o,$(CORE) $(CPP_TESTS)) ; $(CXX) $(ASAN) $^ -o $@
build/tsan/run: $(patsubst %.cc,build/tsan/%.o,$(CORE) $(THREADED)) ; $(CXX) $(TSAN) $^ -o $@
build/asan/%.o: %.cc ; @mkdir -p $(@D) && $(CXX) $(ASAN) -MMD -MP -c $< -o $@
build/tsan/%.o: %.cc ; @mkdir -p $(@D) && $(CXX) $(TSAN) -MMD -MP -c $< -o $@
-include $(shell find build/asan build/tsan -name '*.d' 2>/dev/null)
# From the sdist, so that nothing comes in that is not in it.
wheel: .venv/ready
	$(BIN)/python -m build --no-isolation
clean:
	rm -rf build dist *.egg-info src/*.egg-info src/tlg/*.so
