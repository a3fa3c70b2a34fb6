# FLAT: set-up, the embedded study, tests. `make help` lists the targets. Nothing outside this folder is changed.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# What you may set on the command line, for example `make demo CORES=4` or `make setup PYTHON=/opt/python3.12/bin/python3`
PYTHON ?=
VENV ?= .venv
CORES ?= all
STUDY ?= config/demo.yaml
LOCK ?= $(if $(shell command -v nvidia-smi),envs/cuda.lock,envs/cpu.lock)
PYTEST_ARGS ?= -n auto --dist loadfile --no-loadscope-reorder
BENCH_ARGS ?=
MINUTES ?= 1
CAMPAIGN_ARGS ?=
COST_ARGS ?=
PUBLISH_ARGS ?=
SEED ?= 0
PART ?=
PART_FILE = results/parts/word-models$(if $(PART),.$(subst /,.,$(PART))).yaml
MIRROR ?=

BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
unexport PYTHONPATH PYTHONHOME

PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-input
# What comes from an index has a hash, and is built with what bootstrap.lock installed. A build of its own environment
# would fetch hatchling without a hash
LOCKED := $(PIP) --require-hashes --no-build-isolation
REFUSED = { echo "  remedy: if pip names hashes, the index has another file than the lock: docs/resources.md, Hashes" \
	>&2; exit 1; }
# The stamp's name holds a checksum of the locks. So an edited lock installs anew, and a touched one does not
LOCKS := $(sort $(LOCK) $(addprefix envs/,bootstrap.lock cpu-torch.lock cpu.lock cuda-packages.lock no-deps.lock)) pyproject.toml
STAMP := $(VENV)/.installed-$(shell (cat $(LOCKS); pwd) | cksum | cut -d ' ' -f 1)

.PHONY: help setup demo word-models bench bench-short cost publish published test campaign \
	lint format tools docs release resources clean-env

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20
	@echo "After set-up: source $(BIN)/activate, then snakemake, pytest ... are at hand."

setup: $(STAMP) resources ## create .venv from the pinned lock, and fetch the resources of the embedded study

demo: setup ## run the whole pipeline on real text in minutes (config/demo.yaml): every table and figure
	@$(BIN)/python -m flat.command run $(STUDY) $(if $(filter all,$(CORES)),,--cores $(CORES))

word-models: setup ## run a seed of the paper's CNN and LSTM: make word-models SEED=3 PART=trec/CNN MIRROR=folder-of-the-texts
	@mkdir -p results/parts
	@$(BIN)/python -m flat.published part config/word-models.yaml $(PART) > $(PART_FILE)
	@$(BIN)/python -m flat.jobs.warm -- $(BIN)/snakemake --cores $(CORES) --quiet rules host reason --keep-going \
		--configfile $(PART_FILE) --config 'seeds=[$(SEED)]' $(if $(MIRROR),'mirror=$(MIRROR)')

bench: setup ## measure our times against the stock tools', and compare the answers (docs/performance.md)
	@OMP_NUM_THREADS=1 $(BIN)/python -m flat.bench $(BENCH_ARGS)

bench-short: setup ## compare a few answers of each row with the stock tools' (10 minutes)
	@OMP_NUM_THREADS=1 $(BIN)/python -m flat.bench --short $(BENCH_ARGS)

cost: $(STAMP) ## predict the hours and the disk that a study needs: make cost STUDY=config/config.yaml
	@$(BIN)/python -m flat.cost $(STUDY) $(COST_ARGS)

publish: $(STAMP) ## pack a finished seed's small files, without texts: make publish STUDY=config/demo.yaml SEED=0
	@$(BIN)/python -m flat.published pack $(STUDY) --seed $(SEED) $(if $(PART),--part $(PART)) $(PUBLISH_ARGS)

published: $(STAMP) ## redraw a study from results/published: make published STUDY=config/demo.yaml
	@$(BIN)/python -m flat.published redraw $(STUDY) $(PUBLISH_ARGS)

test: setup ## run every test
	@FLAT_REQUIRE_RESOURCES=1 $(BIN)/python -m pytest $(PYTEST_ARGS)

campaign: setup ## kills, flipped bits, cut files at random, for a time: make campaign SEED=7 MINUTES=60 (docs/reliability.md)
	@$(BIN)/python -m tests.campaign --seed $(SEED) --minutes $(MINUTES) $(CAMPAIGN_ARGS)

lint: $(STAMP) ## check style and workflow (ruff, snakefmt, snakemake --lint)
	@$(BIN)/ruff check src tests workflow envs docs/site
	@$(BIN)/ruff format --check src tests workflow envs docs/site
	@$(BIN)/snakefmt --check Snakefile workflow/Snakefile rules
	@for study in config/config.yaml config/demo.yaml; do $(BIN)/snakemake --lint --configfile $$study; done

format: $(STAMP) ## rewrite Python and Snakemake files in the common style
	@$(BIN)/ruff check --fix src tests workflow envs docs/site
	@$(BIN)/ruff format src tests workflow envs docs/site
	@$(BIN)/snakefmt Snakefile workflow/Snakefile rules

tools: $(STAMP) ## install what the docs' site, releases and checks of exports need (envs/tools.lock)
	@$(LOCKED) --requirement envs/tools.lock || $(REFUSED)

# Without --quiet, which would let mkdocs count no warning
docs: tools ## build the docs' site into site/; a broken link is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict 2>&1 | { grep -v '^INFO' || true; }
	@echo "site/index.html"

release: tools ## build the wheel and the source archive into dist/, and check them
	@rm -rf dist
	@$(BIN)/python -m build --no-isolation --outdir dist . >/dev/null
	@$(BIN)/twine check --strict dist/*

clean-env: ## remove .venv; keep results and resources
	@rm -rf $(VENV)

# Asked each time, so that a deleted or damaged resource is noticed. It takes a quarter of a second
resources: $(STAMP)
	@$(BIN)/python -m flat.resources fetch --default

$(STAMP): $(LOCKS)
	@bash envs/create.sh "$(VENV)" "$(PYTHON)"
	@echo "[2/3] installing the packages of $(LOCK) into $(VENV) (some minutes)"
	@$(LOCKED) --only-binary :all: --requirement envs/bootstrap.lock || $(REFUSED)
	@[ "$(LOCK)" != envs/cpu.lock ] || $(LOCKED) --no-deps --requirement envs/cpu-torch.lock 2>&1 | sed 's/^/      /' || \
		echo "      no listed CPU build of torch at hand: taking PyPI's, with CUDA"
	@$(LOCKED) --requirement $(LOCK) || $(REFUSED)
	@$(LOCKED) --no-deps --requirement envs/no-deps.lock || $(REFUSED)
	@$(PIP) --no-index --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.installed-*
	@touch $@
	@echo "[3/3] resources"
