"""scikit-learn's halving search, which is experimental and so imported only for a halving."""

from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes the next import work
from sklearn.model_selection import HalvingRandomSearchCV

from train.search.rounds import Watched


class HalvingSearch(Watched, HalvingRandomSearchCV):
    """Fits many trials to few rows first, then the better third to more rows, and so on."""
