"""Warn about retries, of which KFP's own manifests leave only some."""

import hashlib
import sys

from pipelines.compiled.file import PipelineFile, tasks_of
from pipelines.kubeflow.api.client import Api
from pipelines.system.workspace import user_cache

_WARNING = (
    "retries: as KFP's own manifests set Argo up, a step is tried again if its pod was lost, but"
    " not if it exits with an error; docs/kubeflow.md#retries says which setting to change (this is"
    " said once for each cluster)"
)


def tell_about_retries(api: Api, file: PipelineFile) -> None:
    """Warn on stderr if the steps of a file ask for retries, once for each cluster."""
    if not any(task.retry_policy.max_retry_count for task in tasks_of(file.spec)):
        return
    cluster = hashlib.sha256(api.endpoint.address.encode()).hexdigest()[:16]
    mark = user_cache() / "told" / f"retries-{cluster}"
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch(exist_ok=False)
    except FileExistsError:
        return
    except OSError:
        # Where nothing can be kept, it is said each time.
        pass
    print(_WARNING, file=sys.stderr)
