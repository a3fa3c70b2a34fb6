"""Training only those rows of a pretrained embedding matrix that the texts use.

An encoder's matrix has a row for each of 30,000 to 250,000 pieces, of which a training meets a few thousand. The
gradient of every other row is zero at each step. Adam without weight decay leaves such a row as it is, to the bit. Yet
each step clears, measures, scales and updates them all: a fifth of a step of the demo's BERT. So while a model trains,
the matrix of the used rows alone is its parameter. In evaluation mode texts may hold any piece, and the whole matrix
answers.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flat.models.interface import Classifier


class UsedRows(nn.Module):
    """Stands for ``whole`` in its network: the same answers, ``weight`` (used rows, dim) its one parameter.

    Args:
        whole: the embedding; its used rows are as trained only after ``write_back``.
        used: (used rows,) ids, each once.
    """

    def __init__(self, whole: nn.Embedding, used: Tensor):
        super().__init__()
        self._whole = [whole]  # in a list, so that its matrix is no parameter of this module
        self.weight = nn.Parameter(whole.weight.detach()[used].clone())
        self.register_buffer("used", used, persistent=False)
        place = torch.full((whole.num_embeddings,), whole.num_embeddings, device=used.device)  # of no row: an error
        self.register_buffer("place", place.index_copy(0, used, torch.arange(len(used), device=used.device)), False)
        padding = whole.padding_idx
        self.padding = int(self.place[padding]) if padding is not None and padding in used else None

    def forward(self, ids: Tensor) -> Tensor:
        """(..., ) ids to (..., dim); in training mode of used rows only."""
        if self.training:
            return F.embedding(self.place[ids], self.weight, self.padding)
        self.write_back()
        return self._whole[0](ids)

    @torch.no_grad()
    def write_back(self) -> None:
        """Put the trained rows into the whole matrix."""
        self._whole[0].weight.index_copy_(0, self.used, self.weight)


@contextmanager
def only_used_rows(model: Classifier, ids: Iterable[Tensor]) -> Iterator[None]:
    """Within, a model's embedding matrix is trained in the rows of ``ids`` and of its special tokens alone.

    Models without a network of transformers are left as they are, and embeddings that are frozen, shared with another
    layer or of a kind of their own. Train without weight decay: that would change rows without a gradient.
    """
    network = getattr(model, "network", None)
    whole = network.get_input_embeddings() if network is not None else None
    if not _can_be_cut(network, whole):
        yield
        return
    special = torch.tensor([model.pad_id, *model.special_ids])
    used = torch.unique(torch.cat([special, *(part.flatten() for part in ids)])).to(whole.weight.device)
    part = UsedRows(whole, used).train(whole.training)
    network.set_input_embeddings(part)
    try:
        yield
    finally:
        part.write_back()
        network.set_input_embeddings(whole)


def _can_be_cut(network, whole) -> bool:
    if type(whole) is not nn.Embedding or not whole.weight.requires_grad or whole.max_norm is not None or whole.sparse:
        return False
    named = [name for name, p in network.named_parameters(remove_duplicate=False) if p is whole.weight]
    return len(named) == 1
