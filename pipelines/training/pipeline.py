"""The graph of the training pipeline: only wiring."""

from collections.abc import Callable, Mapping
from typing import Any

from kfp import dsl
from kfp.dsl.base_component import BaseComponent


def training_pipeline(components: Mapping[str, Callable[..., Any]]) -> BaseComponent:
    """Return the training pipeline of the seven pinned components, which are given by name."""

    @dsl.pipeline(name="training", description="From a table to a registered model.")
    def training(
        source: str = "sample:breast_cancer",
        sha256: str = "",
        delimiter: str = "",
        encoding: str = "",
        quote: str = "",
        skip_lines: int = -1,
        header: str = "",
        target: str = "diagnosis",
        task: str = "",
        positive_class: str = "",
        test_fraction: float = 0.2,
        seed: int = 42,
        ignore_columns: list[str] = [],
        allowed_checks: list[str] = [],
        column_types: dict[str, str] = {},
        missing_markers: list[str] = [],
        decimal: str = "",
        thousands: str = "",
        date_format: str = "",
        duplicates: str = "",
        model: str = "hist_gradient_boosting",
        model_params: dict[str, Any] = {},
        search: dict[str, Any] = {},
        thresholds: dict[str, Any] = {},
        slices: list[str] = [],
        experiment: str = "pinion",
        mlflow_tracking_uri: str = "",
        registered_model_name: str = "pinion-model",
        compare_with: str = "",
        retrain: str = "always",
        max_age: str = "",
        drift_limits: dict[str, Any] = {},
        register: bool = False,
    ) -> None:
        # It looks at the world, so that the steps after it depend on their inputs alone.
        resolved = components["resolve"](
            source=source,
            sha256=sha256,
            registered_model_name=registered_model_name,
            thresholds=thresholds,
            compare_with=compare_with,
            retrain=retrain,
            max_age=max_age,
            experiment=experiment,
            mlflow_tracking_uri=mlflow_tracking_uri,
        )
        resolved.set_caching_options(enable_caching=False)
        pulled = components["pull_data"](
            source=source,
            source_version=resolved.outputs["source_version"],
            sha256=sha256,
            delimiter=delimiter,
            encoding=encoding,
            quote=quote,
            skip_lines=skip_lines,
            header=header,
        )
        dataset = pulled.outputs["dataset"]
        split = components["preprocess"](
            dataset=dataset,
            target=target,
            task=task,
            positive_class=positive_class,
            test_fraction=test_fraction,
            seed=seed,
            ignore_columns=ignore_columns,
            allowed_checks=allowed_checks,
            column_types=column_types,
            missing_markers=missing_markers,
            decimal=decimal,
            thousands=thousands,
            date_format=date_format,
            duplicates=duplicates,
        )
        decided = components["decide"](
            profile=split.outputs["profile"],
            champion=resolved.outputs["champion"],
            policy=retrain,
            expired=resolved.outputs["expired"],
            refused=resolved.outputs["refused"],
            model=model,
            model_params=model_params,
            search=search,
            test_fraction=test_fraction,
            seed=seed,
            thresholds=thresholds,
            compare_with=resolved.outputs["compare_with"],
            limits=drift_limits,
            experiment=experiment,
            mlflow_tracking_uri=mlflow_tracking_uri,
        )
        needed = decided.outputs["retrain"] == True  # noqa: E712 - KFP builds the condition from it
        with dsl.If(needed, "retrain"):
            trained = components["train"](
                train_data=split.outputs["train_data"],
                schema=split.outputs["schema"],
                profile=split.outputs["profile"],
                model=model,
                model_params=model_params,
                search=search,
                seed=seed,
                experiment=experiment,
                mlflow_tracking_uri=mlflow_tracking_uri,
            )
            evaluation = components["evaluate"](
                model=trained.outputs["trained_model"],
                test_data=split.outputs["test_data"],
                thresholds=thresholds,
                compare_with=resolved.outputs["compare_with"],
                recipe=decided.outputs["recipe"],
                slices=slices,
                mlflow_tracking_uri=mlflow_tracking_uri,
            )
            asked = register == True  # noqa: E712 - KFP builds the condition from it
            with dsl.If(asked, "register-asked"):
                registered = components["register"](
                    model=trained.outputs["trained_model"],
                    evaluation=evaluation.outputs["result"],
                    registered_model_name=registered_model_name,
                    why=decided.outputs["why"],
                    mlflow_tracking_uri=mlflow_tracking_uri,
                )
                # It changes the registry, and finds out by itself whether that is done already.
                registered.set_caching_options(enable_caching=False)

    return training
