"""KFP's messages, without its client, which imports Kubernetes' for longer than a command may take.

KFP's own executors say in this variable that they need neither client nor compiler. Only the
package itself is imported under it: whoever imports `kfp.dsl` or `kfp.compiler` gets all of them.
"""

import os

_KFP_RUNTIME = "_KFP_RUNTIME"

_before = os.environ.get(_KFP_RUNTIME)
os.environ[_KFP_RUNTIME] = "true"
try:
    from kfp.pipeline_spec import pipeline_spec_pb2 as spec
finally:
    if _before is None:
        del os.environ[_KFP_RUNTIME]
    else:
        os.environ[_KFP_RUNTIME] = _before

__all__ = ["spec"]
