"""Writing a ledger: in groups of rows, so that memory holds one group, whatever the number of texts."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from flat.artefacts import atomic
from flat.attacks.ledger import SCHEMA

GROUP = 1000  # rows


def write(path: str | Path, rows: Iterable[dict] | pd.DataFrame) -> None:
    """Write the rows of a ledger, sorted already, as parquet; equal rows give equal bytes, however they come.

    Args:
        rows: the columns of ``flat.attacks.ledger.SCHEMA``; others are left out.
    """
    with atomic(path) as part, pq.ParquetWriter(part, SCHEMA, compression="zstd") as writer:
        for table in _tables(rows):
            writer.write_table(table)


def _tables(rows: Iterable[dict] | pd.DataFrame) -> Iterator[pa.Table]:
    """Tables of ``GROUP`` rows; the last may have fewer, the only one none."""
    if isinstance(rows, pd.DataFrame):
        for start in range(0, max(len(rows), 1), GROUP):
            table = pa.Table.from_pandas(rows.iloc[start : start + GROUP], schema=SCHEMA, preserve_index=False)
            yield table.replace_schema_metadata(None)
        return
    left, first = iter(rows), True
    while (group := list(islice(left, GROUP))) or first:
        yield pa.Table.from_pylist(group, schema=SCHEMA)
        first = False
