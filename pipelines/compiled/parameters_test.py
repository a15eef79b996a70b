from pathlib import Path

import pytest

from pipelines.compiled.input_sources import Parameter
from pipelines.compiled.kfp_messages import spec
from pipelines.compiled.parameters import resolve
from pipelines.system.errors import UsageError

TYPES = spec.ParameterType
DECLARED = {
    "target": Parameter(TYPES.STRING, None),
    "seed": Parameter(TYPES.NUMBER_INTEGER, 42),
    "model_params": Parameter(TYPES.STRUCT, {}),
    "register": Parameter(TYPES.BOOLEAN, False),
    "source": Parameter(TYPES.STRING, "sample:iris"),
}


def params_file(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "params.yaml"
    file.write_text(text)
    return file


def test_flags_win_over_the_file_and_the_file_wins_over_defaults(tmp_path: Path) -> None:
    file = params_file(tmp_path, "target: income class\nseed: 7\n")
    assert resolve(DECLARED, ["seed=8", 'model_params={"alpha": 0.5}'], file, None) == {
        "target": "income class",
        "seed": 8,
        "model_params": {"alpha": 0.5},
        "register": False,
        "source": "sample:iris",
    }


def test_a_value_may_hold_an_equals_sign() -> None:
    assert resolve(DECLARED, ["target=a=b"], None, True)["target"] == "a=b"


@pytest.mark.parametrize("register", [True, False])
def test_the_register_flag_sets_the_parameter(register: bool) -> None:
    assert resolve(DECLARED, ["target=y"], None, register)["register"] is register


@pytest.mark.parametrize(
    ("params", "file", "register", "expected"),
    [
        pytest.param([], "", None, True, id="the default"),
        pytest.param([], "register: false", None, False, id="the file"),
        pytest.param(["register=false"], "", None, False, id="--param"),
        pytest.param(["register=FALSE"], "register: true", None, False, id="--param over the file"),
        pytest.param([], "", False, False, id="--no-register"),
        pytest.param([], "register: false", True, True, id="--register over the file"),
    ],
)
def test_a_given_value_wins_over_a_default(
    tmp_path: Path, params: list[str], file: str, register: bool | None, expected: bool
) -> None:
    path = params_file(tmp_path, file) if file else None
    given = resolve(DECLARED, ["target=y", *params], path, register, ["register=true"])
    assert given["register"] is expected


@pytest.mark.parametrize(
    ("default", "message"),
    [
        pytest.param("register", "--default 'register' is not NAME=VALUE", id="no value"),
        pytest.param("register=maybe", "--default register: 'maybe' is not true", id="type"),
        pytest.param(
            "regster=true", "--default: the pipeline has no parameter 'regs", id="unknown"
        ),
    ],
)
def test_a_wrong_default_is_named(default: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        resolve(DECLARED, ["target=y"], None, None, [default])


def test_an_empty_source_is_refused(tmp_path: Path) -> None:
    empty = (
        r"source: '\s*' is empty; give a path or an address, or leave it out to read sample:iris"
    )
    for text in ("", "  "):
        with pytest.raises(UsageError, match=f"--param {empty}"):
            resolve(DECLARED, ["target=y", f"source={text}"], None, None)
    with pytest.raises(UsageError, match=f"params.yaml: {empty}"):
        resolve(DECLARED, ["target=y"], params_file(tmp_path, "source: ''"), None)


def test_other_texts_may_be_empty() -> None:
    given = resolve(DECLARED, ["target="], None, None)
    assert given["target"] == ""
    without_default = {"source": Parameter(TYPES.STRING, "")}
    assert resolve(without_default, ["source="], None, None) == {"source": ""}


@pytest.mark.parametrize(
    ("params", "register", "message"),
    [
        pytest.param([], None, "needs a value for 'target'", id="missing"),
        pytest.param(["target"], None, "--param 'target' is not NAME=VALUE", id="no value"),
        pytest.param(
            ["targt=y"],
            None,
            "no parameter 'targt'; its parameters are model_params",
            id="unknown",
        ),
        pytest.param(
            ["target=y", "seed=x"], None, "--param seed: 'x' is not a whole number", id="type"
        ),
        pytest.param(
            ["target=y", "model_params={"],
            None,
            "model_params: '{' is not a JSON object",
            id="malformed JSON",
        ),
        pytest.param(
            ["target=y", "register=true"],
            False,
            "--register/--no-register or --param register=",
            id="both",
        ),
    ],
)
def test_a_wrong_flag_is_named(params: list[str], register: bool | None, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(DECLARED, params, None, register)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("target: 5", "params.yaml: target: 5 is not a text", id="type"),
        pytest.param("goal: y", "params.yaml: the pipeline has no parameter 'goal'", id="unknown"),
        pytest.param("- target", "must map parameter names", id="list"),
        pytest.param("target: [", "not YAML", id="malformed"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(DECLARED, [], params_file(tmp_path, text), None)
    assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.yaml: cannot be read"):
        resolve(DECLARED, [], tmp_path / "absent.yaml", None)


def test_without_a_register_parameter_the_flag_is_refused() -> None:
    with pytest.raises(UsageError, match="--register: the pipeline has no parameter 'register'"):
        resolve({"seed": DECLARED["seed"]}, [], None, True)
