.PHONY: setup run ui serve test test-all chaos lock bench

# Another Python's modules must not reach these.
unexport PYTHONPATH PYTHONHOME

# The environment of the commands; made again when its lock changes.
setup:
	@build-support/setup

# From data to a registered model: make run ARGS="--param source=my.csv --param target=price"
# Registering is only a default here: --no-register, --param register=false or a file may say otherwise.
run: setup
	@.venv/bin/python -m pipelines.run --default register=true $(ARGS)

# MLflow's pages on the runs, until Ctrl-C: make ui ARGS="--port 5050"
ui: setup
	@.venv/bin/python -m pipelines.ui $(ARGS)

# The champion, served for requests, until Ctrl-C: make serve ARGS="--model pinion-model/3 --port 5050"
serve: setup
	@.venv/bin/python -m pipelines.serve $(ARGS)

# Lint, format, types, and every test that takes seconds and needs nothing installed:
# make test ARGS="components/train -k search"
test: setup
	@.venv/bin/python -m tests.tiers $(ARGS)

# The slow tests as well, which need root, Docker, a browser and PostgreSQL. What passed in make test
# for the same files is not run again.
test-all: setup
	@.venv/bin/python -m tests.tiers --all $(ARGS)

# Faults at random moments of real runs, of which make test-all has one of each kind:
# make chaos ARGS="--seed 7 --rounds 40 --only kill-runner"
chaos: setup
	@.venv/bin/python -m tests.chaos $(ARGS)

# Every lock, from what its source asks for; ARGS=--upgrade takes the newest versions.
lock:
	@build-support/lock $(ARGS)

# What the first minute is made of, what isolation costs, what the same run costs again, what a task costs the runner, what a row costs
# and what memory it takes; nothing to build, and a changed line to a new image, beside one image for all
# steps, which need Docker. In all half an hour.
bench: setup
	@.venv/bin/python -m benchmarks.first_run
	@.venv/bin/python -m benchmarks.isolation
	@.venv/bin/python -m benchmarks.rerun
	@.venv/bin/python -m benchmarks.graph_size
	@.venv/bin/python -m benchmarks.big_tables
	@.venv/bin/python -m benchmarks.training
	@.venv/bin/python -m benchmarks.no_op
	@.venv/bin/python -m benchmarks.image_build
