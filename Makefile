# `make demo` and `make test` work on a new machine with nothing but Python 3.11 to 3.13 and a package index.
PYTHON ?= python3
VENV ?= .venv
# An index of CPU builds of torch; on Linux the default index's build brings GPU libraries of several gigabytes.
TORCH_INDEX ?=
# Two processes share the tests; what is dear to make is made once for both (tests/conftest.py).
PARALLEL ?= -n 2 --dist worksteal
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# A strict editable install is a tree of links, which type checkers and other tools follow like an installed package;
# it is laid anew when a module or a weights file is added or removed.
ROOMS := $(wildcard core images metrics infer datasets convert models cluster bench quantize package reports workflow commands)
MODULES := $(shell find $(wildcard *.py) $(ROOMS) -name '*.py' -o -path '*/weights/*' -o -path '*/page/*' | LC_ALL=C sort | cksum | cut -d' ' -f1)

.PHONY: install demo bundled test quick try lint matrix spandrel clean

install: $(STAMP)-$(MODULES)

$(STAMP)-$(MODULES): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "mattekit needs Python 3.11 to 3.13; name one with: make PYTHON=python3.12"; exit 1; }
	# torch first and alone: as a dependency of another package it could come in another build.
	$(BIN)/pip install --quiet --constraint constraints.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch
	rm -rf build $(STAMP)-*
	$(BIN)/pip install --quiet --constraint constraints.txt --config-settings editable_mode=strict --editable '.[dev]'
	touch $@

demo: install
	$(BIN)/python tools/demo.py

# The IRs of the bundled models, from their weights: after a change of the weights, of a contract or of the exporter.
bundled: install
	$(BIN)/python tools/bundled.py

# make test FILES='tests/test_gates.py tests/test_report.py' takes these alone.
# Lint takes a minute of one processor beside them; what it says comes after them, and either's failure is that of both.
FILES ?=
test: install
	@said=$$(mktemp); $(MAKE) --no-print-directory lint >$$said 2>&1 & lint=$$!; \
	trap 'kill $$lint 2>/dev/null; rm -f $$said' EXIT; trap 'exit 130' INT TERM; \
	$(BIN)/pytest $(PARALLEL) --durations=15 $(FILES); passed=$$?; \
	wait $$lint; tidy=$$?; trap - EXIT; cat $$said; rm -f $$said; exit $$((passed ? passed : tidy))

quick: install
	$(BIN)/pytest $(PARALLEL) --durations=15 -m 'not slow'

# The quick tests of one room (make try ROOM=images), or those that what is not committed yet can affect (make try).
try: install
	@files="$(if $(ROOM),tests,$$($(BIN)/python tests/affected.py))"; test -n "$$files" || { echo "nothing is affected"; exit 0; }; \
	$(BIN)/pytest $(PARALLEL) -m 'not slow$(ROOM:%= and %)' $$files

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/basedpyright
	$(BIN)/lint-imports

# The quick tests on other interpreters, and with the oldest dependencies that are allowed; WITHOUT names packages to leave
# out where they have no build that can be used: make matrix PYTHONS=python3.13 WITHOUT=torch
PYTHONS ?= python3.11 python3.12 python3.13
matrix: install
	$(BIN)/python tools/matrix.py $(WITHOUT:%=--without %) $(PYTHONS)
	$(BIN)/python tools/matrix.py $(WITHOUT:%=--without %) --lowest $(firstword $(PYTHONS))

# Checkpoints that spandrel recognises: it brings torchvision, and with it whatever build of torch fits, so the tests of it
# run in an environment of their own.
spandrel:
	test -x $(VENV)-spandrel/bin/python || $(PYTHON) -m venv $(VENV)-spandrel
	$(VENV)-spandrel/bin/pip install --quiet '.[spandrel]' pytest pytest-timeout
	$(VENV)-spandrel/bin/pytest -p no:cacheprovider tests/test_recognition.py

clean:
	rm -rf $(VENV) $(VENV)-spandrel build
