"""The alias moves from the version that was compared with, and every move is written down."""

import json
from typing import Any

from register.conftest import Run, Store, Train


def history(store: Store, name: str) -> list[dict[str, Any]]:
    tags = store.client.get_registered_model(name).tags
    return [json.loads(tags[key]) for key in sorted(tags) if key.startswith("pinion.history.")]


def test_the_champion_before_is_kept_and_the_moves_are_written_down(
    store: Store, train: Train, register_step: Run
) -> None:
    first, second = train(), train()
    register_step(first, registered_model_name="kept")
    second.edit_evaluation(champion={"name": "kept", "version": 1})

    outcome = register_step(second, registered_model_name="kept")

    assert outcome.stdout == "registered models:/kept/2 (champion)\n"
    assert (store.alias("kept"), store.alias("kept", "previous")) == (2, 1)
    why = "accuracy is 0.956, must be >= 0.9"
    assert history(store, "kept") == [
        {
            "alias": "champion", "before": None, "after": 1,
            "by": "register", "why": why, "run": first.run_id,
        },
        {
            "alias": "champion", "before": 1, "after": 2,
            "by": "register", "why": why, "run": second.run_id,
        },
    ]  # fmt: skip


def test_a_champion_that_nobody_compared_with_is_not_replaced(
    store: Store, train: Train, register_step: Run
) -> None:
    register_step(train(), registered_model_name="overtaken")
    register_step(train(), registered_model_name="overtaken")
    late = train()
    late.edit_evaluation(champion={"name": "overtaken", "version": 1})

    outcome = register_step(late, registered_model_name="overtaken")

    assert outcome.exit_code == 1
    assert outcome.stderr == (
        "register: error: the alias 'champion' of overtaken is at version 2, but the evaluation "
        "compared with models:/overtaken/1; version 3 is registered without the alias: evaluate "
        "the model again\n"
    )
    assert store.alias("overtaken") == 2
    # That of the call before.
    assert outcome.model_uri.read_text() == "models:/overtaken/2"


def test_the_first_champion_may_not_have_been_there_either(
    store: Store, train: Train, register_step: Run
) -> None:
    late = train()
    late.edit_evaluation(champion={"version": None})
    register_step(train(), registered_model_name="first")

    outcome = register_step(late, registered_model_name="first")

    assert outcome.exit_code == 1
    assert "is at version 1, but the evaluation compared with no version; " in outcome.stderr
    assert store.alias("first") == 1


def test_the_same_number_under_another_name_is_not_what_was_compared_with(
    store: Store, train: Train, register_step: Run
) -> None:
    register_step(train(), registered_model_name="namesake")
    late = train()
    late.edit_evaluation(champion={"name": "elsewhere", "version": 1})

    outcome = register_step(late, registered_model_name="namesake")

    assert outcome.exit_code == 1
    assert "compared with models:/elsewhere/1; version 2 is registered" in outcome.stderr


def test_a_model_for_another_alias_may_be_compared_with_the_champion(
    store: Store, train: Train, register_step: Run
) -> None:
    register_step(train(), registered_model_name="other")
    register_step(train(), registered_model_name="other", alias="blue")
    third, late = train(), train()
    third.edit_evaluation(champion={"name": "other", "version": 1})
    late.edit_evaluation(champion={"name": "other", "version": 2})

    assert register_step(third, registered_model_name="other", alias="blue").exit_code == 0
    assert store.alias("other", "blue") == 3
    assert store.alias("other", "previous") is None
    assert register_step(late, registered_model_name="other", alias="blue").exit_code == 1
    assert store.alias("other", "blue") == 3


def test_an_evaluation_of_an_older_release_names_the_alias(
    store: Store, train: Train, register_step: Run
) -> None:
    register_step(train(), registered_model_name="older release")
    late = train()
    late.edit_evaluation(champion={"alias": "champion", "version": None})

    outcome = register_step(late, registered_model_name="older release")

    assert outcome.exit_code == 1
    assert "but the evaluation compared with no version" in outcome.stderr


def test_a_repetition_does_not_undo_a_rollback(
    store: Store, train: Train, register_step: Run
) -> None:
    register_step(train(), registered_model_name="rolled")
    second = train()
    register_step(second, registered_model_name="rolled")
    move = {"alias": "champion", "before": 2, "after": 1, "by": "ada", "why": "", "run": ""}
    key = "pinion.history.2999-01-01T00:00:00.000000Z"
    store.client.set_registered_model_tag("rolled", key, json.dumps(move))
    store.client.set_registered_model_alias("rolled", "champion", "1")

    outcome = register_step(second, registered_model_name="rolled")

    assert (
        outcome.stdout == "already registered as models:/rolled/2 (champion stays at version 1)\n"
    )
    assert store.alias("rolled") == 1


def test_a_repetition_does_not_undo_a_rollback_that_was_made_in_mlflow(
    store: Store, train: Train, register_step: Run
) -> None:
    register_step(train(), registered_model_name="moved by hand")
    second = train()
    register_step(second, registered_model_name="moved by hand")
    store.client.set_registered_model_alias("moved by hand", "champion", "1")

    outcome = register_step(second, registered_model_name="moved by hand")

    assert (
        outcome.stdout
        == "already registered as models:/moved by hand/2 (champion stays at version 1)\n"
    )
    assert store.alias("moved by hand") == 1


def test_the_page_of_a_version_says_how_good_it_is(
    store: Store, train: Train, register_step: Run
) -> None:
    trained = train(run_tags={"pinion.dataset.source": "wine.csv"})
    trained.edit_evaluation(metrics={"roc_auc": 0.98765, "accuracy": 0.956})

    register_step(trained, registered_model_name="carded")

    (version,) = store.versions("carded")
    assert (version.description or "").replace("&emsp;", "") == (
        "accuracy 0.9560; measured on rows that the model was not trained on.\n\n"
        "| metric | value | must be |\n| --- | ---: | ---: |\n"
        "| accuracy | 0.9560 | >= 0.9 |\n| roc_auc | 0.9877 |  |\n\n"
        f"- Dataset: `wine.csv`\n- Training run: `{trained.run_id}`"
    )


def test_the_page_of_a_registered_model_has_the_figures_of_its_champion(
    store: Store, train: Train, register_step: Run
) -> None:
    first, second = train(), train()
    first.edit_evaluation(metrics={"accuracy": 0.956, "roc_auc": 0.98765})
    second.edit_evaluation(metrics={"accuracy": 0.956, "roc_auc": 0.99123})

    register_step(first, registered_model_name="described")
    about = store.client.get_registered_model("described").description or ""
    assert "### Champion\n\nVersion 1: accuracy 0.9560" in about
    store.client.update_registered_model("described", f"{about}\n\nAsk the churn team.")
    register_step(second, registered_model_name="described")

    about = (store.client.get_registered_model("described").description or "").replace("&emsp;", "")
    assert about.startswith("### Champion\n\nVersion 2: accuracy 0.9560")
    assert "| roc_auc | 0.9912 |" in about
    assert "0.9877" not in about
    assert about.count("### Champion") == 1
    assert about.endswith("Ask the churn team.")
