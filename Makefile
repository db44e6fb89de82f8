# Every target does its own set-up. Pass options as variables: make train SOURCE=job_board DATA=folder
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
TANDEM := .venv/bin/tandem
# Where this is set, as in many container images, every command would compile its libraries again, for seconds.
unexport PYTHONDONTWRITEBYTECODE

# Only what is given on make's own command line: a PORT or HOST in the environment means something else.
given = $(filter command,$(firstword $(origin $(1))))
# A value as one word of the shell, whatever quotes it holds.
quoted = $(if $(call given,$(1)),'$(subst ','\'',$($(1)))')
option = $(if $(call given,$(1)),--$(2) $(call quoted,$(1)))
common = $(call option,SOURCE,source)

# Options of each target. Without this list, a misspelt option would be silently ignored.
options_demo := PORT ENGINE SCENARIO ARGS
options_check := SOURCE DATA ARGS
options_intake := DATA ARGS
options_train := SOURCE DATA SEED ARGS
options_tune := SOURCE DATA SEED TRIALS MINUTES ARGS
options_encoder := MODEL TO ARGS
options_deploy := SOURCE PORT ENGINE ARGS
options_traffic := SOURCE PORT SCENARIO PAIRS WINDOW ARGS
options_monitor := SOURCE ARGS
options_dashboards := SOURCE ARGS
options_rollback := SOURCE PORT ENGINE ARGS
options_promote := SOURCE VERSION REASON ARGS
options_status := SOURCE ARGS
options_stop := SOURCE ARGS
options_bench := SOURCE ARGS
options_market := SEED ARGS
options_test := ARGS
options_test-fast := ARGS
options_doctor := ARGS
options_bench-loop := ARGS
options_bench-text :=
options_screenshots := ARGS
goals := $(or $(MAKECMDGOALS),$(.DEFAULT_GOAL))
known := $(sort $(foreach goal,$(goals),$(options_$(goal))))
unknown := $(filter-out $(known),$(foreach name,$(.VARIABLES),$(if $(call given,$(name)),$(name))))
ifneq ($(strip $(unknown)),)
$(error make $(goals) has no option $(strip $(unknown)): $(if $(known),choose from $(known),it takes none))
endif
# Often a variable of the shell that is not set: `make stop SOURCE=` is not meant to stop everything.
empty := $(foreach name,$(filter-out ARGS,$(known)),$(if $(call given,$(name)),$(if $(strip $($(name))),,$(name))))
ifneq ($(strip $(empty)),)
$(error make $(goals): $(strip $(empty)) is empty: give it a value, or leave it out)
endif

.PHONY: help setup demo test test-fast check intake train tune encoder deploy traffic monitor dashboards rollback promote status \
	stop doctor lint bench bench-loop bench-text market screenshots clean

help: ## List the targets
	@echo "Tandem: a two-sided candidate-job matching model, from data to production."
	@echo
	@echo "Usage: make TARGET [OPTION=value ...]"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## Install the packages into .venv; every target that needs them does this first
	@scripts/bootstrap.sh

demo: setup ## Train, deploy, send drifting traffic, monitor it, and report what happened (PORT= ENGINE= SCENARIO=)
	@$(TANDEM) demo $(call option,PORT,port) $(call option,ENGINE,engine) \
		$(call option,SCENARIO,scenario) $(ARGS)

test: setup ## Run the tests (ARGS="-k name" to choose)
	@scripts/run-tests $(ARGS)

test-fast: setup ## Run the quick tests of what differs from branch main (ARGS="-k name" to choose)
	@scripts/run-tests --changed $(ARGS)

check: setup ## List every fault of your data, without training (DATA= SOURCE=)
	@$(TANDEM) check $(call quoted,DATA) $(common) $(ARGS)

intake: setup ## Read resumes: a file or a folder of them (DATA=)
	@$(TANDEM) intake $(call quoted,DATA) $(ARGS)

