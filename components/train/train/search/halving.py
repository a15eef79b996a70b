"""scikit-learn's halving search, watched; experimental there, so imported only when asked for."""

from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes the next import work
from sklearn.model_selection import HalvingRandomSearchCV

from train.search.rounds import Watched


class HalvingSearch(Watched, HalvingRandomSearchCV):
    """Few rows for many trials first, then more rows for the better third, and so on."""
