"""A part of a study is the same cells with the same settings; what there are archives of makes a study."""

import pytest
import yaml

from flat.errors import ArtefactError, StudyError
from flat.published import archive
from flat.published.__main__ import main
from flat.published.contents import pieces
from flat.published.pack import as_values
from flat.published.parts import Part, of_part, part_named, parts_of
from flat.published.seeds import of_archives
from flat.published.unpack import refuse_other_study, unpack
from flat.study import grid, settings
from flat.study.load import load, parse

CNN, LSTM = Part("trec", "CNN"), Part("trec", "LSTM")
GRIDS = (grid.main_cells, grid.transfer_cells, grid.variant_cells, grid.checked_cells, grid.calibrated_cells)


@pytest.fixture
def study(repository):
    return load(repository / "config/word-models.yaml")


def held(study, seed, part, folder):
    """An archive of empty files, as it is read."""
    own = of_part(study, part) if part else study
    manifest = {"study": as_values(own), "seed": seed, "part": part, "seeds_as_measured": [seed]}
    path = archive.archive_of(folder, seed, part)
    archive.write(path, archive.packed(manifest, {piece.path: b"" for piece in pieces(own, seed)}))
    return archive.read(path)


@pytest.mark.parametrize("name", ("word-models", "demo", "config", "readings"))
def test_the_parts_of_a_study_are_its_cells_with_their_settings(name, repository):
    study = load(repository / f"config/{name}.yaml")
    parts = {part: of_part(study, part) for part in parts_of(study)}
    assert parts
    for cells in GRIDS:
        of_parts = [a for one in parts.values() for a in cells(one)]
        main = {a for a in cells(study) if Part(a.cell.dataset, a.cell.model) in parts}
        assert set(of_parts) == main
    for part, one in parts.items():
        for cell in grid.trained_cells(one):
            assert Part(cell.dataset, cell.model) == part
            for of in (settings.objective_of, settings.rounds_of, settings.seeds_of, settings.attacked_train):
                assert of(one, cell) == of(study, cell)
            for round_ in range(settings.last_round(study, cell) + 1):
                assert settings.training_of(one, cell, round_) == settings.training_of(study, cell, round_)
        for a in grid.attacked_cells(one):
            names = (*part, a.attack)
            assert settings.attacked_test(one, *names) == settings.attacked_test(study, *names)
            assert settings.explained_test(one, *names) == settings.explained_test(study, *names)


def test_every_row_of_the_readings_is_of_a_part(repository):
    """So that it can be run in pieces: a seed of all rows takes longer than many a loan of a machine."""
    study = load(repository / "config/readings.yaml")
    rows = [a for part in parts_of(study) for a in grid.reading_cells(of_part(study, part))]
    assert len(parts_of(study)) == 4 and len(rows) == len(set(rows)) and set(rows) == set(grid.reading_cells(study))


def test_a_part_is_a_study_file(study, repository, capsys):
    assert main(["part", str(repository / "config/word-models.yaml"), "sst2/LSTM"]) == 0
    written = parse(yaml.safe_load(capsys.readouterr().out))
    assert written.model_dump() == of_part(study, Part("sst2", "LSTM")).model_dump()
    assert written.artefacts.importance and written.artefacts.transfer.models == ["LSTM"]
    assert of_part(study, CNN).artefacts.present().keys() == {"main"}
    with pytest.raises(StudyError, match="it has no part 'trec/BERT'"):
        part_named(study, "trec/BERT")


def test_a_matrix_of_models_is_of_no_part(repository):
    """Each model's file has a row for every other model: a part's would be another file."""
    study = load(repository / "config/demo.yaml")
    assert study.artefacts.replay is not None
    assert all(of_part(study, part).artefacts.replay is None for part in parts_of(study))


