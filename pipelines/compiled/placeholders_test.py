from pathlib import Path

import pytest

from pipelines.compiled.placeholders import Bindings, refuse_unknown, resolve
from pipelines.system.errors import PinionError

BINDINGS = Bindings(
    parameters={"target": "it's \"$(x)\"\n{{$.inputs.parameters['rate']}}", "rate": 0.5},
    artifacts={"data": "/runs/1/pull/data"},
    output_artifacts={"model": Path("/runs/1/train/model")},
    output_parameters={"run_id": Path("/runs/1/train/run_id.txt")},
    run={"pipeline_job_name": "run-1", "pipeline_task_name": "train"},
    executor_input='{"inputs": {}}',
    output_file="/runs/1/train/executor_output.json",
)


@pytest.mark.parametrize(
    ("argument", "resolved"),
    [
        pytest.param("--plain", ["--plain"], id="text"),
        pytest.param("{{$.inputs.parameters['rate']}}", ["0.5"], id="input parameter"),
        pytest.param(
            "{{$.inputs.parameters['target']}}",
            ["it's \"$(x)\"\n{{$.inputs.parameters['rate']}}"],
            id="a value that looks like a placeholder is kept",
        ),
        pytest.param("{{$.inputs.parameters['absent']}}", [""], id="an optional input, not given"),
        pytest.param(
            "{{$.inputs.artifacts['data'].path}}", ["/runs/1/pull/data"], id="input artifact"
        ),
        pytest.param(
            "{{$.outputs.artifacts['model'].path}}", ["/runs/1/train/model"], id="output artifact"
        ),
        pytest.param(
            "{{$.outputs.parameters['run_id'].output_file}}",
            ["/runs/1/train/run_id.txt"],
            id="output parameter",
        ),
        pytest.param(
            "{{$.pipeline_job_name}}/{{$.pipeline_task_name}}", ["run-1/train"], id="two in one"
        ),
        pytest.param("{{$}}", ['{"inputs": {}}'], id="executor input"),
        pytest.param(
            "{{$.outputs.output_file}}", ["/runs/1/train/executor_output.json"], id="output file"
        ),
        pytest.param(
            '{"Concat": ["--rate=", "{{$.inputs.parameters[\'rate\']}}"]}',
            ["--rate=0.5"],
            id="concat",
        ),
        pytest.param(
            '{"IfPresent": {"InputName": "data", "Then":'
            ' ["--data", "{{$.inputs.artifacts[\'data\'].path}}"]}}',
            ["--data", "/runs/1/pull/data"],
            id="present",
        ),
        pytest.param(
            '{"IfPresent": {"InputName": "absent", "Then": ["--data", "x"]}}', [], id="absent"
        ),
        pytest.param(
            '{"IfPresent": {"InputName": "absent", "Then": "x", "Else": ["--none"]}}',
            ["--none"],
            id="else",
        ),
    ],
)
def test_an_argument_is_resolved(argument: str, resolved: list[str]) -> None:
    refuse_unknown([argument])
    assert resolve([argument], BINDINGS) == resolved


@pytest.mark.parametrize(
    ("argument", "named"),
    [
        ("{{$.json_escape[1]}}", "{{$.json_escape[1]}}"),
        ('{"IfPresent": "x"}', '{"IfPresent": "x"}'),
        ('{"Concat": [{"Other": 1}]}', '{"Concat": [{"Other": 1}]}'),
        ("--meta={{$.inputs.artifacts['data'].metadata['rows']}}", "metadata['rows']"),
        ('{"Concat": ["a", "{{$.pipeline_root}}"]}', "{{$.pipeline_root}}"),
    ],
)
def test_an_unknown_placeholder_is_named(argument: str, named: str) -> None:
    with pytest.raises(PinionError) as caught:
        refuse_unknown(["fine", argument])
    assert named in str(caught.value)
