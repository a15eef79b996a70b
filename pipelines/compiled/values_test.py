import datetime

import pytest

from pipelines.compiled import values
from pipelines.compiled.kfp_messages import spec
from pipelines.compiled.values import Value
from pipelines.system.errors import PinionError

TYPES = spec.ParameterType


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        pytest.param(" 7 ", TYPES.STRING, " 7 ", id="a text is not changed"),
        pytest.param("-7", TYPES.NUMBER_INTEGER, -7, id="whole number"),
        pytest.param("7.0", TYPES.NUMBER_INTEGER, 7, id="whole number, written as a double"),
        pytest.param("1e-3", TYPES.NUMBER_DOUBLE, 0.001, id="number"),
        pytest.param("True", TYPES.BOOLEAN, True, id="Python's spelling"),
        pytest.param("false", TYPES.BOOLEAN, False, id="JSON's spelling"),
        pytest.param('["a", 2]', TYPES.LIST, ["a", 2], id="list"),
        pytest.param('{"a": {"b": 2}}', TYPES.STRUCT, {"a": {"b": 2}}, id="object"),
    ],
)
def test_a_value_is_read_by_its_type(text: str, kind: int, value: Value) -> None:
    read = values.parse(text, kind)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        pytest.param("seven", TYPES.NUMBER_INTEGER, "'seven' is not a whole number", id="word"),
        pytest.param("7.5", TYPES.NUMBER_INTEGER, "7.5 is not a whole number", id="fraction"),
        pytest.param("NaN", TYPES.NUMBER_DOUBLE, "nan is not a number", id="not a number"),
        pytest.param("1e999", TYPES.NUMBER_DOUBLE, "inf is not a number", id="infinity"),
        pytest.param(
            "9" * 400, TYPES.NUMBER_INTEGER, f"{'9' * 400} is not a whole number", id="long"
        ),
        pytest.param("true", TYPES.NUMBER_DOUBLE, "True is not a number", id="boolean"),
        pytest.param("1", TYPES.BOOLEAN, "1 is not true or false", id="number"),
        pytest.param("{}", TYPES.LIST, "{} is not a JSON list", id="object"),
        pytest.param("[1]", TYPES.STRUCT, "[1] is not a JSON object", id="list"),
        pytest.param("{a: 1}", TYPES.STRUCT, "'{a: 1}' is not a JSON object", id="not JSON"),
    ],
)
def test_a_value_of_another_type_is_refused(text: str, kind: int, expected: str) -> None:
    with pytest.raises(ValueError, match="is not") as caught:
        values.parse(text, kind)
    assert str(caught.value) == expected


def test_a_text_that_an_argument_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="null character"):
        values.parse("a\0b", TYPES.STRING)


def test_an_object_that_contains_itself_is_refused() -> None:
    nested: dict[str, object] = {}
    nested["x"] = nested
    with pytest.raises(ValueError, match="JSON"):
        values.check(nested, TYPES.STRUCT)


@pytest.mark.parametrize("value", [{"since": datetime.date(2020, 1, 1)}, {"rate": float("nan")}])
def test_a_value_that_json_cannot_hold_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"date|JSON"):
        values.check(value, TYPES.STRUCT)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(PinionError, match="TASK_FINAL_STATUS"):
        values.check("x", TYPES.TASK_FINAL_STATUS)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a 'b' $(c)\n", "a 'b' $(c)\n"),
        (3.0, "3"),
        (0.25, "0.25"),
        (1e-7, "0.0000001"),
        (-1e21, "-1000000000000000000000"),
        (-2, "-2"),
        (True, "true"),
        (
            {"name": "größe", "depth": 3.0, "rates": [0.5, 1.0]},
            '{"depth":3,"name":"größe","rates":[0.5,1]}',
        ),
    ],
)
def test_a_value_becomes_a_text_as_on_a_cluster(value: Value, text: str) -> None:
    assert values.to_text(value) == text


@pytest.mark.parametrize(
    ("value", "argument"),
    [
        (1e-7, "1e-07"),
        (0.000125, "0.000125"),
        (-0.0000125, "-1.25e-05"),
        (123456.75, "123456.75"),
        (1234567.5, "1.2345675e+06"),
        (25000000.0, "25000000"),
        (3.0, "3"),
        (-17, "-17"),
        (False, "false"),
        ("1e-7", "1e-7"),
        ({"rate": 1e-7}, '{"rate":1e-07}'),
    ],
)
def test_a_value_is_an_argument_as_on_a_cluster(value: Value, argument: str) -> None:
    assert values.to_argument(value) == argument


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (" 12\n", TYPES.NUMBER_INTEGER, 12),
        ("-3", TYPES.NUMBER_INTEGER, -3),
        ("True\n", TYPES.BOOLEAN, True),
        ("f", TYPES.BOOLEAN, False),
        ("0.5\n", TYPES.NUMBER_DOUBLE, 0.5),
        ("a b\n", TYPES.STRING, "a b\n"),
        ('["x"]\n', TYPES.LIST, ["x"]),
    ],
)
def test_an_output_is_read_as_on_a_cluster(text: str, kind: int, value: Value) -> None:
    assert values.parse_output(text, kind) == value


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("12.0", TYPES.NUMBER_INTEGER, "a whole number"),
        ("1e3", TYPES.NUMBER_INTEGER, "a whole number"),
        ("", TYPES.NUMBER_INTEGER, "a whole number"),
        ("tRUE", TYPES.BOOLEAN, "true or false"),
        ("yes", TYPES.BOOLEAN, "true or false"),
    ],
)
def test_an_output_that_kfp_would_not_read_is_refused(text: str, kind: int, name: str) -> None:
    with pytest.raises(ValueError, match=f"^{text!r} is not {name}$"):
        values.parse_output(text, kind)
