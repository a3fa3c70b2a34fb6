"""Tables 1 and 6: what the data sets are, from what was really read (data/{dataset}/summary.json)."""

from collections.abc import Mapping

from flat.errors import ArtefactError
from flat.paper import printed as paper
from flat.report.tables import notes
from flat.report.tables.grid import Extras, beside, dataset_title, framed
from flat.report.tables.layout import Column, Layout, Row, Table, Value
from flat.study.grid import reported_datasets

TABLE_1 = {
    "classes": ("Classes", "classes", ".0f"),
    "mean_words": ("Mean length", "words", ".1f"),
    "train_size": ("Train", "texts", ",.0f"),
    "dev_size": ("Dev", "texts", ",.0f"),
    "test_size": ("Test", "texts", ",.0f"),
}
TABLE_6 = {
    "vocabulary_size": ("Vocabulary size", "words", ",.0f"),
    "min_count": ("Low-frequency threshold", "occurrences", ".0f"),
    "max_length": ("Maximum length", "words", ".0f"),
}


def facts(summary: Mapping, where: str = "summary.json") -> dict[str, Value]:
    """The numbers of a data set's summary.json; the only place that knows that file's keys.

    Raises:
        ArtefactError: a key is absent.
    """
    try:
        sizes = {split: int(summary["sizes"][split]) for split in ("train", "dev", "test")}
        classes = summary["classes"]
        numbers = {
            "classes": (classes if isinstance(classes, int) else len(classes), sizes["train"]),
            "mean_words": (summary["mean_words"], sum(sizes.values())),
            **{f"{split}_size": (size, size) for split, size in sizes.items()},
            **{name: (summary[name], sizes["train"]) for name in ("vocabulary_size", "min_count", "max_length")},
        }
    except (KeyError, TypeError) as error:
        raise ArtefactError(where, f"no usable {error}", "delete the file and run snakemake again") from None
    return {name: Value(float(value), float("nan"), n, 1) for name, (value, n) in numbers.items()}


def data_statistics(study, index, extras: Extras) -> Table:
    """Table 1."""
    caption = "Number of classes, mean number of words of a text, and number of texts of each split."
    return _build("1", caption, TABLE_1, study, extras)


def preprocessing(study, index, extras: Extras) -> Table:
    """Table 6."""
    caption = (
        "Size of the vocabulary of CNN and LSTM (padding and unknown word included), the count a word needs in the "
        "train split to enter it (0 and 1 keep all), and the number of words after which texts are cut."
    )
    return _build("6", caption, TABLE_6, study, extras)


def _build(key: str, caption: str, metrics: Mapping, study, extras: Extras) -> Table:
    values = {name: facts(summary, f"summary.json of {name}") for name, summary in extras.summaries.items()}
    names = beside(study, paper.DATASETS, reported_datasets(study))
    rows = tuple(Row((dataset_title(study, name),), {"dataset": name}) for name in names)
    columns = tuple(Column(label, {"metric": metric}, unit, spec) for metric, (label, unit, spec) in metrics.items())
    layout = Layout(("Data set",), rows, columns)
    frame = framed(key, study, layout, lambda keys: values.get(keys["dataset"], {}).get(keys["metric"]), extras)
    return Table(key, caption, frame, layout, notes.joined(notes.opening(study, frame)))
