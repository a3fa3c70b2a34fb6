"""A trained encoder for anything that speaks transformers: pipelines, evaluation suites, other attack libraries.

``python -m flat.models.encoders.hub <checkpoint folder> <new folder>`` writes one that plain ``from_pretrained`` reads.

phi of a piece depends on its row of the embedding matrix alone, and in evaluation the mask multiplies that row by phi.
So the masks can be put into the matrix itself: row v becomes phi(v) * v, the rows of special tokens stay. What comes
out is an ordinary network that answers as the masked one does.
"""

import argparse
import sys
from pathlib import Path

import torch

from flat.errors import StudyError, command
from flat.models import checkpoint
from flat.models.batch import Batch
from flat.models.encoders.encoder import Encoder


def masked_classifier(folder: str | Path):
    """The network of a checkpoint folder with its masks put into the embedding matrix, and its tokenizer.

    Returns:
        (network, tokenizer) of transformers, the network in evaluation mode.

    Raises:
        ArtefactError: the folder holds no whole checkpoint.
        StudyError: it is no encoder, or its masks depend on more than the embedding row.
    """
    model = checkpoint.load(folder)
    if not isinstance(model, Encoder):
        raise StudyError(str(folder), "this model is no encoder", "read it with flat.models.checkpoint.load")
    if model.mask.variational and (model.position_dependent_masks or model.mask_special_tokens):
        raise StudyError(
            str(folder),
            "its masks depend on positions, or fall on special tokens: no embedding matrix can hold them",
            "read it with flat.models.checkpoint.load",
        )
    with torch.inference_mode():
        matrix = model.network.get_input_embeddings().weight
        pieces = torch.arange(len(matrix)).unsqueeze(0)  # the whole vocabulary as one text
        special = torch.isin(pieces, torch.tensor(model.special_ids, dtype=torch.long))
        text = Batch(pieces, torch.ones_like(special), special, torch.where(special, -1, pieces))
        phi = model.phi(text)[0]  # (vocabulary,)
        matrix.mul_(phi.unsqueeze(-1))
    model.tokenizer.model_max_length = model.max_length
    return model.network, model.tokenizer


def export(folder: str | Path, target: str | Path) -> None:
    """Write ``masked_classifier(folder)`` to the folder ``target``."""
    network, tokenizer = masked_classifier(folder)
    if hasattr(network.config, "flat"):
        del network.config.flat  # the masks are in the weights now
    network.save_pretrained(target)
    tokenizer.save_pretrained(target)


@command
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m flat.models.encoders.hub", description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", help="checkpoint of an encoder, for example results/.../round1")
    parser.add_argument("target", help="the folder to write")
    options = parser.parse_args(arguments)
    export(options.folder, options.target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
