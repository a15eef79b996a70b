"""Import KFP's messages without its client, which imports that of Kubernetes and takes too long.

By this variable KFP's own executors say that they need neither the client nor the compiler. It is
set only while the package itself is imported; `kfp.dsl` and `kfp.compiler` still work in full.
"""

from pipelines.system.variables import set_for_a_while

with set_for_a_while({"_KFP_RUNTIME": "true"}):
    from kfp.pipeline_spec import pipeline_spec_pb2 as spec

__all__ = ["spec"]
