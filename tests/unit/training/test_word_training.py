"""Training's own formula for the CNN gives the gradients of the plain one, and draws what that draws."""

import pytest
import torch
from encoder_training_toys import write_split
from model_toys import TEXTS, make
from training_toys import WORDS, data

from flat.files.artefacts import read_json, write_json, write_tensors
from flat.models import checkpoint
from flat.models.joined import joined, parted
from flat.models.pooled_windows import pooled_windows
from flat.models.word_models import CNN
from flat.training import rounds
from flat.training.objective import Weights, flat_loss

# shorter than a filter, empty, cut at 12 words; no word twice in a text: of windows that differ in the last bit alone
# either may be the largest
ORIGINALS = [["w1"], ["w2", "w3", "unseen"], [f"w{i}" for i in range(20, 29)], ["W4", "w5"], [], TEXTS[2]]
ADVERSARIAL = [["w9"], ["w2", "w8", "unseen"], [*(f"w{i}" for i in range(20, 28)), "w1", "w6"]]
LABELS = torch.tensor([0, 1, 2, 1, 0, 2])
FILES_OF_WORDS = {"vocabulary": "vocabulary.json", "vectors": "vectors.safetensors"}
OUTPUTS = {"weights": "model.safetensors", "history": "history.csv", "metrics": "metrics.json"}


def gradients(kind, mask, monkeypatch, plain, adversarial=ADVERSARIAL, **options):
    """Of a training loss with dropout and sampled masks; the terms, and the next number of each generator."""
    model = make(kind, mask, **options).train()
    torch.manual_seed(3)
    gumbel = torch.Generator().manual_seed(4)
    counterparts = torch.tensor([[0, -1, -1], [-1, 1, -1], [-1, -1, 2]])
    with monkeypatch.context() as patch:
        if plain:
            patch.setattr(CNN, "trains_on_cpu", lambda self, embeddings: False)
        other = model.encode(adversarial) if adversarial else None
        weights = Weights(beta=0.3, gamma=0.7)
        rows = torch.tensor([0, 1, 2])
        terms = flat_loss(model, model.encode(ORIGINALS), LABELS, other, rows, counterparts, weights, gumbel)
        terms.total.backward()
    found = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    return found, terms, (torch.rand(1).item(), torch.rand(1, generator=gumbel).item())


@pytest.mark.parametrize("adversarial", [ADVERSARIAL, None])
@pytest.mark.parametrize("kind, options", [("cnn", {}), ("cnn", {"widths": (2, 5)}), ("cnn", {"dropout": 0})])
@pytest.mark.parametrize("mask", ["none", "variational", "group"])
def test_gradients_terms_and_draws_are_those_of_the_plain_formula(monkeypatch, kind, options, mask, adversarial):
    given = (kind, mask, monkeypatch)
    wanted, wanted_terms, wanted_draws = gradients(*given, True, adversarial, **options)
    found, terms, draws = gradients(*given, False, adversarial, **options)
    assert draws == wanted_draws
    assert found.keys() == wanted.keys()
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-5, rtol=1e-5)
    assert any(gradient.abs().max() > 1e-3 for gradient in wanted.values())
    for name, value in vars(wanted_terms).items():
        torch.testing.assert_close(getattr(terms, name), value, atol=1e-5, rtol=1e-5)


def test_vectors_that_are_trained_get_the_plain_gradient(monkeypatch):
    wanted, *_ = gradients("cnn", "none", monkeypatch, True, freeze_vectors=False)
    found, *_ = gradients("cnn", "none", monkeypatch, False, freeze_vectors=False)
    torch.testing.assert_close(found["embedding.weight"], wanted["embedding.weight"], atol=1e-5, rtol=1e-5)
    assert wanted["embedding.weight"].abs().max() > 1e-3


