"""The columns that name an attacked cell in tidy tables: which trained model, under which attack."""

import pyarrow as pa

FIELDS = [
    pa.field("dataset", pa.string()),
    pa.field("model", pa.string()),
    pa.field("strategy", pa.string()),
    pa.field("train_attack", pa.string()),  # "none" for base
    pa.field("attack", pa.string()),
    pa.field("seed", pa.int64()),
]
COORDINATES = tuple(field.name for field in FIELDS)
