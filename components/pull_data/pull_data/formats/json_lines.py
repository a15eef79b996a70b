"""JSON lines as a table with the types that JSON has: text, numbers, booleans."""

import io
import re
from collections.abc import Callable, Iterator
from functools import reduce
from itertools import accumulate, chain

import pyarrow as pa
import pyarrow.json

from pinion_step.errors import StepError, reason
from pull_data.formats.table import Table, check_column_names

BLOCK_BYTES = 4 << 20
# Arrow calls itself for each level, and a stack that overflows kills the process.
MOST_NESTING = 100
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{}]')
_CHANGED = re.compile(
    r"Column\(/(?P<column>.*)\) changed from (?P<old>\w+) to (?P<new>\w+) in row (?P<row>\d+)"
)
_ROW = re.compile(r" in row (?P<row>\d+)")


def read_json_lines(open_stream: Callable[[], io.BufferedReader], name: str) -> Table:
    """Read one JSON object a line; the types are those that fit every row.

    The file is read twice, as only the last row settles the types. Raises `StepError`, here or
    while the batches are read, if a line is not an object or a column has two kinds of values.
    """
    schemas = (
        _plain_schema(batch.schema, name) for batch in _parsed_blocks(open_stream(), name, None)
    )
    schema = reduce(lambda old, new: _unify(old, new, name), schemas, pa.schema([]))
    check_column_names(schema.names, name)
    tables = _parsed_blocks(open_stream(), name, schema)
    batches = (table.select(schema.names).to_batches() for table in tables)
    return Table(schema, chain.from_iterable(batches))


def _parsed_blocks(
    stream: io.BufferedReader, name: str, schema: pa.Schema | None
) -> Iterator[pa.Table]:
    rows = lines = 0
    with stream:
        for block in _blocks(stream, name):
            _check_nesting(block, name, lines)
            lines += block.count(b"\n")
            table = _parse(block, name, schema, rows)
            rows += len(table)
            yield table


def _blocks(stream: io.BufferedReader, name: str) -> Iterator[bytes]:
    """Cut the stream at line ends, since a block that ends inside an object cannot be parsed."""
    rest = b""
    while chunk := stream.read(BLOCK_BYTES):
        whole, newline, tail = chunk.rpartition(b"\n")
        if not newline and len(rest) > BLOCK_BYTES:
            raise StepError(f"{name}: not JSON lines: a line exceeds {BLOCK_BYTES >> 20} MiB")
        block, rest = (rest + whole, tail) if newline else (b"", rest + chunk)
        if block.strip():
            yield block
    if rest.strip():
        yield rest


def _check_nesting(block: bytes, name: str, lines_before: int) -> None:
    for number, line in enumerate(block.split(b"\n"), start=lines_before + 1):
        # Few lines can be nested too deeply, and only those are looked at closely.
        if line.count(b"[") + line.count(b"{") > MOST_NESTING and _depth(line) > MOST_NESTING:
            raise StepError(
                f"{name}: line {number} is nested more than {MOST_NESTING} levels deep; flatten it"
            )


def _depth(line: bytes) -> int:
    steps = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}
    levels = accumulate(steps.get(token[0], 0) for token in _TOKEN.finditer(line))
    return max(levels, default=0)


def _parse(block: bytes, name: str, schema: pa.Schema | None, rows_before: int) -> pa.Table:
    try:
        return pa.json.read_json(
            io.BytesIO(block),
            # One block, so that the row in an error message is counted from its start.
            read_options=pa.json.ReadOptions(use_threads=False, block_size=len(block) + 1),
            parse_options=pa.json.ParseOptions(
                explicit_schema=schema,
                unexpected_field_behavior="error" if schema else "infer",
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise _parse_failure(reason(error), name, rows_before) from None


def _parse_failure(text: str, name: str, rows_before: int) -> StepError:
    changed = _CHANGED.search(text)
    if changed and changed["column"]:
        return StepError(
            f"{name}: column {changed['column']!r} holds a {changed['old']} and, in row"
            f" {rows_before + int(changed['row']) + 1}, a {changed['new']}; use one type"
        )
    text = _ROW.sub(lambda row: f" in row {rows_before + int(row['row']) + 1}", text)
    return StepError(f"{name}: not JSON lines: {text}; write one object per line")


def _plain_schema(schema: pa.Schema, name: str) -> pa.Schema:
    try:
        return pa.schema([(field.name, _plain(field.type)) for field in schema])
    except RecursionError:
        # An object on several lines, which Arrow takes too.
        raise StepError(f"{name}: a row is nested too deeply; flatten it") from None


def _plain(kind: pa.DataType) -> pa.DataType:
    """Undo Arrow's reading of text that looks like a date as one: JSON has no dates."""
    if pa.types.is_timestamp(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(field.name, _plain(field.type)) for field in kind])
    return kind


def _unify(old: pa.Schema, new: pa.Schema, name: str) -> pa.Schema:
    try:
        return pa.unify_schemas([old, new], promote_options="permissive")
    except pa.ArrowException as error:
        raise StepError(
            f"{name}: a column holds two types: {reason(error)}; use one type"
        ) from None
