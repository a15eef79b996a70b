"""Pass a Python program arguments that are too long for a command line.

Linux passes no argument of 128 KiB. The arguments are then in a file, from which the interpreter
takes them before the program starts, so that no program needs to know of it.
"""

import json
import os

from pipelines.runner.task.backend import Call

# With the zero byte that ends it, an argument may have 128 KiB. All together may have more, but how
# much more is a matter of the machine and its environment variables.
_LONGEST = 128 * 1024 - 1
# As `python PROGRAM` does, it puts the program's folder first where modules are found.
_PROGRAM = """
import json, os, sys
program, arguments = sys.argv[1:]
with open(arguments, encoding="utf-8") as file:
    sys.argv[:] = [program, *json.load(file)]
sys.path.insert(0, os.path.dirname(program))
__file__ = program
exec(compile(open(program, "rb").read(), program, "exec"))
"""


def are_long(call: Call) -> bool:
    """Return whether the arguments of a call may be too long for a command line."""
    return sum(len(os.fsencode(argument)) for argument in call.command) > _LONGEST


def from_file(call: Call, program: str) -> list[str]:
    """Write the arguments of a call into its folder.

    Return the arguments with which the interpreter runs the program, a file of Python, with them.
    """
    file = call.folder / "arguments.json"
    file.write_text(json.dumps(call.command[1:]), encoding="utf-8")
    return ["-P", "-sE", "-c", _PROGRAM, program, str(file)]
