"""One container task: what it is given, how it is started, and what it leaves."""
