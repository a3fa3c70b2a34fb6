"""The archive of a seed holds what the metrics said that a study names, and seeds are joined with their columns."""

import numpy as np
import pandas as pd
import pytest
from table_examples import study

from flat.files.artefacts import read_table, write_table
from flat.interpretation import consistency, faithfulness
from flat.published import contents, unpack
from flat.published.archive import Archive

NAMED = {"rbo": {}, "deletion": {}}
MAIN = {"datasets": ["sst2"], "models": ["LSTM"], "strategies": ["base"], "train_attacks": ["textfooler"]}
FILE = "interpretations/lime/sst2/LSTM/consistency.parquet"


def a_study(metrics):
    return study(seeds=[0, 1], artefacts={"main": MAIN}, metrics=metrics)


def pairs(metrics) -> pd.DataFrame:
    schema, rows = consistency.schema(metrics), []
    for seed in (0, 1):
        row = {field.name: "x" if str(field.type) == "string" else 0 for field in schema}
        row |= {"strategy": "base", "train_attack": "none", "attack": "textfooler", "seed": seed, "changed": True}
        rows.append(row | {name: 0.25 + seed for name in schema.names if name.startswith("metric_")})
    return pd.DataFrame(rows)


@pytest.mark.parametrize("metrics", [{}, NAMED], ids=["none", "named"])
def test_a_seed_s_rows_are_packed_and_joined_with_the_columns_of_the_study_s_metrics(tmp_path, metrics):
    mine = a_study(metrics)
    of_pairs = ["rbo"] if metrics else []
    write_table(tmp_path / FILE, pairs(of_pairs), consistency.schema(of_pairs))
    holders = []
    for seed in (1, 0):
        piece = next(piece for piece in contents.pieces(mine, seed) if piece.path == FILE)
        files = {FILE: piece.content(tmp_path)}
        holders.append(Archive(tmp_path / f"seed{seed}", {"seed": seed, "study": {}}, files))
    unpack._join(mine, tmp_path / "joined", FILE, holders)
    joined, before = read_table(tmp_path / "joined" / FILE), read_table(tmp_path / FILE)
    pd.testing.assert_frame_equal(joined, before)
    assert list(joined.columns) == consistency.schema(of_pairs).names


def test_what_metrics_of_single_explanations_said_is_packed_as_it_is(tmp_path):
    wanted = "interpretations/lime/sst2/LSTM/base/none/seed1/textfooler/faithfulness.parquet"
    assert not any("faithfulness" in piece.path for piece in contents.pieces(a_study({"rbo": {}}), 1))
    found = {piece.path: piece for piece in contents.pieces(a_study(NAMED), 1)}
    assert {path for path in found if "faithfulness" in path} == {wanted, wanted.replace("lime", "ig")}
    frame = pd.DataFrame(
        [("base", "none", "textfooler", 1, "e", 0, "deletion", np.nan)], columns=faithfulness.SCHEMA.names
    )
    write_table(tmp_path / wanted, frame, faithfulness.SCHEMA)
    (tmp_path / "again.parquet").write_bytes(found[wanted].content(tmp_path))
    pd.testing.assert_frame_equal(read_table(tmp_path / "again.parquet"), read_table(tmp_path / wanted))
