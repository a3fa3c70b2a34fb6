"""Encoders: their tokens are the tokenizer's own, their answers do not depend on batches, what each switch does."""

import encoder_toys as toys
import numpy as np
import pytest
import torch
from encoder_toys import FAMILIES, TEXTS

from flat.analysis.importance import word_phi
from flat.errors import ResourceError, StudyError
from flat.interpretation import integrated_gradients, lime_words
from flat.models.interface import word_phi as of_words

SWITCHES = [
    {},
    {"position_dependent_masks": True},
    {"position_dependent_masks": True, "mask_special_tokens": True, "mask_attention": True},
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {family: toys.write(tmp_path_factory.mktemp(family), family) for family in FAMILIES}


@pytest.fixture(params=FAMILIES)
def family(request, folders):
    return folders[request.param]


@pytest.mark.parametrize("max_length", [5, 16])
def test_tokens_and_alignment_are_the_tokenizers_own(folders, max_length):
    model = toys.make(folders["bert"], max_length=max_length)
    texts = [*TEXTS, ["[MASK]", "good", "[SEP]", "isn't", "é", "", "filming"]] * 2  # the second time from memory
    batch = model.encode(texts)
    own = toys.tokenizer()(texts, is_split_into_words=True, truncation=True, max_length=max_length, padding=True)
    assert batch.ids.tolist() == own["input_ids"]
    assert batch.present.int().tolist() == own["attention_mask"]
    expected = [[-1 if word is None else word for word in own.word_ids(i)] for i in range(len(texts))]
    assert batch.word_index.tolist() == expected
    assert torch.equal(batch.special, batch.present & (batch.word_index == -1))
    assert model.lengths(texts) == (batch.present & ~batch.special).sum(1).tolist()
    assert [list(model.signature(t)) for t in texts] == [
        i[p].tolist() for i, p in zip(batch.ids, batch.present, strict=True)
    ]


def test_no_texts_are_encoded_too(folders):
    model = toys.make(folders["bert"])
    assert len(model.encode([])) == 0
    assert model.logits([]).shape == (0, 3)


@pytest.mark.parametrize("mask", ["none", "variational"])
@pytest.mark.parametrize("switches", SWITCHES)
def test_answers_do_not_depend_on_batch_padding_or_order(family, mask, switches):
    model = toys.make(family, mask, switches=switches)
    together = model.logits(TEXTS)
    assert together.dtype == np.float32 and together.shape == (6, 3) and together.std() > 0.1
    for size in (1, 2, 4):
        np.testing.assert_allclose(model.logits(TEXTS, batch_size=size), together, atol=1e-5)
    np.testing.assert_allclose(model.logits(TEXTS[::-1], batch_size=2)[::-1], together, atol=1e-5)
    padded = model.encode([*TEXTS, ["very"] * 14])  # whatever stands in the padding
    ids = torch.where(padded.present, padded.ids, 7)
    with torch.no_grad():
        answers = model(type(padded)(ids, padded.present, padded.special, padded.word_index))[:6]
    np.testing.assert_allclose(answers.numpy(), together, atol=1e-5)


def test_texts_are_batched_by_tokens_not_by_words(folders):
    model = toys.make(folders["bert"])
    widths = []
    encode = model.encode
    model.encode = lambda texts: widths.append(batch := encode(texts)) or batch
    model.logits([["abcdefgh"], ["good"], ["good", "film"], ["abcd", "bc"]], batch_size=2)
    assert [batch.present.sum(1).tolist() for batch in widths] == [[3, 4], [8, 10]]


def test_without_mask_the_answer_is_the_networks_own(family):
    model = toys.make(family)
    batch = model.encode(TEXTS)
    with torch.no_grad():
        own = model.network(input_ids=batch.ids, attention_mask=batch.present.long()).logits
        np.testing.assert_allclose(model(batch).numpy(), own.numpy(), atol=1e-5)


@pytest.mark.parametrize(
    "family, changes, longest",
    [
        ("roberta", {"max_position_embeddings": 60}, 59),  # its positions begin behind the padding's
        ("electra", {"embedding_size": 12}, 64),
    ],
)
def test_their_kin_needs_no_code(tmp_path, family, changes, longest):
    folder = toys.write(tmp_path, family, **changes)
    with pytest.raises(StudyError, match=f"reads at most {longest}"):
        toys.make(folder, max_length=longest + 1)
    plain = toys.make(folder, max_length=longest)
    batch = plain.encode([*TEXTS, ["very"] * 70])
    with torch.no_grad():
        own = plain.network(input_ids=batch.ids, attention_mask=batch.present.long()).logits
        np.testing.assert_allclose(plain(batch).numpy(), own.numpy(), atol=1e-5)
    for switches in SWITCHES:
        model = toys.make(folder, "variational", switches=switches)
        np.testing.assert_allclose(model.logits(TEXTS, batch_size=1), model.logits(TEXTS), atol=1e-5)
        model.train()(model.encode(TEXTS), torch.Generator().manual_seed(0)).logsumexp(1).sum().backward()
        assert model.mask.network[0].weight.grad.abs().sum() > 0


def test_an_attacks_probe_accepts_an_encoder(folders):
    from flat.attacks.victim import Victim, probe
    from flat.errors import AttackError

    model = toys.make(folders["deberta-v2"], "variational")
    probe(Victim(model), [" ".join(text) for text in TEXTS if text])
    with pytest.raises(AttackError, match="training mode"):
        probe(Victim(model.train()), ["good film"])


def test_the_mask_multiplies_rows_of_the_embedding_matrix(family):
    model = toys.make(family, "variational")
    batch = model.encode(TEXTS)
    rows = model.network.get_input_embeddings().weight[batch.ids]
    phi = model.mask.network(rows).softmax(-1)[..., 1]
    weights = torch.where(batch.special | ~batch.present, 1.0, phi).unsqueeze(-1)
    with torch.no_grad():
        by_hand = model.network(inputs_embeds=rows * weights, attention_mask=batch.present.long()).logits
        np.testing.assert_allclose(model(batch).numpy(), by_hand.numpy(), atol=1e-5)
        assert not np.allclose(
            model(batch), model.network(inputs_embeds=rows, attention_mask=batch.present.long()).logits
        )


def test_phi_depends_on_the_piece_alone_unless_switched(family):
    text = ["dull", "dull", "plot", "dull"]
    model = toys.make(family, "variational")
    phi = model.phi(model.encode([text]))[0]
    assert phi[1] == phi[2] == phi[4] != phi[3]
    assert phi[0] == phi[5] == 1  # CLS and SEP
    behind = toys.make(family, "variational", switches={"position_dependent_masks": True})
    phi = behind.phi(behind.encode([text]))[0]
    assert len({round(p, 4) for p in phi[1:5].tolist()}) == 4
    assert phi[0] == phi[5] == 1


def test_position_dependent_masks_multiply_the_embedding_blocks_output(folders):
    model = toys.make(folders["bert"], "variational", switches={"position_dependent_masks": True})
    bert, batch = model.network.bert, model.encode(TEXTS)
    with torch.no_grad():
        block = bert.embeddings(input_ids=batch.ids)
        phi = model.mask.network(block).softmax(-1)[..., 1]
        masked = block * torch.where(batch.maskable, phi, 1.0).unsqueeze(-1)
        hidden = (1.0 - batch.present[:, None, None, :].float()) * torch.finfo(torch.float32).min
        states = bert.encoder(masked, attention_mask=hidden)[0]
        by_hand = model.network.classifier(bert.pooler(states))
        np.testing.assert_allclose(model(batch).numpy(), by_hand.numpy(), atol=1e-5)


def test_special_tokens_are_masked_on_request(folders):
    model = toys.make(folders["bert"], "variational", switches={"mask_special_tokens": True})
    batch = model.encode(TEXTS)
    assert (model.phi(batch)[batch.present] < 1).all()
    assert (model.phi(batch)[~batch.present] == 1).all()
    plain = toys.make(folders["bert"], "variational")
    plain.load_state_dict(model.state_dict())
    assert not np.allclose(plain.logits(TEXTS), model.logits(TEXTS))


def test_a_mask_on_attention_hides_tokens_in_training_only(folders):
    model = toys.make(folders["bert"], "variational", switches={"mask_attention": True})
    batch = model.encode([["good", "film", "dull"]])
    drop = torch.tensor([[1.0, 0.0, 1.0, 1.0, 1.0]])
    model.mask.sample = lambda *_, **__: drop
    asked = []
    run = model.network.forward
    model.network.forward = lambda **given: asked.append(given["attention_mask"].tolist()) or run(**given)
    with torch.no_grad():
        model(batch)
        model.train()(batch)
        model.mask_special_tokens, model.mask.sample = True, lambda *_, **__: torch.zeros(1, 5)
        model(batch)
    assert asked == [[[1, 1, 1, 1, 1]], [[1, 0, 1, 1, 1]], [[1, 1, 1, 1, 1]]]  # nothing left: as without the mask


def test_training_in_every_reading_gives_finite_gradients(family):
    for switches in SWITCHES:
        model = toys.make(family, "variational", switches=switches).train()
        model(model.encode(TEXTS), torch.Generator().manual_seed(0)).logsumexp(1).sum().backward()
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        assert all(torch.isfinite(g).all() for g in gradients)
        assert model.mask.network[0].weight.grad.abs().sum() > 0


def test_the_embedding_block_is_frozen_on_request(family):
    model = toys.make(family, "variational").train()
    model.freeze_embeddings()
    model(model.encode(TEXTS), torch.Generator().manual_seed(0)).sum().backward()
    frozen = [p.grad for n, p in model.named_parameters() if ".embeddings." in n]
    assert len(frozen) >= 4 and all(g is None for g in frozen)
    assert model.mask.network[0].weight.grad.abs().sum() > 0 and model.network.classifier.weight.grad is not None


def test_the_unknown_word_is_one_token_and_counts_as_a_word(folders):
    model = toys.make(folders["bert"])
    assert model.unknown_word == "[MASK]"
    batch = model.encode([["good", model.unknown_word]])
    assert batch.ids.tolist() == [[2, toys.tokenizer().get_vocab()["good"], 4, 3]]
    assert batch.special.tolist() == [[True, False, False, True]]
    assert batch.word_index.tolist() == [[-1, 0, 1, -1]]


def test_the_baseline_keeps_special_tokens_over_padding(family):
    model = toys.make(family)
    batch = model.encode([["good", "baddeed"], ["film"]])
    rows = model.network.get_input_embeddings().weight
    baseline = model.baseline(batch)
    assert torch.equal(baseline[batch.special], rows[batch.ids[batch.special]])
    assert torch.equal(baseline[~batch.special], rows[[0]].expand(int((~batch.special).sum()), -1))


def test_importance_of_a_word_is_the_largest_of_its_pieces(folders):
    model = toys.make(folders["bert"], "variational")
    rows = model.network.get_input_embeddings().weight
    vocabulary = toys.tokenizer().get_vocab()
    with torch.no_grad():
        phi = model.mask.network(rows).softmax(-1)[:, 1]
    expected = [float(phi[vocabulary["good"]]), max(float(phi[vocabulary[p]]) for p in ("warm", "##ly"))]
    assert word_phi(model, ["good", "warmly"]) == pytest.approx(expected, abs=1e-6)
    batch = model.encode([["warmly", "good"]])
    assert of_words(model.phi(batch), batch, 2)[0].tolist() == pytest.approx(expected[::-1], abs=1e-6)


@pytest.mark.parametrize("switches", SWITCHES)
def test_integrated_gradients_sum_pieces_to_words_and_leave_special_tokens_out(family, switches):
    model = toys.make(family, "variational", switches=switches)
    texts = [["warmly", "good", "film"], ["very", "dull"]]
    found = integrated_gradients.explain(model, texts, steps=100, tolerance=9.0)
    for text, attributions in zip(texts, found, strict=True):
        batch = model.encode([text])
        with torch.no_grad():
            change = (model(batch) - model.classify(model.baseline(batch), batch))[0].tolist()
        for one, moved in zip(attributions, change, strict=True):
            assert one.scores.shape == (len(text),)
            # special tokens are in text and baseline alike, so all of the change belongs to words
            assert one.scores.sum() == pytest.approx(moved, abs=0.02 * max(1.0, abs(moved)))
    together = integrated_gradients.explain(model, texts, steps=100, tolerance=9.0, batch_size=2)
    for one, other in zip(found, together, strict=True):
        np.testing.assert_allclose([a.scores for a in one], [a.scores for a in other], atol=2e-5)


def test_lime_replaces_words_by_the_mask_token(folders):
    model = toys.make(folders["bert"], "variational")
    asked = []
    signature = model.signature
    model.signature = lambda text: asked.append(tuple(text)) or signature(text)
    (found,) = lime_words.explain(model, [["warmly", "good", "film"]], seeds=[3])
    assert {len(text) for text in asked} == {3} and ("[MASK]", "good", "[MASK]") in asked
    assert len(found) == 3 and all(np.isfinite(one.scores).all() and one.scores.any() for one in found)


def test_fewer_layers_are_spread_evenly(tmp_path):
    folder = toys.write(tmp_path, "bert", num_hidden_layers=6)
    whole, half = toys.make(folder), toys.make(folder, layers=3)
    layers = [layer.output.dense.weight for layer in whole.network.bert.encoder.layer]
    kept = [layer.output.dense.weight for layer in half.network.bert.encoder.layer]
    assert [next(i for i, w in enumerate(layers) if torch.equal(w, k)) for k in kept] == [0, 2, 4]
    assert half.network.config.num_hidden_layers == 3
    assert not np.allclose(whole.logits(TEXTS), half.logits(TEXTS))
    with pytest.raises(StudyError, match="7 of the 6 layers"):
        toys.make(folder, layers=7)


def test_checkpointed_gradients_are_the_same(folders):
    gradients = []
    for options in ({}, {"gradient_checkpointing": True}):
        model = toys.make(folders["bert"], "variational", **options).train()
        torch.manual_seed(3)
        model(model.encode(TEXTS), torch.Generator().manual_seed(0)).logsumexp(1).sum().backward()
        gradients.append({n: p.grad for n, p in model.named_parameters()})
        if options:
            assert model.network.bert.encoder.layer[0].gradient_checkpointing
    assert all(torch.allclose(gradients[0][n], g, atol=1e-5) for n, g in gradients[1].items() if g is not None)


def test_what_cannot_be_an_encoder_is_refused_with_a_remedy(folders, tmp_path):
    with pytest.raises(StudyError, match="99 tokens, but this encoder reads at most 64"):
        toys.make(folders["bert"], max_length=99)
    with pytest.raises(StudyError, match="no room for a word"):
        toys.make(folders["bert"], max_length=2)
    with pytest.raises(StudyError, match="groups of word pieces"):
        toys.make(folders["bert"], "group")
    with pytest.raises(ResourceError, match=r"holds no encoder(?s:.)*remedy"):
        toys.make(tmp_path)
    other = toys.write(tmp_path / "other")
    (other / "tokenizer.json").unlink()
    with pytest.raises(ResourceError, match="tokenizer"):
        toys.make(other)
