"""The note below a table that says which objectives its models were trained with."""

from table_examples import build, make_extras, row, study


def notes_of(objective):
    strategies = study().strategies | {"free": study().strategies["adv"].model_copy(update=objective)}
    values = {name: strategy.model_dump() for name, strategy in strategies.items()}
    artefacts = study().artefacts.model_dump()
    artefacts["main"]["strategies"].append("free")
    trained = {"strategy": "free", "train_attack": "textfooler", "round": 3}
    rows = [row("test_accuracy_percent", 90.0), row("test_accuracy_percent", 91.0, **trained)]
    return build("2", rows, make_extras(), strategies=values, artefacts=artefacts).notes


def test_another_objective_is_named_with_its_options_and_reference():
    said = [note for note in notes_of({"title": "Free", "objective": "freelb-plus"}) if "objective" in note.lower()]
    options = "steps 10, step_size 0.1, initial 0.05, largest_norm none"
    assert said == [f"Other objectives: Free: freelb-plus ({options}; Li et al. 2021)."]


def test_nothing_is_said_of_flats_own():
    assert not [note for note in notes_of({"title": "Free"}) if "bjective" in note]
