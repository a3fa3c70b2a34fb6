"""The attack on a model whose logits are divided by the temperature fitted on dev (docs/guards.md)."""

import logging
from dataclasses import asdict

import numpy as np
import torch
from torch import nn

from flat.attacks import ledger
from flat.attacks.examples import draw_examples, rows_of
from flat.attacks.job import AttackJob
from flat.errors import ArtefactError
from flat.files.artefacts import read_table, write_json, write_table
from flat.models.black_box import BlackBox, WholeTexts
from flat.models.edits.editor import Editor
from flat.models.temperature import Temperature, fit_temperature

log = logging.getLogger("flat")


class Calibrated(nn.Module):
    """A classifier that answers logits / temperature and is the wrapped one in everything else an attack asks.

    It is in training mode if the wrapped one is: the determinism probe must see that.
    """

    def __init__(self, model, temperature: float):
        super().__init__()
        self.model = model
        self.register_buffer("temperature", torch.tensor(temperature, dtype=torch.float32))
        self.training = model.training
        self.classes, self.lengths = getattr(model, "classes", None), getattr(model, "lengths", None)

    @property
    def device(self):
        return getattr(self.model, "device", None)

    @property
    def words(self):
        return getattr(self.model, "words", ())

    def signature(self, text):
        return getattr(self.model, "signature", tuple)(text)

    @property
    def max_length(self) -> int:
        return self.model.max_length

    def encode(self, texts):
        return self.model.encode(texts)

    def embed(self, batch):
        return self.model.embed(batch)

    def classify(self, embeddings, batch):
        """Logits (texts, classes) of embeddings, divided by the temperature: what gradients are taken of."""
        return self.model.classify(embeddings, batch) / self.temperature

    def forget(self) -> None:
        getattr(self.model, "forget", lambda: None)()

    def editor(self) -> Editor:
        """Of whole texts; a black box has no low precision to be screened in."""
        return (WholeTexts if isinstance(self.model, BlackBox) else Editor)(self)

    def logits(self, texts, batch_size: int = 64) -> np.ndarray:
        """float32 logits (texts, classes), divided by the temperature."""
        return self.model.logits(texts, batch_size=batch_size) / np.float32(self.temperature.item())


def attack_calibrated(
    job: AttackJob, outputs: dict[str, str], *, dev: str, test: str, attacked: str, examples: int, draw_seed: int
) -> Temperature:
    """Fit the temperature on dev, attack a sub-sample of a ledger's examples at it, write ledger, lock and temperature.

    Args:
        outputs: paths of ``ledger``, ``lock`` and ``calibration``.
        attacked: the ledger of the same attack on the same model at temperature 1.
        examples: how many of its examples, stratified by label; all of them if there are no more.
        draw_seed: of the draw; must not depend on the model, so that every model is checked on the same examples.

    Raises:
        ArtefactError: the ledger was made by another attack, or on other examples than the split's.
    """
    before = read_table(attacked, ["example_id", "label", "attack_hash"])
    frame = rows_of(read_table(test), draw_examples(before, examples, draw_seed), attacked)
    model = job.model()
    temperature = fit_on(model, read_table(dev, ["words", "label"]))
    log.info("temperature %.3f, fitted on %d texts of dev", temperature.value, temperature.n)
    run = job.run(Calibrated(model, temperature.value), frame)
    if set(run.ledger["attack_hash"]) != set(before["attack_hash"]):
        raise ArtefactError(
            attacked, "it was made by another attack than this one", "delete it and run snakemake again"
        )
    write_json(outputs["lock"], run.lock | {"victim_temperature": temperature.value})
    write_json(outputs["calibration"], asdict(temperature))
    write_table(outputs["ledger"], run.ledger, ledger.SCHEMA)
    return temperature


def fit_on(model, frame) -> Temperature:
    """The temperature of a model on a split (columns words, label)."""
    logits = model.logits([list(words) for words in frame["words"]])
    return fit_temperature(logits, frame["label"].to_numpy())
