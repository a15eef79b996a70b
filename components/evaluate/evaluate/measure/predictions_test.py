import numpy as np
import pandas as pd

from evaluate.measure.predictions import ask


def test_many_rows_are_asked_for_in_blocks_and_answered_in_order() -> None:
    rows = 250_001
    asked: list[int] = []

    def double(features: pd.DataFrame) -> np.ndarray:
        asked.append(len(features))
        return 2 * features.to_numpy()

    answer = ask(double, pd.DataFrame({"x": np.arange(rows)}))

    assert asked == [100_000, 100_000, 50_001]
    assert answer.shape == (rows, 1)
    assert (answer[:, 0] == 2 * np.arange(rows)).all()
