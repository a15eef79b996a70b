"""How text becomes numbers, dates and booleans; every model has a copy, for rows to predict."""
