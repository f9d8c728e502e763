# make demo   build a medical model and classify three diagnoses with it
# make test   run the whole test suite
# Everything is installed into .venv and nowhere else. pip's own configuration is respected.

PYTHON ?= python3
VENV ?= .venv
# Which PyTorch, and from which index (empty: pip's own). README.md says what to set on which machine.
TORCH ?= torch==2.13.0
TORCH_INDEX ?=
# Not empty: CUDA packages may come.
ALLOW_CUDA ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Editable, all three: the tests then see every change of the code without a new installation, and the
# stamps below only depend on what is installed from elsewhere.
PARTS := -e plugins/medical -e exporters/onnx
# The tests and the benchmarks try every industry and every exporter.
INDUSTRIES := education finance legal manufacturing
OTHERS := $(foreach name,$(INDUSTRIES),-e plugins/$(name)) -e "exporters/openvino[export]"
PROJECTS := pyproject.toml plugins/medical/pyproject.toml exporters/onnx/pyproject.toml
BUNDLE := build/icd10-chapter

.DELETE_ON_ERROR:
.PHONY: demo test lint types bench architectures fuzz interop dist clean help FORCE

help:
	@echo "make demo | test | lint | types | bench | architectures | fuzz | interop | dist | clean; see README.md"

demo: $(VENV)/.installed
	$(BIN)/hub build medical/icd10-chapter --recipe quick --out $(BUNDLE)
	$(BIN)/hub predict $(BUNDLE) "crushing chest pain, heart attack two weeks ago" \
		"broken wrist after a fall from a ladder" "cough and fever, pneumonia of the left lung"
	@echo
	@echo "bundle: $(BUNDLE)"
	@echo "report: $(BUNDLE)/report.html"

test: $(VENV)/.tested
	$(BIN)/python -m pytest $(PYTEST)

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.tested
	$(BIN)/mypy

# About two hours; each script resumes. HUB_BENCH_DATA names a folder of further sets.
bench: $(VENV)/.tested
	$(BIN)/python benchmarks/icd10.py quick
	$(BIN)/python benchmarks/icd10.py standard
	$(BIN)/python benchmarks/industries.py
	$(BIN)/python benchmarks/plugins.py
	$(BIN)/python benchmarks/startup.py build/bench/icd10-quick
	$(BIN)/python benchmarks/page.py

# Every architecture and kind through `hub export`, and one model of 2 GB: about half an hour, 10 GB of memory.
# It resumes; with Node the bundles are opened in Transformers.js too.
architectures: $(VENV)/.tested
	$(BIN)/python benchmarks/architectures.py

# Opens damaged bundles for a long time: FUZZ_SECONDS for each of eight kinds of files. docs/security.md
FUZZ_SECONDS ?= 300
FUZZED := bundle.json config.json tokenizer.json tokenizer_config.json preprocessor.json selftest.jsonl model.onnx \
	bundle.zip

fuzz: $(VENV)/.tested
	-$(PIP) install --quiet "atheris>=3,<4"
	@for target in $(FUZZED); do $(BIN)/python tests/fuzz/fuzz_open.py $$target $(FUZZ_SECONDS) || exit 1; done

# Opens bundles in other people's runtimes: Node, Chromium (when they are installed) and optimum-onnx, which needs
# transformers 4 and so a Python of its own. HUB_INTEROP_BUNDLE names further bundles. docs/interop.md
INTEROP := build/interop

interop: $(VENV)/.tested $(INTEROP)/.node $(INTEROP)/.optimum
	$(BIN)/python -m pytest tests/interop $(PYTEST)

# The ONNX Runtime of Node would fetch a CUDA provider that is not on npm; the CPU library is in the package.
$(INTEROP)/.node: tests/interop/package.json
	@mkdir -p $(INTEROP)
	@cp tests/interop/package.json $(INTEROP)/
	@if command -v npm > /dev/null; then \
		cd $(INTEROP) && ONNXRUNTIME_NODE_INSTALL=skip npm install --no-audit --no-fund; \
	else echo "npm is not installed: the tests in Node and in a browser skip"; fi
	@touch $@

# PyTorch is the one of the hub, so that no other one is fetched.
$(INTEROP)/.optimum: tests/interop/optimum.txt | $(VENV)/.torch
	@$(BIN)/python -m venv --clear $(INTEROP)/optimum-venv
	@$(INTEROP)/optimum-venv/bin/python -m pip --disable-pip-version-check install --quiet \
		"$(TORCH)" $(if $(TORCH_INDEX),--index-url "$(TORCH_INDEX)")
	@$(INTEROP)/optimum-venv/bin/python -m pip --disable-pip-version-check install --quiet -r tests/interop/optimum.txt
	@touch $@

dist: $(VENV)/.installed
	# What an earlier build left behind would end up in the wheels.
	@rm -rf build/lib build/bdist.* plugins/*/build exporters/*/build
	$(PIP) wheel --quiet --no-deps --wheel-dir dist . $(INDUSTRIES:%=./plugins/%) ./plugins/medical ./exporters/onnx \
		./exporters/openvino
	@ls dist

clean:
	rm -rf build dist $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf plugins/*/build exporters/*/build *.egg-info plugins/*/src/*.egg-info exporters/*/src/*.egg-info
	find hub plugins exporters tests tools -name __pycache__ -prune -exec rm -rf {} +

# --- installation ---------------------------------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, $(PYTHON) is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)

# Changes only when the choice of PyTorch changes.
$(VENV)/.torch-choice: FORCE | $(BIN)/python
	@echo '$(TORCH) $(TORCH_INDEX)' | cmp -s - $@ || echo '$(TORCH) $(TORCH_INDEX)' > $@

$(VENV)/.torch: $(VENV)/.torch-choice tools/check_torch.py | $(BIN)/python
	@echo "checking which PyTorch $(TORCH) is here"
	@GOAL=$(firstword $(MAKECMDGOALS)) ALLOW_CUDA=$(ALLOW_CUDA) $(BIN)/python tools/check_torch.py \
		"$(TORCH)" $(if $(TORCH_INDEX),--index-url "$(TORCH_INDEX)")
	@echo "installing $(TORCH)"
	@start=$$(date +%s); \
		$(PIP) install --quiet "$(TORCH)" $(if $(TORCH_INDEX),--index-url "$(TORCH_INDEX)") && \
		echo "PyTorch installed in $$(($$(date +%s) - start)) s"
	@touch $@

$(VENV)/.installed: $(VENV)/.torch $(PROJECTS)
	@echo "installing the hub, the medical plugin and the ONNX exporter with what they need"
	@start=$$(date +%s); \
		$(PIP) install --quiet -e ".[train]" $(PARTS) && \
		echo "hub installed in $$(($$(date +%s) - start)) s"
	@touch $@

# The test extras, the other industries and OpenVINO: the hub itself is there already.
$(VENV)/.tested: $(VENV)/.installed $(INDUSTRIES:%=plugins/%/pyproject.toml) exporters/openvino/pyproject.toml
	@echo "installing the test extras, the other industries and OpenVINO"
	@$(PIP) install --quiet "domainhub[test]" $(OTHERS)
	@touch $@
