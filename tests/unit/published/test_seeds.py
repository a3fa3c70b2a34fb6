"""Studies of some of their seeds, and the files of several archives as one folder."""

from dataclasses import replace

import pytest
import yaml

from flat.errors import ArtefactError, StudyError
from flat.published import archive
from flat.published.contents import pieces
from flat.published.pack import as_values
from flat.published.parts import of_part
from flat.published.seeds import alone, of_archives, of_seeds
from flat.published.unpack import refuse_other_study, unpack
from flat.study.load import parse
from flat.study.settings import all_seeds


@pytest.fixture
def study(repository):
    """The tiny study with the seeds 0 to 2, of whose variants one is run with the seeds 0 and 1."""
    values = yaml.safe_load((repository / "tests/data/tiny.yaml").read_text())
    values["seeds"] = [0, 1, 2]
    values["overrides"].append({"where": {"strategies": ["softmax"]}, "seeds": [0, 1]})
    return parse(values)


def paths_of(study, seed):
    return {piece.path for piece in pieces(study, seed)}


def held(study, seed, folder, part=None, **files):
    """An archive of empty files, as it is read."""
    own = of_part(study, part) if part else study
    names = dict.fromkeys(paths_of(own, seed), b"")
    manifest = {"study": as_values(own), "seed": seed, "part": part, "seeds_as_measured": [seed]}
    path = archive.archive_of(folder, seed, part)
    archive.write(path, archive.packed(manifest, names | files))
    return archive.read(path)


def test_a_study_keeps_the_seeds_that_are_there(study):
    found = of_seeds(study, [1, 2])
    assert found.seeds == [1, 2] and found.overrides[-1].seeds == [1] and all_seeds(found) == [1, 2]
    with pytest.raises(StudyError, match=r"study tiny, overrides\.\d+: its cells have the seeds \[0, 1\] alone"):
        of_seeds(study, [2])
    assert alone(study, 2) is None and alone(study, 1).seeds == [1]


def test_what_is_of_the_first_seed_is_in_its_archive_alone(study, tmp_path):
    first, other = paths_of(study, 0), paths_of(study, 1)
    found = {seed: held(study, seed, tmp_path) for seed in (0, 1)}
    assert [path for path in first if path.startswith("importance/")]
    assert not [path for path in other if path.startswith("importance/")]
    assert not [path for path in first | other if path.endswith(".safetensors") or "seed2" in path]
    of_run_alone = paths_of(alone(study, 1), 1)
    assert [path for path in of_run_alone if path.startswith("importance/")]
    # without the first seed's archive there is no word importance, unless a run of another seed alone measured it
    assert of_archives(study, [*found.values()]).artefacts.importance is not None
    assert of_archives(study, [found[1]]).artefacts.importance is None
    run_alone = replace(found[1], files=found[1].files | dict.fromkeys(of_run_alone, b""))
    assert of_archives(study, [run_alone]).artefacts.importance is not None


def test_an_archive_that_lacks_a_file_is_refused_before_anything_is_written(study, tmp_path):
    found = held(study, 1, tmp_path)
    drawn = of_seeds(study, [1], blocks=False).model_copy(update={"results": str(tmp_path / "to")})
    lacking = "data/sst2/examples.json"
    cut = replace(found, files={name: data for name, data in found.files.items() if name != lacking})
    with pytest.raises(ArtefactError, match=f"it lacks {lacking}") as told:
        unpack(drawn, [cut])
    assert told.value.where == str(found.path) and not (tmp_path / "to").exists()


def test_seeds_of_different_data_are_refused(study, tmp_path):
    one = held(study, 0, tmp_path)
    two = held(study, 1, tmp_path, **{"data/sst2/examples.json": b"[1]"})
    drawn = of_seeds(study, [0, 1]).model_copy(update={"results": str(tmp_path / "to")})
    with pytest.raises(ArtefactError, match=r"data/sst2/examples\.json is another than in seed0") as told:
        unpack(drawn, [one, two])
    assert told.value.where == str(two.path)


def test_an_archive_is_of_the_study_but_for_seeds_titles_and_devices(study, tmp_path):
    found = held(study, 1, tmp_path)
    values = study.model_dump(mode="json")
    for same in ({"seeds": [0, 1, 2, 3]}, {"title": "Other"}, {"device": "cuda"}, {"results": "elsewhere"}):
        refuse_other_study(parse(values | same), [found])
    fewer = [one for one in values["overrides"] if not one.get("seeds")]
    refuse_other_study(parse(values | {"overrides": fewer}), [found])
    for key, other in (("seed", 8), ("rounds", values["rounds"] | {"count": 2}), ("overrides", [])):
        with pytest.raises(ArtefactError, match=f"which differs from tiny in {key}"):
            refuse_other_study(parse(values | {key: other}), [found])
    newer = dict(found.manifest, study=found.manifest["study"] | {"key of tomorrow": 1})
    with pytest.raises(ArtefactError, match="its study is none for this code"):
        refuse_other_study(study, [replace(found, manifest=newer)])
