.PHONY: setup run ui serve test test-all chaos lock bench

# Modules of another Python must not be imported.
unexport PYTHONPATH PYTHONHOME

# The environment of the commands; it is made again when its lock changes.
setup:
	@build-support/setup

# From data to a registered model: make run ARGS="--param source=my.csv --param target=price"
# Registering is only a default here; --no-register, --param register=false or a file overrides it.
run: setup
	@.venv/bin/python -m pipelines.run --default register=true $(ARGS)

# MLflow's pages for the runs, until Ctrl-C: make ui ARGS="--port 5050"
ui: setup
	@.venv/bin/python -m pipelines.ui $(ARGS)

# A server for the champion, until Ctrl-C: make serve ARGS="--model pinion-model/3 --port 5050"
serve: setup
	@.venv/bin/python -m pipelines.serve $(ARGS)

# Lint, format, types, and the fast tests, which need nothing installed:
# make test ARGS="components/train -k search"
test: setup
	@.venv/bin/python -m tests.tiers $(ARGS)

# The slow tests as well, which need root, Docker, a browser and PostgreSQL. What make test has
# passed for the same files does not run again.
test-all: setup
	@.venv/bin/python -m tests.tiers --all $(ARGS)

# Faults at random moments of real runs; make test-all has one of each kind:
# make chaos ARGS="--seed 7 --rounds 40 --only kill-runner"
chaos: setup
	@.venv/bin/python -m tests.chaos $(ARGS)

# Every lock, from its source; ARGS=--upgrade takes the newest versions.
lock:
	@build-support/lock $(ARGS)

# All measurements, in about half an hour: the first minute, isolated steps, cached runs, the
# runner's cost per task, pages of runs, large tables, training, packaging without a change, and a
# changed line to a new image. The last two need Docker.
bench: setup
	@.venv/bin/python -m benchmarks.first_run
	@.venv/bin/python -m benchmarks.isolation
	@.venv/bin/python -m benchmarks.rerun
	@.venv/bin/python -m benchmarks.graph_size
	@.venv/bin/python -m benchmarks.pages
	@.venv/bin/python -m benchmarks.big_tables
	@.venv/bin/python -m benchmarks.training
	@.venv/bin/python -m benchmarks.no_op
	@.venv/bin/python -m benchmarks.image_build
