"""The objective, term by term, by hand; what each switch does; FLAT without masks is adv (Eq. 5)."""

import math

import pytest
import torch
import torch.nn.functional as F

from flat.models import registry
from flat.models.batch import Batch
from flat.training.objective import Weights, cross_entropy, flat_loss, importance_gap, word_importance
from flat.training.trainer import Pairs, counterparts

WORDS = ["<pad>", "<unk>", *"abcdefgh"]
ORIGINAL = [["a", "b", "c"], ["d", "e"], ["f"]]
ADVERSARIAL = [["a", "g", "c"], ["h", "e"]]  # of texts 0 and 1
ROWS = torch.tensor([0, 1])
LABELS = torch.tensor([0, 1, 1])


def make(mask="variational", kind="cnn", seed=0):
    torch.manual_seed(seed)
    vectors = torch.randn(len(WORDS), 6)
    vectors[0] = 0
    return registry.build(
        kind,
        {"dropout": 0.0},
        classes=2,
        max_length=9,
        words=WORDS,
        vectors=vectors,
        mask=mask,
        mask_hidden=5,
    )


def terms(model, weights, adversarial=True, seed=0):
    compared = counterparts(ORIGINAL[:2], Pairs([0, 1], ADVERSARIAL), model.max_length, weights.importance_over)
    return flat_loss(
        model,
        model.encode(ORIGINAL),
        LABELS,
        model.encode(ADVERSARIAL) if adversarial else None,
        ROWS,
        compared,
        weights,
        torch.Generator().manual_seed(seed),
    )


def gradient(model, loss):
    model.zero_grad()
    loss.backward()
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


def test_cross_entropy_by_hand():
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    by_hand = (math.log(1 + math.exp(-2)) + math.log(1 + math.exp(-1))) / 2
    assert cross_entropy(logits, torch.tensor([0, 1])).item() == pytest.approx(by_hand, abs=1e-6)


def test_double_softmax_confines_the_loss():
    # with two classes the loss of probabilities lies in [ln(1 + e^-1), ln(1 + e)] = [0.3133, 1.3133]
    sure = torch.tensor([[50.0, -50.0]])
    assert cross_entropy(sure, torch.tensor([0]), True).item() == pytest.approx(math.log(1 + math.exp(-1)), abs=1e-6)
    assert cross_entropy(sure, torch.tensor([1]), True).item() == pytest.approx(math.log(1 + math.e), abs=1e-6)


def test_importance_gap_by_hand_counts_changed_words_only():
    phi = torch.tensor([[0.9, 0.2, 0.5], [0.4, 0.6, 0.0]])
    other = torch.tensor([[0.1, 0.3, 0.5], [0.7, 0.6, 0.0]])
    changed = torch.tensor([[False, True, False], [True, True, False]])
    # pair 1: |0.2-0.3| = 0.1; pair 2: |0.4-0.7| + |0.6-0.6| = 0.3; mean 0.2
    assert importance_gap(phi, other, changed).item() == pytest.approx(0.2, abs=1e-6)


def test_replaced_words_are_compared_by_position_within_the_length():
    originals, pairs = [["a", "b", "c", "d"], ["e"]], Pairs([0, 1], [["a", "x", "c", "y"], ["e"]])
    assert counterparts(originals, pairs, 3).tolist() == [[-1, 1, -1], [-1, -1, -1]]
    assert counterparts(originals, pairs, 3, "all").tolist() == [[0, 1, 2], [0, -1, -1]]


def test_inserted_and_merged_words_are_compared_with_nothing():
    # "a b c d" -> "a X b' c" (X put in, b replaced, d dropped); "e f g" -> "h g" (e and f merged into h)
    originals = [["a", "b", "c", "d"], ["e", "f", "g"]]
    pairs = Pairs([0, 1], [["a", "X", "b'", "c"], ["h", "g"]], [[0, 2, 3, -1], [-1, -1, 1]])
    assert counterparts(originals, pairs, 9).tolist() == [[-1, 2, -1, -1], [-1, -1, -1, -1]]
    assert counterparts(originals, pairs, 9, "all").tolist() == [[0, 2, 3, -1], [-1, -1, 1, -1]]


