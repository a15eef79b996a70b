"""The two tiers of the tests: what `make test` and `make test-all` run."""
