# `make` sets up what is needed and runs the study; `make help` lists the rest.

PYTHON ?= python3
CORES ?= all
ARGS ?=
BUILD_ARGS ?=
STUDY ?= thirty_seeds
VALIDITY ?= validity
BIN := .venv/bin
SOURCES := Snakefile workflow/rules/*.smk
STEPS := data train report
# What docs/results shows of each study, besides its tables and statistics.
FIGURES := \
  $(addprefix deck/,heatmap-grid methods learning-rate-grid curves-grid cost comparisons deck) \
  $(addprefix thirty_seeds/,comparisons importance) \
  validity/schemes datasets/schemes confounds/comparisons wider_grid/heatmap-grid random_search/budget \
  choosing/comparisons classes_as_numbers/comparisons \
  $(addprefix random_labels/,width-labels+train_mse curves) sam/comparisons flatness/measures \
  batches/comparisons batches/plane weight_decay/weight-decay-adam width/width-widths step_size/progress-descent+hessian_max \
  what_sam_minimizes/comparisons normalization/progress-layers+effective_rate
SHOWN := deck/tables/ranking.md deck/tables/deck.md \
  $(foreach figure,$(FIGURES),$(dir $(figure))figures/$(notdir $(figure)).png)

.DEFAULT_GOAL := study
.DELETE_ON_ERROR:
.PHONY: study fused setup report test test-slurm test-containers containers style format docs example paper bench clean help

study: setup  ## run the study, one job per model (CORES=8, ARGS="--config ...")
	$(BIN)/snakemake --cores $(CORES) $(ARGS)

fused: setup  ## run the study with many models per job: the same results, much faster
	$(BIN)/snakemake --cores $(CORES) --profile fused $(ARGS)

setup: .venv/run.done  ## install what a run needs into .venv, if it is not there yet

report: setup  ## put results, code and run times into one page, report.html (after make; ARGS="--configfile ...")
	$(BIN)/snakemake --report report.html $(ARGS)

test: .venv/dev.done tests/report/node_modules/.package-lock.json  ## run all tests, on all cores
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

test-slurm: .venv/dev.done  ## run the tests that start a real SLURM
	$(BIN)/python -m pytest tests/slurm -rs $(ARGS)

test-containers: .venv/dev.done  ## run the tests that build the images (takes minutes)
	$(BIN)/python -m pytest tests/containers -rs $(ARGS)

containers: $(STEPS:%=containers/%.sif)  ## build the images for snakemake --sdm apptainer (BUILD_ARGS=...)

style: .venv/dev.done  ## check formatting and style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check $(SOURCES)
	$(BIN)/snakemake --lint

format: .venv/dev.done  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt $(SOURCES)

docs: .venv/run.done  ## generate docs/configuration.md
	$(BIN)/python scripts/document_config.py docs/configuration.md

example:  ## copy tables and figures of finished studies to docs/results (FIGURES="sam/comparisons ...")
	for shown in $(SHOWN); do \
	  study=$${shown%%/*} && mkdir -p docs/results/$$study && \
	  cp results/$$study/statistics/statistics.md results/$$study/tables/tables.md results/$$shown \
	    docs/results/$$study || exit; \
	done

paper: setup  ## compile the article from the results of STUDY and VALIDITY to build/paper/paper.pdf
	$(BIN)/python scripts/make_paper.py --results results/$(STUDY) --output build/paper \
	  $(addprefix --validity ,$(wildcard results/$(VALIDITY)))
	cd build/paper && pdflatex -interaction=nonstopmode -halt-on-error paper && bibtex paper && \
	  pdflatex -interaction=batchmode paper && pdflatex -interaction=batchmode paper

bench: .venv/bench.done  ## measure the speed and write docs/benchmarks.md (ARGS=--quick)
	$(BIN)/python benchmarks/run.py $(ARGS)

clean:  ## delete the virtual environment and the compiled kernel; results/ stays
	rm -rf .venv build

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /|/' \
	  | while IFS='|' read -r name text; do printf '%-16s %s\n' "$$name" "$$text"; done

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'This needs Python 3.11 or newer; choose one with: make PYTHON=python3.12'; exit 1; }
	@command -v which > /dev/null \
	  || { echo 'Snakemake needs the program `which` (Debian: debianutils, Fedora: which)'; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2> /dev/null \
	  || { echo 'Python cannot make virtual environments (Debian: apt install python3-venv)'; exit 1; }
	$(PYTHON) -m venv .venv

.venv/run.done: requirements.txt constraints.txt | .venv/bin/python
	@echo 'Downloading and installing what a run needs into .venv; this takes minutes and prints nothing.'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	$(BIN)/python scripts/build_kernel.py
	@touch $@

.venv/dev.done: requirements-dev.txt .venv/run.done
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	@touch $@

# The pages' tests take axe and html-validate; without npm they are skipped.
tests/report/node_modules/.package-lock.json: tests/report/package-lock.json
	command -v npm > /dev/null && npm ci --silent --prefix tests/report \
	  || echo 'Two tests of the pages are skipped: they need npm.'

.venv/bench.done: requirements-bench.txt .venv/run.done
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt -c constraints.txt \
	  || echo 'The benchmark continues without JAX.'
	@touch $@

containers/%.sif: containers/%.def requirements.txt constraints.txt
	apptainer build --force --warn-unused-build-args $(BUILD_ARGS) $@ $<

containers/train.sif: $(addprefix scripts/genboost/,errors.py files.py processes.py)
containers/train.sif: scripts/genboost/train/engines/kernel_build.py $(wildcard scripts/genboost/train/engines/kernel/*.*)
