"""Rows of frames are the values that pandas itself gives."""

import pandas as pd

from flat.files.artefacts import records, rows


def test_rows_are_plain_values_as_pandas_gives_them():
    frame = pd.DataFrame({"name": ["a", None], "k": [1, 2], "value": [0.1, 1e300], "changed": [True, False]})
    found, expected = records(frame), frame.to_dict("records")
    assert repr(found) == repr(expected)
    assert [{name: type(value) for name, value in row.items()} for row in found] == [
        {name: type(value) for name, value in row.items()} for row in expected
    ]
    assert list(rows(frame, ("k", "changed"))) == [(1, True), (2, False)]
    assert records(frame[:0]) == [] and list(rows(frame[:0], ("k",))) == []
