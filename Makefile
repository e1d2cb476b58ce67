# make demo        the README's example, trained and reported
# make quick       style, types, layers, and the tests to run after each change: at most 90 seconds
# make test        style, types, layers, and all tests but the following
# make test-long   the tests on servers and in a browser, and the long ones: examples on real data, clusters, kills, damage, full disks
# make web         the web client, built into src/enmyadmin/static
# make messages    sentences in Russian of the web client for the pages of reports
# make openapi     the description of the REST interface, src/enmyadmin/openapi.json
# make serve       the README's example in the web client
# Each makes the environment that it needs.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PYTEST_WORKERS ?= 2

# Minutes on two cores, quiet ones and slow ones of a shared machine; CONTRIBUTING.md names them too.
TEST_MINUTES := 8 to 13
TEST_LONG_MINUTES := 20 to 30

PYTEST := $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist worksteal --durations=20

.PHONY: demo web serve openapi messages quick test test-long torture check format examples examples-full bench bench-web bench-full clean

demo: .venv/installed
	$(BIN)/enstorage demo

CLIENT := src/enmyadmin/web
BUILT := src/enmyadmin/static/index.html

web: $(BUILT)

$(BUILT): hatch_build.py $(wildcard $(CLIENT)/*.json $(CLIENT)/*.ts $(CLIENT)/*.html) $(shell find $(CLIENT)/src $(CLIENT)/public -type f) | .venv/installed-dev
	$(BIN)/python hatch_build.py

serve: .venv/installed $(BUILT)
	$(BIN)/enstorage serve --demo

# One part of each room, without networks that are trained and without servers.
QUICK := $(addprefix tests/,house enstorage/adapter enstorage/formats enstorage/preparation enstorage/search \
	enstorage/entity/test_data_set.py enstorage/entity/test_model.py enstorage/bundle/test_round_trip.py entrainer/test_calibration.py \
	entrainer/test_estimator.py endirector/test_bad_members.py endirector/test_methods.py)

quick: check
	$(PYTEST) -m "not slow and not long and not server" $(QUICK)

test: check
	@echo "All tests but those on servers and the long ones: about $(TEST_MINUTES) minutes on two cores"
	$(PYTEST) -m "not long and not server"

test-long: .venv/installed-dev $(BUILT)
	@echo "The tests on servers, and the long ones: about $(TEST_LONG_MINUTES) minutes on two cores"
	$(PYTEST) -m "long or server"

# The tests of faults for longer: kills, many writers, servers that go away, full disks, damage. Writes the figures into
# docs/reference/reliability.md, which lists the variables that may be given, such as TORTURE_KILLS and TORTURE_SEED.
torture: .venv/installed-dev
	$(BIN)/python tests/faults/torture.py

# Programs, such as the generator of the client, read the file; a test compares it with the application.
openapi: .venv/installed
	$(BIN)/python -m enmyadmin.server.openapi_file

# The sentences of the library in Russian for the pages of reports, from those of the web client; a test compares both.
messages: .venv/installed
	$(BIN)/python -m enmyadmin.server.messages_file

# Style, types and layers.
check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "enstorage needs Python 3.11 or newer, and none was found. Install one, or name it: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/installed: pyproject.toml | .venv/bin/python
	@echo "Installing enstorage and its libraries into .venv (once; a few minutes)"
	$(BIN)/python -m pip install --quiet --editable '.[all]'
	@touch $@

.venv/installed-dev: .venv/installed
	@echo "Installing what the tests need into .venv (once)"
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

# The networks of the sources, in short forms, and as the sources did. DATA names a folder with local copies of the data; what
# is not there is downloaded. Finished examples keep their rows when the run is interrupted.
EXAMPLES := xor widrow_hoff back_propagation ten_documents classes_mlp airline cdnow_customers sunspots_formed m4 mnist_mlp mnist_300 \
	mnist_cnn mnist_large_cnn imdb cifar10
DATA ?= $(ENSTORAGE_TEST_DATA)

# $(1): the name of the file of rows, $(2): further arguments of the examples, $(3): those of the table.
define run_examples
	@failed=; for example in $(EXAMPLES); do \
		$(BIN)/python examples/$$example.py --store examples-store --rows examples-store/$(1).jsonl \
			$(if $(DATA),--data "$(DATA)") $(2) || failed="$$failed $$example"; \
	done; \
	$(BIN)/python examples/results.py examples-store/$(1).jsonl $(3); \
	test -z "$$failed" || { echo "These did not run to their end:$$failed"; exit 1; }
endef

examples: .venv/installed
	$(call run_examples,short)

examples-full: .venv/installed
	$(call run_examples,full,--full,--into docs/reference/results.md)

# Ours beside the peers and the bare libraries; peers are installed into .benchmarks once.
bench: .venv/installed-dev
	$(BIN)/python benchmarks/bench_start.py
	$(BIN)/python benchmarks/bench_records.py
	$(BIN)/python benchmarks/bench_records.py --database mariadb
	$(BIN)/python benchmarks/bench_snapshot.py
	$(BIN)/python benchmarks/bench_import.py
	$(BIN)/python benchmarks/bench_windows.py
	$(BIN)/python benchmarks/bench_spatial.py
	$(BIN)/python benchmarks/bench_train.py
	$(BIN)/python benchmarks/bench_ensemble.py
	$(BIN)/python benchmarks/bench_orchestrator.py
	$(MAKE) bench-web

# The web server and the client over one store of 100,000 models, and the server beside MLflow's: 5 to 8 minutes.
WEB_STORE := .benchmarks/web
WEB_FACTS := 20

bench-web: .venv/installed-dev $(BUILT)
	rm -rf $(WEB_STORE)
	$(BIN)/python benchmarks/bench_web.py --facts $(WEB_FACTS) --store $(WEB_STORE) --seconds 4
	$(BIN)/python benchmarks/bench_browser.py --facts $(WEB_FACTS) --store $(WEB_STORE)
	rm -rf $(WEB_STORE)

# 500 facts of 100,000 models need 15 GB of disk.
bench-full: bench
	$(BIN)/python benchmarks/bench_records.py --facts 500
	$(MAKE) bench-web WEB_FACTS=500

clean:
	rm -rf .venv build dist demo-report examples-store .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
