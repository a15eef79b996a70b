"""The code that a model depends on, beside the data and the parameters.

The compiler gives a hash of it to the step that decides whether to train. It is an input, because
KFP's cache does not look at the environment of a step.
"""

DECIDES, CODE = "decide", "code"
MAKE_THE_MODEL = ("preprocess", "train")
