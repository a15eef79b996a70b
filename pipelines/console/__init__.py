"""What every command shares on a terminal: its flags, its exit code and its progress."""
