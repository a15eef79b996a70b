"""What all commands share on a terminal: flags, exit codes and progress."""
