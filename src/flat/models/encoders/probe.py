"""What an encoder must do before it is trained: tried on two short texts of its own vocabulary.

The attacks, the explanations and the masks ask an encoder by its embeddings, in batches with padding. One that answers
otherwise so than transformers does by token ids would be trained, attacked and explained as another model than the one
that was named.
"""

from pathlib import Path

import numpy as np
import torch

from flat.errors import ResourceError

TOLERANCE = 1e-4  # of logits, times the largest where that exceeds 1; float32's rounding stays well below
TOKENS = 4, 24  # of the two texts
PLAIN = "name an encoder whose class in transformers takes inputs_embeds and an attention mask, such as BERT"


@torch.no_grad()
def probe(encoder, folder: str | Path) -> None:
    """Try a ``flat.models.encoders.encoder.Encoder`` without masks, as it was read from ``folder``.

    Raises:
        ResourceError: a token has no embedding, a weight is no number, the network takes no embeddings, answers them
            otherwise than the tokens they are of, or gives a text another answer in a batch than alone.
    """
    network, where = encoder.network, str(folder)
    _check_weights(network, where)
    training = {module: module.training for module in encoder.modules()}
    encoder.eval()
    try:
        rows = len(network.get_input_embeddings().weight)
        _check_tokens(encoder.tokenizer, rows, where)
        short, long = _texts(encoder)
        batched = encoder(encoder.encode_pieces([short, long]))
        alone = encoder(encoder.encode_pieces([short]))
        by_ids = _by_ids(encoder, long)
    except ResourceError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # whatever a class of transformers raises that was not made for this
        said = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise ResourceError(
            where, f"its {type(network).__name__} cannot be asked by its embeddings ({said})", PLAIN
        ) from None
    finally:
        for module, mode in training.items():
            module.training = mode
    if batched.shape != (2, encoder.classes):
        raise ResourceError(
            where, f"its {type(network).__name__} answers two texts by {tuple(batched.shape)} numbers", PLAIN
        )
    if not torch.isfinite(batched).all():
        raise ResourceError(where, "answers infinite or undefined logits", "fetch it again, or name another encoder")
    allowed = TOLERANCE * max(1.0, float(batched.abs().max()))
    for one, other, problem in (
        (batched[:1], alone, "gives a text another answer in a batch with a longer one than alone"),
        (batched[1:], by_ids, "answers otherwise by its embeddings than by the tokens they are of"),
    ):
        apart = float((one - other).abs().max())
        if not apart <= allowed:
            raise ResourceError(where, f"its {type(network).__name__} {problem} (logits differ by {apart:.2g})", PLAIN)


def _check_weights(network, where: str) -> None:
    for name, weight in network.named_parameters():
        if not torch.isfinite(weight.sum()):
            raise ResourceError(where, f"its weights {name} hold undefined numbers", "fetch it again, or name another")


def _check_tokens(tokenizer, rows: int, where: str) -> None:
    """Every token that the tokenizer can give has its row in the embedding matrix, of so many ``rows``."""
    beyond = [(number, token) for token, number in tokenizer.get_vocab().items() if number >= rows]
    if beyond:
        number, token = min(beyond)
        raise ResourceError(
            where,
            f"its tokenizer can give {token!r}, number {number}, but its embedding matrix has {rows} rows",
            "add rows to the network with transformers' resize_token_embeddings, or name the tokenizer it came with",
        )


def _texts(encoder) -> list[tuple[list[int], list[int]]]:
    """Two texts of pieces from all over the vocabulary, as pieces and the numbers of their words."""
    tokenizer = encoder.tokenizer
    special = set(tokenizer.all_special_ids)
    pieces = sorted(number for number in tokenizer.get_vocab().values() if number not in special)
    room = encoder.max_length - tokenizer.num_special_tokens_to_add()
    chosen = [np.linspace(0, len(pieces) - 1, min(most, room)).astype(int) for most in TOKENS]
    return [([pieces[place] for place in places], list(range(len(places)))) for places in chosen]


def _by_ids(encoder, text: tuple[list[int], list[int]]) -> torch.Tensor:
    """Logits (1, classes) of a text as transformers gives them."""
    batch = encoder.encode_pieces([text])
    return encoder.network(input_ids=batch.ids, attention_mask=batch.present.long()).logits
