from pathlib import Path

from kfp import compiler, dsl
from kfp.components import load_component_from_text

from pipelines.compiled.graph import Pipeline
from pipelines.compiled.input_sources import Constant, FromGraph
from pipelines.models.records import Record
from pipelines.reproduction.replay import outputs, parameters_of
from pipelines.reproduction.steps import steps_of

LOOK = """
name: look
inputs: [{name: version, type: String, default: ''}]
outputs: [{name: version, type: String}]
implementation:
  container:
    image: pinion/look:1.0.0
    command: [look]
    args: [{inputValue: version}, {outputPath: version}]
"""
FIT = """
name: fit
inputs: [{name: version, type: String}, {name: depth, type: Integer}, {name: fast, type: Boolean}]
outputs: [{name: model, type: Model}]
implementation:
  container:
    image: pinion/fit:2.0.0
    command: [fit]
    args: [{inputValue: version}, {inputValue: depth}, {inputValue: fast}, {outputPath: model}]
"""
JUDGE = """
name: judge
inputs: [{name: model, type: Model}, {name: limit, type: Float}]
implementation:
  container:
    image: pinion/judge:3.0.0
    command: [judge]
    args: [{inputPath: model}, {inputValue: limit}]
"""


def nested(folder: Path) -> Pipeline:
    """Compile a pipeline whose steps stand in a condition and in a pipeline of their own."""
    look, fit, judge = map(load_component_from_text, (LOOK, FIT, JUDGE))

    @dsl.pipeline(name="fitting")
    def fitting(version: str, depth: int = 3) -> dsl.Model:
        return fit(version=version, depth=depth, fast=True).outputs["model"]

    @dsl.pipeline(name="nested")
    def pipeline(version: str = "", size: int = 4, limit: float = 0.5, wanted: bool = True) -> None:
        found = look(version=version)
        with dsl.If(wanted == True):  # noqa: E712 - KFP builds the condition from it
            made = fitting(version=found.outputs["version"], depth=size)
            judge(model=made.output, limit=limit)

    compiler.Compiler().compile(pipeline, str(folder / "pipeline.yaml"))
    return Pipeline.load(folder / "pipeline.yaml")


def test_steps_at_any_depth_have_their_sources_in_the_whole_pipeline(tmp_path: Path) -> None:
    steps = {step.component: step for step in steps_of(nested(tmp_path))}
    assert [step.name for step in steps.values()] == ["look", "fitting.fit", "judge"]
    assert steps["fit"].parameters == {
        "version": FromGraph("look", "version"),
        "depth": FromGraph("", "size"),
        "fast": Constant(True),
    }
    assert steps["judge"].parameters == {"limit": FromGraph("", "limit")}
    assert steps["judge"].artifacts == {"model": FromGraph("fitting.fit", "model")}


def test_a_run_of_nested_steps_is_repeated(tmp_path: Path) -> None:
    pipeline = nested(tmp_path)
    records = {
        "fit": Record({"version": "", "depth": 9, "fast": True}),
        "judge": Record({"limit": 0.25}, {"model": "c" * 64}),
    }
    assert parameters_of(pipeline, records) == {
        "version": "none",
        "size": 9,
        "limit": 0.25,
        "wanted": True,
        "register": False,
    }
    assert [(step.name, output, sha256) for step, output, sha256 in outputs(pipeline, records)] == [
        ("fitting.fit", "model", "c" * 64)
    ]
