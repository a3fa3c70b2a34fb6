"""An encoder trained in the embedding rows that its texts use is the encoder trained in all of them."""

import encoder_toys as toys
import pytest
import torch
from encoder_training_toys import data
from torch import nn

from flat.models.encoders.used_rows import UsedRows, only_used_rows
from flat.resume.checkpoints import Checkpoints
from flat.training import rounds, trainer
from flat.training.objective import Weights
from flat.training.trainer import Options, Pairs, train

OPTIONS = Options(2, 8, 0.005, "adamw", schedule="linear")
UNSEEN = [["dull", "h"], ["zebra", "plot"]]  # of pieces that no training text has


@pytest.fixture(scope="module", params=["bert", "deberta-v2", "roberta"])
def folder(request, tmp_path_factory):
    changes = {"max_position_embeddings": 66} if request.param == "roberta" else {}
    return toys.write(tmp_path_factory.mktemp(request.param), request.param, initializer_range=0.1, **changes)


def trained(folder, cut: bool, options: Options = OPTIONS, checkpoints: Checkpoints | None = None):
    texts, labels = data(60)
    pairs = Pairs([0, 5], [[*texts[0][:-1], "warm"], [*texts[5][:-1], "baddeed"]], [None, None])
    model = toys.make(folder, "variational")
    before = model.network.get_input_embeddings().weight.detach().clone()
    ids = [model.encode(part).ids for part in (texts, pairs.texts)]
    dev = (UNSEEN, [0, 1])
    work = only_used_rows(model, ids) if cut else rounds.nullcontext()
    with work:
        outcome = train(model, texts, labels, dev, options, Weights(0.1, 0.1), 7, pairs, checkpoints)
    used = torch.unique(torch.cat([part.flatten() for part in ids]))
    return model, outcome, before, used


def test_the_weights_are_the_same_to_the_bit(folder):
    (cut, outcome, _, _), (whole, wanted, _, _) = trained(folder, True), trained(folder, False)
    assert outcome == wanted
    assert cut.state_dict().keys() == whole.state_dict().keys()
    assert all(torch.equal(tensor, whole.state_dict()[name]) for name, tensor in cut.state_dict().items())
    assert type(cut.network.get_input_embeddings()) is nn.Embedding


def test_a_clipped_gradient_has_the_same_norm_but_for_rounding(folder):
    options = Options(2, 8, 0.005, "adamw", clip_norm=0.1)
    (cut, *_), (whole, *_) = trained(folder, True, options), trained(folder, False, options)
    for name, tensor in cut.state_dict().items():
        assert torch.allclose(tensor, whole.state_dict()[name], atol=1e-4), name


def test_rows_of_other_pieces_stay_as_they_are(folder):
    model, _, before, used = trained(folder, True)
    after = model.network.get_input_embeddings().weight
    others = torch.ones(len(before), dtype=torch.bool).index_fill(0, used, False)
    assert others.any() and torch.equal(after[others], before[others])
    assert not torch.equal(after[~others], before[~others])


def test_a_piece_that_training_was_not_told_of_is_an_error_and_evaluation_answers_it(folder):
    model = toys.make(folder)
    answers = model.logits(UNSEEN)
    with only_used_rows(model, [model.encode([["good"]]).ids]):
        assert (model.logits(UNSEEN) == answers).all()
        model.train()
        with pytest.raises(IndexError):
            model(model.encode(UNSEEN))
    assert isinstance(model.network.get_input_embeddings(), nn.Embedding)


def test_a_killed_training_goes_on_to_the_same_weights(folder, tmp_path, monkeypatch):
    class Killed(Exception):
        pass

    whole, *_ = trained(folder, True)
    gradients, steps = trainer._gradients, []

    def dying(*given):
        steps.append(1)
        if len(steps) == 11:  # in the second epoch
            raise Killed
        return gradients(*given)

    monkeypatch.setattr(trainer, "_gradients", dying)
    path = tmp_path / "round0.safetensors"
    for _ in range(2):
        checkpoints = Checkpoints(path, "digest")
        monkeypatch.setattr(checkpoints, "due", lambda *_: True)
        try:
            again, *_ = trained(folder, True, checkpoints=checkpoints)
        except Killed:
            continue
        finally:
            checkpoints.close()
    assert len(steps) < 2 * 16  # it did not begin anew
    assert all(torch.equal(tensor, whole.state_dict()[name]) for name, tensor in again.state_dict().items())


@pytest.mark.parametrize("why", ["frozen", "shared", "of another kind", "no encoder"])
def test_other_embeddings_are_left_alone(folder, why):
    model = toys.make(folder)
    table = model.network.get_input_embeddings()
    if why == "frozen":
        table.requires_grad_(False)
    elif why == "shared":
        model.network.also = nn.Linear(16, table.num_embeddings, bias=False)
        model.network.also.weight = table.weight
    elif why == "of another kind":
        model.network.set_input_embeddings(type("Scaled", (nn.Embedding,), {})(table.num_embeddings, 16))
    else:
        model = nn.Module()
    with only_used_rows(model, []):
        assert not any(isinstance(module, UsedRows) for module in model.modules())


@pytest.mark.parametrize(
    ("change", "cut"), [({}, True), ({"weight_decay": 0.1}, False), ({"texts_per_epoch": 8}, False)]
)
def test_where_it_is_used(folder, change, cut):
    model, (texts, _) = toys.make(folder), data(160)
    options = Options(**{"epochs": 1, "batch_size": 8} | change)
    with rounds._embeddings_of(model, texts, Pairs([], []), options):
        assert isinstance(model.network.get_input_embeddings(), UsedRows) == cut