train: setup ## Train, evaluate, gate and register a model (SOURCE= DATA= SEED=)
	@$(TANDEM) train $(common) $(call option,DATA,data) $(call option,SEED,seed) $(ARGS)

tune: setup ## Search the settings of the model (SOURCE= DATA= SEED= TRIALS= MINUTES= ARGS=--ablate)
	@$(TANDEM) tune $(common) $(call option,DATA,data) $(call option,SEED,seed) $(call option,TRIALS,trials) \
		$(call option,MINUTES,minutes) $(ARGS)

encoder: setup ## Export a sentence-transformers model for training (MODEL=name or folder, TO=folder)
	@scripts/encoder-tools.sh
	@$(TANDEM) encoder export $(call quoted,MODEL) $(call option,TO,to) $(ARGS)

deploy: setup ## Put the champion behind HTTP (SOURCE= PORT= ENGINE=docker|podman|process)
	@$(TANDEM) deploy $(common) $(call option,PORT,port) $(call option,ENGINE,engine) $(ARGS)

traffic: setup ## Send one window of marketplace traffic and its outcomes (SCENARIO= PAIRS= WINDOW=)
	@$(TANDEM) traffic $(common) $(call option,PORT,port) $(call option,SCENARIO,scenario) \
		$(call option,PAIRS,pairs) $(call option,WINDOW,window) $(ARGS)

monitor: setup ## Compare the latest window with the reference and print a verdict
	@$(TANDEM) monitor $(common) $(ARGS)

dashboards: setup ## Start MLflow's and Evidently's pages and print the addresses
	@$(TANDEM) dashboards $(common) $(ARGS)

rollback: setup ## Deploy the previous champion, then make it champion again (SOURCE= PORT= ENGINE=)
	@$(TANDEM) rollback $(common) $(call option,PORT,port) $(call option,ENGINE,engine) $(ARGS)

promote: setup ## Make a registered version the champion, also after a rollback (VERSION= SOURCE= REASON=)
	@$(TANDEM) promote $(call quoted,VERSION) $(common) $(call option,REASON,reason) $(ARGS)

status: setup ## Show champion, service, log, last verdict and addresses
	@$(TANDEM) status $(common) $(ARGS)

stop: setup ## Stop the services and the dashboards (SOURCE= for one service alone)
	@$(TANDEM) stop $(common) $(ARGS)

doctor: setup ## Check this machine and say how to fix what it finds
	@$(TANDEM) doctor $(ARGS)

lint: setup ## Check style and types
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

bench: setup ## Print the model's figures beside targets and baselines, then measure the cost of a prediction
	@.venv/bin/python tests/bench/targets.py
	@[ -z "$$TANDEM_REALDATA" ] || .venv/bin/python tests/bench/salary.py
	@echo
	@$(TANDEM) bench $(common) $(ARGS)
	@echo
	@.venv/bin/python tests/bench/log_cost.py $(common) --blocks 8

bench-loop: setup ## Time the development loop beside its targets (ARGS="--only status,lint" to choose, --whole for all)
	@.venv/bin/python -m tests.bench.loop $(ARGS)

bench-text: setup ## Measure how real resumes and posts are understood, beside targets and plain peers
	@.venv/bin/python -m tests.bench.text

market: setup ## Compare ranking policies on the simulated marketplace, in matches a week (SEED=)
	@$(TANDEM) market $(call option,SEED,seed) $(ARGS)

screenshots: setup ## Take the screenshots of docs/images in headless Chromium
	@TANDEM_SCREENSHOTS=docs/images .venv/bin/pytest -q tests/e2e/test_pages.py $(ARGS)

clean: ## Stop everything and remove generated files: .tandem, .venv, .tandem-tools and caches
	@if [ -x $(TANDEM) ]; then $(TANDEM) stop; fi
	@rm -rf .tandem .venv .tandem-tools .pytest_cache .mypy_cache .ruff_cache .hypothesis dist
	@find home intake matching store pipelines serving monitoring tandem tests -name __pycache__ -type d -prune -exec rm -rf {} +
