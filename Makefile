.PHONY: setup run test chaos lock bench

# Another Python's modules must not reach these.
unexport PYTHONPATH PYTHONHOME

# The environment of the commands; made again when its lock changes.
setup:
	@build-support/setup

# From data to a registered model: make run ARGS="--param source=my.csv --param target=price"
# Registering is only a default here: --no-register, --param register=false or a file may say otherwise.
run: setup
	@.venv/bin/python -m pipelines.run --default register=true $(ARGS)

# Lint, types, every test; then the tests that drive git, Pants and make themselves. One process more
# than there are cores, as tests of servers wait for them.
test: export PANTS_PROCESS_EXECUTION_LOCAL_PARALLELISM := $(shell echo $$(($$(nproc) + 1)))
test: setup
	./pants lint check test ::
	.venv/bin/python -m pytest --numprocesses auto --dist loadscope tests/build

# Faults at random moments of real runs, of which make test has one of each kind:
# make chaos ARGS="--seed 7 --rounds 40 --only kill-runner"
chaos: setup
	./pants --filter-target-type=pex_binary package ::
	@.venv/bin/python -m tests.chaos $(ARGS)

# Every lock, from what its source asks for; ARGS=--upgrade takes the newest versions.
lock:
	@build-support/lock $(ARGS)

# What isolation costs, what the same run costs again, what a task costs the runner, what a row costs
# and what memory it takes; nothing to build, and a changed line to a new image, beside one image for all
# steps, which need Docker. In all half an hour.
bench: setup
	@.venv/bin/python -m benchmarks.isolation
	@.venv/bin/python -m benchmarks.rerun
	@.venv/bin/python -m benchmarks.graph_size
	@.venv/bin/python -m benchmarks.big_tables
	@.venv/bin/python -m benchmarks.memory
	@.venv/bin/python -m benchmarks.no_op
	@.venv/bin/python -m benchmarks.image_build
