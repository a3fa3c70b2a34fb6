"""What cannot be asked of a black box, which answers strings: training, gradients, masks. Refused before any job."""

from collections.abc import Iterator

from flat.errors import StudyError
from flat.study.grid import attacked_cells
from flat.study.schema import Study

# blocks of artefacts that are about trained models, and why
OF_TRAINED = {
    "importance": "word importance is learnt by a variational mask",
    "saliency": "the figure shows integrated gradients",
    "ablation": "the table compares ways of training",
    "groups": "the table compares group masks",
}
APART = "or give it a study of its own, with strategies: [base]"


def misfits(study: Study, where: str) -> Iterator[StudyError]:
    """Every part of a study that asks a black box for what it has not."""
    boxes = {name for name, model in study.models.items() if model.is_black_box}
    if not boxes:
        return
    for part, block in study.artefacts.present(*OF_TRAINED).items():
        if block.model in boxes:
            yield StudyError(
                f"{where}: artefacts.{part}.model",
                f"{block.model} is a black box, and {OF_TRAINED[part]}",
                "name a model that is trained, or leave the block out",
            )
    for part, block in study.artefacts.present("main", "transfer", "replay").items():
        for model in block.models:
            for strategy in block.strategies if model in boxes else ():
                yield from _training(study, model, strategy, f"{where}: artefacts.{part}.strategies")
    readings = study.artefacts.readings
    for number, row in enumerate(readings.rows if readings else ()):
        if row.model in boxes:
            yield from _training(study, row.model, row.strategy, f"{where}: artefacts.readings.rows.{number}")
    for model in study.tune.models if study.tune else ():
        if model in boxes:
            yield StudyError(
                f"{where}: tune.models", f"{model} is a black box: there is nothing to search for it", "leave it out"
            )
    for attacked in attacked_cells(study):
        if attacked.cell.model in boxes and study.attacks[attacked.attack].parameters.get("ranking") == "gradient":
            yield StudyError(
                f"{where}: attacks.{attacked.attack}.parameters.ranking",
                f"gradient, and {attacked.cell.model} is a black box without gradients",
                "choose another ranking, or do not attack this model so",
            )


def _training(study: Study, model: str, strategy: str, place: str) -> Iterator[StudyError]:
    chosen = study.strategies[strategy]
    if chosen.adversarial or chosen.mask != "none":
        how = "trains on adversarial texts" if chosen.adversarial else "has a mask to train"
        yield StudyError(
            place,
            f"{strategy} {how}, and {model} is a black box, which is not trained",
            f"name base alone where {model} is among the models, {APART}",
        )
