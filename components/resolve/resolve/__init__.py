"""Find out what may have changed outside: the version of the source, and the champion."""
