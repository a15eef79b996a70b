"""The step: from a profile and a champion to the texts of the outputs."""

from collections.abc import Mapping

from decide.decision import by_call
from decide.document import document
from decide.page import page
from decide.profile import Profile, read_profile
from decide.recipe import recipe
from decide.request import Request
from pinion_step.errors import StepError
from pinion_step.outputs import to_json


def decide(request: Request, environment: Mapping[str, str]) -> dict[str, str]:
    """Decide, and return the texts of the outputs by their names."""
    profile = read_profile(request.profile, "--profile")
    made = recipe_of(request, profile, environment)
    decision = by_call(request, profile, made)
    if decision is None:
        raise StepError("--policy: only always is there yet; give always")
    return {
        "retrain": str(decision.retrain).lower(),
        "why": decision.why,
        "recipe": made,
        "drift": to_json(document(request, decision, made)),
        "drift_report": page(document(request, decision, made)),
    }


def recipe_of(request: Request, profile: Profile, environment: Mapping[str, str]) -> str:
    """Return the recipe of the model that train would make of this profile's data."""
    parameters = {
        "preprocess": profile.parameters,
        "model": request.model,
        "model_params": request.model_params,
        "search": request.search,
        "seed": request.seed,
    }
    return recipe(parameters, environment.get("PINION_RECIPE_CODE", ""))
