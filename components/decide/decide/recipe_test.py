"""The recipe, which is the same on every machine and runner."""

from decide.recipe import parts, recipe


def test_equal_parameters_give_equal_recipes_however_they_are_written() -> None:
    given = recipe({"model_params": {"max_iter": 200, "rate": 0.5}, "seed": 42}, "code")
    assert recipe({"seed": 42, "model_params": {"rate": 0.5, "max_iter": 200.0}}, "code") == given
    assert given == "2306bc86badeec6d-5694d08a2e53ffca"


def test_its_parts_tell_parameters_from_code() -> None:
    first = parts(recipe({"seed": 42}, "code"))
    assert parts(recipe({"seed": 43}, "code")) == (parts(recipe({"seed": 43}, ""))[0], first[1])
    assert parts(recipe({"seed": 42}, "other"))[0] == first[0]
    assert len({*first, *parts(recipe({"seed": 43}, "other"))}) == 4
