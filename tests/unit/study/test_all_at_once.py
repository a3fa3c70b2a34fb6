"""Every misfit of a study is told at once, each with the known name that is nearest."""

import pytest
from demo_studies import change

from flat.errors import StudyError
from flat.study.bounds.names import nearest
from flat.study.load import MOST_PROBLEMS, parse


def told(values) -> str:
    with pytest.raises(StudyError) as refused:
        parse(values, "mine.yaml")
    return str(refused.value)


def demo(**changes):
    values = change("seed", 1)
    for path, value in changes.items():
        *above, last = path.split("__")
        part = values
        for key in above:
            part = part[key]
        part[last] = value
    return values


@pytest.mark.parametrize(
    ("changes", "place", "meant"),
    [
        ({"seedz": [1]}, "seedz", "seeds"),
        ({"Rounds": {"count": 1}}, "Rounds", "rounds"),
        ({"rounds__epoch": 3}, "rounds.epoch", "epochs"),
        ({"datasets__sst2__max_lenght": 3}, "datasets.sst2.max_lenght", "max_length"),
        ({"datasets__sst2__empti": "drop"}, "datasets.sst2.empti", "empty"),
        ({"models__CNN__training__patiense": 3}, "models.CNN.training.patiense", "patience"),
        ({"device": "cpuu"}, "device", "cpu"),
        ({"artefacts__saliency__exampels": 3}, "artefacts.saliency.exampels", "examples"),
        ({"rumpelstiltskin": 3}, "rumpelstiltskin", None),
    ],
)
def test_a_key_or_choice_is_told_with_the_nearest_known_one(changes, place, meant):
    text = told(demo(**changes))
    (line,) = [line for line in text.splitlines() if line.strip().startswith(f"{place}: ")]
    assert (f"did you mean {meant}?" in line) if meant else ("did you mean" not in line)
    assert "found " in line


def test_a_sources_key_is_compared_with_those_of_its_kind():
    text = told(demo(datasets__sst2__source={"kind": "package", "corpus": "rotten-tomatoes", "korpus": 1}))
    assert "datasets.sst2.source.korpus: Extra inputs are not permitted; did you mean corpus?, found 1" in text
    text = told(demo(datasets__sst2__source={"kind": "package", "corpsu": "rotten-tomatoes"}))
    assert "did you mean corpus?" in text


def test_misspelt_keys_names_and_combinations_are_told_at_once():
    values = demo(
        seedz=[1],
        artefacts__main__datasets=["sst2", "sst"],
        artefacts__main__strategies=["FLATT"],
        results="~/results",
    )
    text = told(values)
    for line in (
        "seedz: Extra inputs are not permitted",
        "artefacts.main.datasets: sst is not among the datasets",
        "remedy: did you mean sst2? use one of",
        "artefacts.main.strategies: FLATT is not among the strategies",
        "remedy: did you mean FLAT? use one of",
        "results: '~/results': ~ is not expanded",
    ):
        assert text.count(line) == 1, line
    assert (
        text.startswith("mine.yaml: it cannot be run as written:\n") and text.count("remedy: correct these keys") == 1
    )


def test_combinations_are_told_together_and_each_place_once():
    values = demo(
        artefacts__main__strategies=["adv", "FLAT"],
        artefacts__groups__strategies=["adv", "FLAT"],
        models__CNN__vectors="glove-100d",
        seeds=[0, 0],
    )
    text = told(values)
    for place in ("artefacts.main.strategies: base is missing", "seeds: a seed stands twice", "models.CNN.vectors"):
        assert text.count(place) == 1
    assert text.count("artefacts.groups.strategies: ") == 1


def test_a_single_misfit_is_told_as_it_was():
    assert told(demo(seeds=[0, 0])).startswith("mine.yaml: seeds: a seed stands twice in [0, 0]\n  remedy: ")


def test_a_wrong_value_beside_a_misspelt_key_hides_neither():
    text = told(demo(seedz=[1], device="gpu", torch_threads=0))
    assert all(f"    {key}: " in text for key in ("seedz", "device", "torch_threads"))


def test_a_list_of_problems_ends():
    text = told(demo(**{f"key{number}": 1 for number in range(MOST_PROBLEMS + 5)}))
    assert "and 5 more" in text


def test_the_nearest_name_does_not_depend_on_case():
    assert nearest("flat", ["base", "adv", "FLAT"]) == "FLAT" and nearest("zzz", ["base"]) is None
