"""Tables 2 and 7: accuracy of every model on the test and on the dev split."""

from flat.paper import printed as paper
from flat.report.tables import notes
from flat.report.tables.grid import Extras, beside, dataset_title, framed, main_datasets, strategy_rows
from flat.report.tables.index import Index
from flat.report.tables.layout import Column, Layout, Table


def test_accuracy(study, index: Index, extras: Extras) -> Table:
    """Table 2."""
    caption = "Accuracy (%) on the whole test split."
    return _build("2", caption, "test_accuracy_percent", "Test texts", study, index, extras)


def dev_accuracy(study, index: Index, extras: Extras) -> Table:
    """Table 7."""
    caption = "Accuracy (%) on the dev split, on which the checkpoint of each round is chosen."
    return _build("7", caption, "dev_accuracy_percent", "Dev texts", study, index, extras)


def _build(key, caption, metric, what, study, index: Index, extras: Extras) -> Table:
    main = study.artefacts.main
    rows = strategy_rows(
        study,
        beside(study, paper.MODELS, main.models),
        beside(study, paper.STRATEGIES, main.strategies),
        beside(study, paper.TRAIN_ATTACKS, main.train_attacks),
    )
    columns = tuple(
        Column(dataset_title(study, name), {"dataset": name, "metric": metric}, "percent", ".2f")
        for name in main_datasets(study)
    )
    layout = Layout(("Model", "Trained on"), tuple(rows), columns, blocks=0)
    frame = framed(key, study, layout, index.find, extras)
    below = [*notes.opening(study, frame), notes.counts(study, frame, metric, what), *notes.closing(study, frame)]
    return Table(key, caption, frame, layout, notes.joined(below))
