# Deep Learning Basics. `make` lists the targets.

PYTHON ?= python3
PORT ?= 8000
FRAMEWORK ?= both
SOLUTIONS ?= end
PAPER ?= a4
PART ?=
EDITION := --framework $(FRAMEWORK) --solutions $(SOLUTIONS) --paper $(PAPER) --part "$(PART)"
PY := .venv/bin/python
RUN := $(PY) -m bookpress.commands
INSTALL := $(PYTHON) -m bookpress.commands.install
LAB := $(CURDIR)/bookpress/notebooks/lab
# A file of tests goes to one process, in the order of conftest.py, which also says how
# many processes there are.
PYTEST := $(PY) -m pytest -n auto --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help book site pdf handouts slides bundle serve lab test test-fast test-all lint \
        bench claims reruns lock links newest publish-notebooks \
        setup setup-python setup-slides setup-test setup-test-all clean distclean

help: ## list the targets
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | \
	    awk -F'|' '{printf "%-19s %s\n", $$1, $$2}'

book: setup ## build one handout and the website
	@$(RUN).book pdf site

site: setup ## build the website only (SOLUTIONS=end|none)
	@$(RUN).book site $(EDITION)

pdf: setup ## build one handout (FRAMEWORK=both|keras|pytorch SOLUTIONS=end|inline|none PAPER=a4|letter PART=foundations)
	@$(RUN).book pdf $(EDITION)

handouts: setup ## build the handouts that the website offers
	@$(RUN).book handouts

slides: setup-slides ## print the decks, one slide a page (DECK=mlp FRAMEWORK=both|keras|pytorch NOTES=1)
	@$(RUN).book site
	@$(RUN).slides --framework $(FRAMEWORK) $(if $(NOTES),--notes) $(if $(DECK),--deck "$(DECK)")

bundle: setup ## build all of it, and pack one zip that works without a network
	@$(RUN).book handouts site bundle

serve: setup ## serve the website here; rebuild and reload on save (PORT=8000)
	@$(RUN).serve --port $(PORT)

lab: setup-python ## open the chapters in JupyterLab, as notebooks
	@$(PY) -m explorers.bundle
	@mkdir -p my
	@echo "Chapters are in book/, and what you save there changes the book. To keep a copy"
	@echo "of your own: File > Save Notebook As..., my/NAME.md (git ignores the folder my/)."
	@test -d _build/lab || echo "Drawings and captions show once the website is built: make site"
	@JUPYTER_CONFIG_PATH="$(LAB)" JUPYTER_PATH="$(LAB)" \
	    $(PY) -m jupyterlab \
	    --notebook-dir="$(CURDIR)" $(if $(filter 0,$(shell id -u)),--allow-root)

test: setup-test ## run the tests (builds the book first)
	@$(PYTEST) -m "not thorough"

test-fast: setup-test ## run the tests that need no build
	@$(PYTEST) -m "not build and not thorough"

test-all: setup-test-all ## run every test, the slow ones too
	@$(PYTEST)

claims: setup-python ## repeat over draws what is claimed and new (ONLY=mlp ALL=1)
	@$(RUN).claims $(if $(ONLY),--only $(ONLY)) $(if $(ALL),--all)

reruns: setup-python ## run cells twice in chapters that are new or have changed, and record it
	@$(PYTEST) tests/book -k a_cell_can_be_run_again -m "not thorough" --note-reruns

lint: setup-python ## check style and spelling
	@$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m codespell_lib

bench: setup-test ## measure build times, page sizes and what Lighthouse says of pages
	@$(RUN).bench

lock: setup-python ## write the lock files anew, after an edit of requirements.txt
	@$(RUN).locks

links: setup ## ask the addresses that the book links to (needs a network)
	@$(RUN).links

newest: ## try the newest releases of all packages, in an environment of their own
	@$(PYTHON) -m bookpress.commands.newest

publish-notebooks: ## push the built notebooks to a branch of their own, where Colab finds them
	@$(PYTHON) -m bookpress.commands.publish_notebooks

setup:
	@$(INSTALL) --apt apt.txt

setup-python:
	@$(INSTALL)

setup-slides:
	@$(INSTALL) --apt apt.txt bookpress/slides/apt.txt

setup-test:
	@$(INSTALL) --apt apt.txt tests/apt.txt

setup-test-all:
	@$(INSTALL) --apt apt.txt tests/apt.txt --test-packages

clean: ## delete what was built, cached outputs included
	rm -rf _build explorers/_built

distclean: clean ## delete what was installed, too
	rm -rf .venv node_modules *.egg-info
