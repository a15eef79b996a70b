import pytest

from pipelines.kubeflow.following.reasons import why_failed, why_waiting
from pipelines.kubeflow.following.settings import Given

GIVEN = Given(
    image="ghcr.io/team/train:1.4.0",
    memory="3Gi",
    gpu="2 nvidia.com/gpu",
    timeout="90m",
    variables=("MLFLOW_TRACKING_URI", "AWS_ACCESS_KEY_ID", "MLFLOW_TRACKING_TOKEN"),
)
TWICE = 'spec.containers[1].env[3].valueFrom: Invalid value: "": may not be specified when `value`'


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        pytest.param(
            "main: OOMKilled (exit code 137)",
            "killed, because it needs more than its memory limit of 3Gi; raise steps.train.memory"
            " in the platform file",
            id="memory",
        ),
        pytest.param(
            "Pod was active on the node longer than the specified deadline",
            "it ran longer than its timeout of 90m; raise steps.train.timeout in the platform file",
            id="deadline of the pod",
        ),
        pytest.param(
            "Step exceeded its deadline",
            "it ran longer than its timeout of 90m; raise steps.train.timeout in the platform file",
            id="deadline by Argo",
        ),
        pytest.param(
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: 8Mi.",
            "it was evicted, because its node ran out of memory; ask for what it needs with"
            " steps.train.memory in the platform file",
            id="evicted",
        ),
        pytest.param(
            "pod deleted",
            "its pod was deleted, perhaps with its node; to have it tried again, set"
            " steps.train.retries in the platform file",
            id="lost",
        ),
        pytest.param(
            f'Pod "training-1-retry-system-container-impl-7" is invalid: {TWICE} is not empty',
            "its pod cannot be made: KFP (its MLflow plugin, if that is on) also sets"
            " MLFLOW_TRACKING_TOKEN and MLFLOW_TRACKING_URI of the platform file; remove them from"
            " secrets and config_maps there",
            id="set twice",
        ),
        pytest.param(
            'Pod "x-7" is invalid: spec.tolerations[0].effect: Invalid value: "NoExecute": effect'
            " must be 'NoExecute' when `tolerationSeconds` is set",
            'its pod cannot be made: spec.tolerations[0].effect: Invalid value: "NoExecute": effect'
            " must be 'NoExecute' when `tolerationSeconds` is set; correct steps.train in the"
            " platform file",
            id="invalid",
        ),
        pytest.param(
            'pods "x-7" is forbidden: exceeded quota: team, requested: limits.memory=3Gi',
            "its pod may not be made: exceeded quota: team, requested: limits.memory=3Gi; lower"
            " steps.train.cpu and memory in the platform file, or have the quota raised",
            id="quota",
        ),
        pytest.param(
            'pods "x-7" is forbidden: error looking up service account kubeflow/trainer:'
            ' serviceaccount "trainer" not found',
            "its pod may not be made: error looking up service account kubeflow/trainer:"
            ' serviceaccount "trainer" not found; create it, or name another with'
            " --service-account",
            id="account",
        ),
        pytest.param("main: Error (exit code 1)", "", id="its log says why"),
        pytest.param(
            "wait: Error (exit code 64): failed to put file: no such host",
            "wait: Error (exit code 64): failed to put file: no such host",
            id="unknown",
        ),
    ],
)
def test_a_failure_is_said_with_the_way_on(message: str, reason: str) -> None:
    assert why_failed(message, "train", GIVEN) == reason


def test_a_limit_that_nobody_set_is_to_be_set() -> None:
    assert why_failed("main: OOMKilled (exit code 137)", "train", Given()) == (
        "killed, because it needs more memory than its node has free; ask for it with"
        " steps.train.memory in the platform file"
    )


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        pytest.param("ContainerCreating", "", id="on its way"),
        pytest.param(
            "Unschedulable: 0/3 nodes are available: 1 node(s) had untolerated taint {spot: true},"
            " 2 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available.",
            "no node can take it: 0/3 nodes are available: 1 node(s) had untolerated taint"
            " {spot: true}, 2 Insufficient nvidia.com/gpu and it asks for 2 nvidia.com/gpu; check"
            " steps.train.gpu and steps.train.tolerations in the platform file",
            id="no device",
        ),
        pytest.param(
            "Unschedulable: 0/2 nodes are available: 2 Insufficient memory. no new claims to"
            " deallocate, preemption: 0/2 nodes are available.",
            "no node can take it: 0/2 nodes are available: 2 Insufficient memory; check"
            " steps.train.memory in the platform file",
            id="no memory",
        ),
        pytest.param(
            "Unschedulable: 0/2 nodes are available: 2 node(s) didn't match Pod's node"
            " affinity/selector. preemption: 0/2 nodes are available.",
            "no node can take it: 0/2 nodes are available: 2 node(s) didn't match Pod's node"
            " affinity/selector; check steps.train.node_selector in the platform file",
            id="no such node",
        ),
        pytest.param(
            'ErrImagePull: failed to pull and unpack image "ghcr.io/team/train:1.4.0": failed to'
            ' resolve reference "ghcr.io/team/train:1.4.0": unexpected status: 401 Unauthorized',
            "its image ghcr.io/team/train:1.4.0 cannot be pulled: unexpected status: 401"
            " Unauthorized; name a secret for its registry with steps.train.image_pull_secrets in"
            " the platform file",
            id="no access",
        ),
        pytest.param(
            'CreateContainerConfigError: secret "mlflow" not found',
            'it lacks what its variables come from: secret "mlflow" not found; create that in the'
            " namespace of the run, or correct steps.train.secrets in the platform file",
            id="no secret",
        ),
    ],
)
def test_a_step_that_waits_is_said_with_the_way_on(message: str, reason: str) -> None:
    assert why_waiting(message, "train", GIVEN) == reason
