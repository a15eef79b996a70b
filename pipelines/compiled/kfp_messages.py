"""KFP's messages, without its client, which imports Kubernetes' for longer than a command may take.

KFP's own executors say in this variable that they need neither client nor compiler. Only the
package itself is imported under it: whoever imports `kfp.dsl` or `kfp.compiler` gets all of them.
"""

from pipelines.system.variables import set_for_a_while

with set_for_a_while({"_KFP_RUNTIME": "true"}):
    from kfp.pipeline_spec import pipeline_spec_pb2 as spec

__all__ = ["spec"]