def test_each_part_has_the_seeds_of_its_archives(study, tmp_path):
    found = [held(study, seed, part, tmp_path) for part, seed in ((CNN, 0), (CNN, 3), (LSTM, 0))]
    drawn = of_archives(study, found)
    assert parts_of(drawn) == [LSTM, CNN] and drawn.seeds == [0, 3]
    seeds = {Part(c.dataset, c.model): settings.seeds_of(drawn, c) for c in grid.trained_cells(drawn)}
    assert seeds == {CNN: [0, 3], LSTM: [0]}
    refuse_other_study(study, found)
    lacking = archive.Archive(found[0].path, found[0].manifest, dict(list(found[0].files.items())[1:]))
    with pytest.raises(ArtefactError, match=r"it lacks attacks/calibrated/trec/CNN") as told:
        unpack(drawn.model_copy(update={"results": str(tmp_path / "to")}), [lacking, *found[1:]])
    assert told.value.where.endswith("seed0.trec.CNN.tar.xz") and not (tmp_path / "to").exists()


def test_cells_with_seeds_of_their_own_keep_them(study, tmp_path):
    """A study of one seed whose base models have two, of which a part lacks one."""
    values = study.model_dump(mode="json")
    own = {"where": {"strategies": ["base"]}, "seeds": [0, 1]}
    study = parse(values | {"seeds": [0], "overrides": [*values["overrides"], own]})
    archives = [held(study, seed, part, tmp_path) for part, seed in ((CNN, 0), (CNN, 1), (LSTM, 0))]
    drawn = of_archives(study, archives)
    cells = {(c.model, c.strategy): settings.seeds_of(drawn, c) for c in grid.trained_cells(drawn)}
    assert cells["CNN", "base"] == [0, 1] and cells["CNN", "adv"] == cells["LSTM", "base"] == [0]
    assert drawn.seeds == [0]
    whole = of_archives(study, [held(study, seed, None, tmp_path / "whole") for seed in (0, 1)])
    cells = {(c.model, c.strategy): settings.seeds_of(whole, c) for c in grid.trained_cells(whole)}
    assert cells["LSTM", "base"] == [0, 1] and cells["LSTM", "FLAT"] == [0]


def test_a_first_seed_is_one_that_all_parts_have(study, tmp_path):
    found = [held(study, seed, part, tmp_path) for part, seed in ((CNN, 0), (CNN, 3), (LSTM, 3))]
    assert of_archives(study, found).seeds == [3, 0]
    found = [held(study, seed, part, tmp_path) for part, seed in ((CNN, 1), (LSTM, 2))]
    with pytest.raises(StudyError, match=r"no seed is common to its parts \(trec/LSTM: \[2\]; trec/CNN: \[1\]\)"):
        of_archives(study, found)


def test_parts_that_would_leave_a_table_with_holes_are_left_out(study, tmp_path):
    found = [held(study, 0, part, tmp_path) for part in (CNN, LSTM, Part("sst2", "CNN"))]
    assert parts_of(of_archives(study, found)) == [LSTM, CNN]
    found = [held(study, 0, part, tmp_path) for part in (CNN, Part("sst2", "CNN"))]
    assert parts_of(of_archives(study, found)) == [Part("sst2", "CNN"), CNN]
    found = [held(study, 0, part, tmp_path) for part in parts_of(study)]
    whole = of_archives(study, found)
    assert parts_of(whole) == parts_of(study) and whole.artefacts == study.artefacts


def test_a_seed_packed_whole_and_in_parts_is_refused(study, tmp_path):
    found = [held(study, 0, None, tmp_path), held(study, 0, CNN, tmp_path)]
    drawn = of_archives(study, found).model_copy(update={"results": str(tmp_path / "to")})
    with pytest.raises(ArtefactError, match=r"seed 0 is in seed0\.tar\.xz too"):
        unpack(drawn, found)


def test_archives_of_parts_have_names_of_their_own(tmp_path):
    names = ["seed2.tar.xz", "seed2.trec.CNN.tar.xz", "seed10.trec.CNN.tar.xz"]
    for name in reversed(names):
        archive.write(tmp_path / name, b"x")
    assert [path.name for path in archive.there(tmp_path)] == names
    assert [line.split()[1] for line in (tmp_path / "SHA256SUMS").read_text().splitlines()] == names