@pytest.mark.parametrize("pairs_weight, share", [("expectation", 1), ("union", 2 / 3)])  # 2 adversarial texts, 3 others
def test_the_total_is_the_sum_of_equation_3(pairs_weight, share):
    model = make().eval()
    weights = Weights(beta=0.3, gamma=0.7, pairs_weight=pairs_weight)
    t = terms(model, weights)
    by_hand = (
        t.ce_original
        - 0.3 * t.entropy_original
        + share * (t.ce_adversarial - 0.3 * t.entropy_adversarial + 0.7 * t.importance_gap)
    )
    assert t.total.item() == pytest.approx(by_hand.item(), abs=1e-6)
    # each term, recomputed from its definition
    original, adversarial = model.encode(ORIGINAL), model.encode(ADVERSARIAL)
    assert t.ce_original.item() == pytest.approx(F.cross_entropy(model(original), LABELS).item(), abs=1e-6)
    assert t.ce_adversarial.item() == pytest.approx(F.cross_entropy(model(adversarial), LABELS[ROWS]).item(), abs=1e-6)
    phi = {w: model.phi(model.encode([[w]]))[0, 0].item() for w in "abcdefgh"}
    assert t.importance_gap.item() == pytest.approx((abs(phi["b"] - phi["g"]) + abs(phi["d"] - phi["h"])) / 2, abs=1e-6)
    entropy = lambda p: -(p * math.log(p) + (1 - p) * math.log(1 - p))  # noqa: E731
    per_text = [sum(entropy(phi[w]) for w in text) / len(text) for text in ORIGINAL]
    assert t.entropy_original.item() == pytest.approx(sum(per_text) / 3, abs=1e-6)


def test_in_the_union_every_text_weighs_alike():
    model = make("none").eval()
    t = terms(model, Weights())
    own = lambda words, label: -F.log_softmax(model(model.encode([words])), -1)[0, label].item()  # noqa: E731
    texts = [*zip(ORIGINAL, LABELS.tolist(), strict=True), *zip(ADVERSARIAL, LABELS[ROWS].tolist(), strict=True)]
    assert t.total.item() == pytest.approx(sum(own(*text) for text in texts) / len(ORIGINAL), abs=1e-6)


def test_the_union_does_not_depend_on_how_a_batch_is_cut():
    # text 0 with its pair, then texts 1 and 2 with theirs: parts weighted by their originals give the whole
    model, weights = make().eval(), Weights(beta=0.3, gamma=0.7)
    model.mask.sample = model.mask.phi  # no noise
    compared = counterparts(ORIGINAL[:2], Pairs([0, 1], ADVERSARIAL), model.max_length)
    total = 0.0
    for rows, pairs in (([0], [0]), ([1, 2], [1])):
        part = flat_loss(
            model,
            model.encode([ORIGINAL[row] for row in rows]),
            LABELS[rows],
            model.encode([ADVERSARIAL[pair] for pair in pairs]),
            torch.tensor([rows.index(ROWS[pair].item()) for pair in pairs]),
            compared[pairs],
            weights,
        )
        total += len(rows) / 3 * part.total.item()
    assert terms(model, weights).total.item() == pytest.approx(total, abs=1e-6)


def test_few_adversarial_texts_weigh_little_in_the_union_and_as_much_as_all_originals_by_expectation():
    model = make("none").eval()
    batch, one = model.encode(ORIGINAL), model.encode(ADVERSARIAL[:1])
    alone = F.cross_entropy(model(one), LABELS[:1]).item()
    for how, weight in (("union", 1 / 3), ("expectation", 1)):
        t = flat_loss(model, batch, LABELS, one, ROWS[:1], torch.tensor([[-1]]), Weights(pairs_weight=how))
        assert t.total.item() - t.ce_original.item() == pytest.approx(weight * alone, abs=1e-6)


def test_entropy_is_rewarded_and_the_gap_is_punished():
    model = make().eval()
    base = terms(model, Weights()).total
    assert terms(model, Weights(beta=1.0)).total < base < terms(model, Weights(gamma=1.0)).total