def test_windows_that_share_the_maximum_share_its_gradient():
    model = make("cnn")
    embeddings = torch.ones(2, 7, 8, requires_grad=True)  # all windows within the text are equal
    present = torch.arange(7) < torch.tensor([[7], [2]])
    convolutions = model.convolutions
    inside = embeddings * present.unsqueeze(-1)
    (found,) = torch.autograd.grad(pooled_windows(inside, present, convolutions).sum(), embeddings)
    (wanted,) = torch.autograd.grad(model.pooled(embeddings * present.unsqueeze(-1), present).sum(), embeddings)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)
    assert not found[1, 2:].any() and found.any()


def test_without_a_gradient_a_model_in_training_answers_with_the_plain_formula(monkeypatch):
    model, answers = make().train(), []
    for refused in (False, True):
        with monkeypatch.context() as patch:
            if refused:
                patch.setattr(CNN, "trains_on_cpu", lambda self, embeddings: False)
            torch.manual_seed(1)
            answers.append(model.logits(TEXTS, stochastic=True))
    assert (answers[0] == answers[1]).all()


def test_a_model_with_its_own_formula_is_not_given_joined_batches():
    class Other(CNN):
        def encode_embeddings(self, embeddings, batch):
            return super().encode_embeddings(embeddings, batch)

    model = make().train()
    assert model.joins_batches() and not model.eval().joins_batches()
    model.train().__class__ = Other
    assert not model.joins_batches()


def test_a_joined_batch_gives_its_parts_back():
    model = make()
    batches = [model.encode(ORIGINALS[:2]), model.encode(ADVERSARIAL)]
    whole = joined(batches)
    assert whole.ids.shape == (5, 10) and whole.parts == ((2, 3), (3, 10))
    for name in ("ids", "present", "special", "word_index"):
        for part, batch in zip(parted(getattr(whole, name), whole), batches, strict=True):
            assert torch.equal(part, getattr(batch, name))
    assert not whole.present[:2, 3:].any() and (whole.word_index[:2, 3:] == -1).all()


def test_each_round_records_the_importance_of_the_unknown_word(tmp_path):
    texts, labels = data(40)
    splits = {name: write_split(tmp_path / f"{name}.parquet", texts, labels) for name in ("train", "dev", "test")}
    generator = torch.Generator().manual_seed(0)
    write_tensors(tmp_path / "vectors.safetensors", {"vectors": torch.randn(len(WORDS), 10, generator=generator)}, {})
    write_json(tmp_path / "vocabulary.json", {"words": WORDS, "counts": [1] * len(WORDS)})
    inputs = {name: str(tmp_path / file) for name, file in FILES_OF_WORDS.items()}
    network = {
        "kind": "cnn",
        "options": {"filters": 8},
        "classes": 2,
        "max_length": 9,
        "mask_hidden": 8,
        "switches": {},
    }
    found, previous = {}, None
    for name, mask in (("base", "none"), ("round0", "variational"), ("round1", "variational")):
        outputs = {kind: str(tmp_path / name / file) for kind, file in OUTPUTS.items()}
        rounds.run(
            splits=splits,
            network=network | {"mask": mask, "switches": {}},
            inputs=inputs | {"previous": previous},
            ledgers=[],
            keep="successful",
            training={"epochs": 2, "batch_size": 8, "learning_rate": 0.05},
            objective={"beta": 0.1} if mask == "variational" else {},
            seed=3,
            device="cpu",
            outputs=outputs,
        )
        previous = outputs["weights"] if mask == "variational" else None
        metrics = read_json(outputs["metrics"])
        found[name] = {key: metrics[key] for key in metrics if key.endswith("word_importance")}
    assert found["base"] == {}
    assert set(found["round0"]) == {"unknown_word_importance", "mean_word_importance"}
    for name in ("round0", "round1"):  # as the stored checkpoint answers
        model = checkpoint.load(tmp_path / name)
        phi = model.phi(model.encode([["never-seen"], *([word] for word in WORDS[2:])]))[:, 0].tolist()
        assert found[name]["unknown_word_importance"] == pytest.approx(phi[0], abs=1e-6)
        assert found[name]["mean_word_importance"] == pytest.approx(sum(phi[1:]) / len(phi[1:]), abs=1e-6)
    assert found["round0"] != found["round1"]
