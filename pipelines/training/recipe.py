"""The code that a model depends on, beside the data and the parameters.

The compiler writes a hash of it into the environment of the step that decides whether to train.
"""

DECIDES = "decide"
MAKE_THE_MODEL = ("preprocess", "train")