def test_a_step_along_beta_raises_entropy_and_along_gamma_closes_the_gap():
    for weights, name, sign in ((Weights(beta=5.0), "entropy_original", 1), (Weights(gamma=5.0), "importance_gap", -1)):
        model = make().eval()
        optimizer = torch.optim.SGD(model.mask.parameters(), lr=0.05)
        before = getattr(terms(model, weights), name).item()
        for _ in range(40):
            optimizer.zero_grad()
            terms(model, weights).total.backward()
            optimizer.step()
        assert sign * (getattr(terms(model, weights), name).item() - before) > 1e-3


def test_importance_is_read_without_dropout():
    model = make().train()
    model.dropout.p = 0.9
    batch = model.encode(ORIGINAL)
    assert torch.equal(word_importance(model, batch, 3), word_importance(model, batch, 3))


def test_entropy_over_positions_counts_padding_up_to_the_maximal_length():
    model = make().eval()
    score = lambda word: F.log_softmax(model.mask.network(model.embedding.weight[model.index[word]]), -1)  # noqa: E731
    entropy = {word: -(score(word).exp() * score(word)).sum().item() for word in ["<pad>", *"abcdef"]}
    found = terms(model, Weights(beta=1.0, entropy_over="positions"), adversarial=False).entropy_original.item()
    sums = [sum(entropy[w] for w in text) + (9 - len(text)) * entropy["<pad>"] for text in ORIGINAL]
    assert found == pytest.approx(sum(sums) / 3 / 9, abs=1e-6)
    # whatever the batch is padded to
    alone = [
        flat_loss(model, model.encode([text]), LABELS[:1], None, None, None, Weights(entropy_over="positions"))
        for text in ORIGINAL
    ]
    assert found == pytest.approx(sum(t.entropy_original.item() for t in alone) / 3, abs=1e-6)


def test_importance_over_all_words_hears_the_lstms_embedding_dropout():
    for kind, noisy in (("cnn", False), ("lstm", True)):
        model = make(kind=kind).train()  # the LSTM's embedding dropout is its default of 0.2
        changed, every = (terms(model, Weights(importance_over=over)).importance_gap for over in ("changed", "all"))
        assert (every.item() != pytest.approx(changed.item(), abs=1e-6)) == noisy
        model.eval()
        every = terms(model, Weights(importance_over="all")).importance_gap
        assert every.item() == pytest.approx(changed.item(), abs=1e-6)  # unchanged words differ by nothing but noise


def test_one_batch_costs_one_pass_of_the_mask_network():
    model = make().train()
    passes = []
    model.mask.network.register_forward_hook(lambda module, given, answer: passes.append(len(answer)))
    terms(model, Weights(beta=0.1, gamma=0.1))
    assert passes == [5]  # originals and adversarial texts together


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_flat_with_masks_of_one_and_no_weights_takes_the_step_of_adv(kind):
    """Eq. 5: masks fixed at 1, beta = gamma = 0."""
    flat, adv = make("variational", kind), make("none", kind)
    adv.load_state_dict({n: v for n, v in flat.state_dict().items() if not n.startswith("mask.")})
    flat.mask.sample = lambda embeddings, batch, generator=None, scores=None: embeddings.new_ones(batch.ids.shape)
    for model in (flat, adv):  # embedding dropout draws from the global generator
        model.train()
        torch.manual_seed(5)
        model.kept = gradient(model, terms(model, Weights()).total)
    assert set(adv.kept) <= set(flat.kept)
    assert all(torch.allclose(adv.kept[n], flat.kept[n], atol=1e-7) for n in adv.kept)


def test_special_tokens_are_never_masked():
    model = make().eval()
    batch = model.encode(ORIGINAL)
    special = torch.zeros_like(batch.special)
    special[:, 0] = True
    with_special = Batch(batch.ids, batch.present, special, torch.where(special, -1, batch.word_index))
    assert torch.equal(model.phi(with_special)[:, 0], torch.ones(3))
    assert (model.phi(batch)[:, 0] < 1).all()
    embeddings = model.embed(batch)
    weights = model.phi(with_special).unsqueeze(-1)
    by_hand = model.encode_embeddings(embeddings * weights, batch)
    assert torch.allclose(model.classify(embeddings, with_special), by_hand, atol=1e-6)


def test_without_adversarial_texts_only_the_first_term_is_left():
    model = make("none").eval()
    t = terms(model, Weights(), adversarial=False)
    assert t.total.item() == t.ce_original.item() and t.ce_adversarial.item() == t.importance_gap.item() == 0
