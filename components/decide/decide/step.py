"""The step: from a profile and a champion to the texts of the outputs."""

from collections.abc import Mapping

from decide.decision import Decision, by_call
from decide.document import document
from decide.recipe import recipe
from decide.report.page import page
from decide.request import Request
from pinion_step.formats.profile import Profile, read_profile
from pinion_step.outputs import to_json


def decide(request: Request, environment: Mapping[str, str]) -> dict[str, str]:
    """Decide, and return the texts of the outputs by their names."""
    profile = read_profile(request.profile, "--profile")
    made = recipe_of(request, profile)
    decision = by_call(request, profile, made)
    if isinstance(decision, Decision):
        found = document(request, decision, made)
    else:
        # NumPy, SciPy and MLflow take seconds to import, and many calls need none of them.
        from decide.beside import beside

        found = beside(decision, request, profile, made, environment)
    return {
        "retrain": str(found["retrain"]).lower(),
        "why": found["why"],
        "recipe": made,
        "drift": to_json(found),
        "drift_report": page(found),
    }


def recipe_of(request: Request, profile: Profile) -> str:
    """Return the recipe of the model that train would make of this profile's data."""
    parameters = {
        "preprocess": profile.parameters,
        "model": request.model,
        "model_params": request.model_params,
        "search": request.search,
        "test_fraction": request.test_fraction,
        "seed": request.seed,
    }
    return recipe(parameters, request.code)
