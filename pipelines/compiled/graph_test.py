from pathlib import Path

import pytest

from pipelines.compiled.graph import Pipeline
from pipelines.system.errors import PinionError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "not a compiled pipeline", id="empty"),
        pytest.param("a: [", "not YAML", id="not YAML"),
        pytest.param("- root", "not a compiled pipeline", id="a list"),
        pytest.param("name: train", "no field named", id="another file"),
        pytest.param("root: {}", "it has no root.dag.tasks", id="no tasks"),
        pytest.param(
            "root: {dag: {tasks: {a: {}}}}", "there is no component ''", id="no component"
        ),
        pytest.param(
            "root: {dag: {tasks: {a: {componentRef: {name: c}}}}}\n"
            "components: {c: {executorLabel: e}}\n",
            "there is no executor 'e'",
            id="no executor",
        ),
        pytest.param(
            "root: {dag: {tasks: {a: {componentRef: {name: c}, dependentTasks: [b]},"
            " b: {componentRef: {name: c}, dependentTasks: [a]}}}}\n"
            "components: {c: {executorLabel: e}}\n"
            "deploymentSpec: {executors: {e: {container: {image: i, command: [c]}}}}\n",
            "tasks depend on each other in a circle",
            id="a circle",
        ),
        pytest.param(
            "root: {dag: {tasks: {a: {componentRef: {name: c}}}}}\n"
            "components: {c: {dag: {tasks: {a: {componentRef: {name: c}}}}}}\n",
            "a component contains itself",
            id="a component in itself",
        ),
        pytest.param(
            "root: {dag: {tasks: {a: {componentRef: {name: c}}, b: {componentRef: {name: c},"
            " inputs: {artifacts: {x: {taskOutputArtifact: {producerTask: a,"
            " outputArtifactKey: y}}}}}}}}\n"
            "components: {c: {executorLabel: e}}\n"
            "deploymentSpec: {executors: {e: {container: {image: i, command: [c]}}}}\n",
            "task 'a' has no output 'y'",
            id="no such output",
        ),
        pytest.param(
            "root: {dag: {tasks: {logs: {componentRef: {name: c}}}}}\n"
            "components: {c: {executorLabel: e}}\n"
            "deploymentSpec: {executors: {e: {container: {image: i, command: [c]}}}}\n",
            "the folder 'logs' is needed twice",
            id="a step named like the folder of logs",
        ),
        pytest.param(
            "root: {dag: {tasks: {a: {componentRef: {name: c}}}},"
            " inputDefinitions: {artifacts: {data: {artifactType: {schemaTitle: system.Model}}}}}\n"
            "components: {c: {executorLabel: e}}\n"
            "deploymentSpec: {executors: {e: {container: {image: i, command: [c]}}}}\n",
            "it takes the artifact 'data'",
            id="an artifact from outside",
        ),
        pytest.param(
            "root: {dag: {tasks: {a: {}}}}\n---\nplatforms: {}\n",
            "has a second document",
            id="platforms",
        ),
    ],
)
def test_a_file_that_is_not_a_compiled_pipeline_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text(text)
    with pytest.raises(PinionError) as caught:
        Pipeline.load(file)
    assert message in str(caught.value)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize("name", ["../../out", "/out", "..", "a/b", "a/", "a\\0"])
@pytest.mark.parametrize("kind", ["step", "artifact", "parameter"])
def test_a_name_that_would_leave_the_folder_of_the_run_is_refused(
    tmp_path: Path, name: str, kind: str
) -> None:
    names = {"step": "a", "artifact": "b", "parameter": "c"} | {kind: name}
    file = tmp_path / "pipeline.yaml"
    file.write_text(
        f'root: {{dag: {{tasks: {{"{names["step"]}": {{componentRef: {{name: c}}}}}}}}}}\n'
        "components: {c: {executorLabel: e, outputDefinitions: {\n"
        f'  artifacts: {{"{names["artifact"]}": {{artifactType: {{schemaTitle: system.A}}}}}},\n'
        f'  parameters: {{"{names["parameter"]}": {{parameterType: STRING}}}}}}}}}}\n'
        "deploymentSpec: {executors: {e: {container: {image: i, command: [c]}}}}\n"
    )
    with pytest.raises(PinionError, match="names a step or an output, but is not a valid file"):
        Pipeline.load(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        PinionError, match=r"does not exist; write one with: python -m pipelines\.compile"
    ):
        Pipeline.load(tmp_path / "absent.yaml")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PinionError, match="not YAML"):
        Pipeline.load(file)
