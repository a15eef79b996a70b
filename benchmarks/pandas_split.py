"""Do the work of the steps in plain pandas: `pandas_split.py CSV TRAIN TEST REPORT`.

`big_tables` runs it with the Python of `preprocess`, so that both have the same pandas and pyarrow.
"""

import sys

import numpy as np
import pandas as pd


def main(source: str, train: str, test: str, report: str) -> None:
    """Split the table by the hash of its features; write both parts and a description."""
    table = pd.read_csv(source, engine="pyarrow").drop_duplicates()
    hashes = pd.util.hash_pandas_object(table.drop(columns="label"), index=False).to_numpy()
    chosen = (hashes >> np.uint64(11)) * 2.0**-53 < 0.2
    table.describe(include="all").to_json(report)
    table[~chosen].to_parquet(train)
    table[chosen].to_parquet(test)


if __name__ == "__main__":
    main(*sys.argv[1:])
