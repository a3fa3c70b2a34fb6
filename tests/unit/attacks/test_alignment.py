"""Which word stands for which: index maps of TextAttack's words become alignments of our tokens."""

import random

import pytest
from attack_toys import FURTHER, BagOfWords, spec, toy_examples, toy_resources

from flat.attacks.alignment import align
from flat.attacks.attack import attack_examples
from flat.attacks.ledger import swaps
from flat.attacks.textattack_adapter.environment import textattack
from flat.attacks.textattack_adapter.words import attack_words, located_words

AttackedText = textattack.shared.AttackedText


def insert(text, index, word):
    """As WordInsertionMaskedLM does it."""
    return text.insert_text_before_word_index(index, word)


def merge(text, index, word):
    """As WordMergeMaskedLM does it: words ``index`` and ``index + 1`` become ``word``."""
    return text.delete_word_at_index(index + 1).replace_word_at_index(index, word)


def plain(changed):
    """As the engine writes a text down."""
    return " ".join(changed.text.split())


def aligned(original, changed):
    return align(original, plain(changed), changed.attack_attrs["original_index_map"].tolist())


def swap(position, old, new):
    return {"position": position, "from": old, "to": new}


def test_words_are_found_in_the_tokens_that_hold_them():
    assert located_words("it 's and/or , n't the U.S. good-looking") == [
        ("it", 0), ("s", 1), ("and", 2), ("or", 2), ("n't", 4), ("the", 5), ("U", 6), ("S", 6), ("good-looking", 7),
    ]  # fmt: skip
    assert located_words("? !") == []


@pytest.mark.parametrize(
    ("original", "change", "perturbed", "expected", "swapped"),
    [
        # words of TextAttack are numbered without the punctuation
        ("a good film", lambda t: insert(t, 1, "very"), "a very good film", [0, 2, 3], [swap(1, "", "very")]),
        ("a good film", lambda t: insert(t, 0, "such"), "such a good film", [1, 2, 3], [swap(0, "", "such")]),
        ("a good film", lambda t: merge(t, 1, "classic"), "a classic", [0, 1, -1],
         [swap(1, "good", "classic"), swap(2, "film", "")]),
        ("good film", lambda t: merge(t, 0, "classic"), "classic", [0, -1],
         [swap(0, "good", "classic"), swap(1, "film", "")]),
        # commas keep their counterparts on both sides of a change
        ("bad , good , film !", lambda t: insert(t, 2, "old"), "bad , good , old film !", [0, 1, 2, 3, 5, 6],
         [swap(4, "", "old")]),
        ("bad , good , film , yes !", lambda t: merge(t, 1, "classic"), "bad , classic , , yes !",
         [0, 1, 2, 3, -1, 4, 5, 6], [swap(2, "good", "classic"), swap(4, "film", "")]),
        # a clitic is "s" to the attack: its apostrophe stays when the word is merged away
        ("it 's good", lambda t: merge(t, 0, "this"), "this ' good", [0, 1, 2],
         [swap(0, "it", "this"), swap(1, "'s", "'")]),
        ("it 's good", lambda t: insert(t, 1, "all"), "it 'all s good", [0, 2, 3],
         [swap(1, "", "'all"), swap(1, "'s", "s")]),
        ("did n't like", lambda t: merge(t, 0, "disliked"), "disliked like", [0, -1, 1],
         [swap(0, "did", "disliked"), swap(1, "n't", "")]),
        # two words in one token, of which one is merged into the token before
        ("good and/or bad", lambda t: merge(t, 0, "fine"), "fine/or bad", [0, -1, 1],
         [swap(0, "good", "fine/or"), swap(1, "and/or", "")]),  # the space between goes with the word
        # several steps: an inserted word swallowed by a merge
        ("a good film indeed", lambda t: merge(insert(t, 1, "very"), 1, "superb"), "a superb film indeed",
         [0, -1, 2, 3], [swap(1, "good", ""), swap(2, "", "superb")]),
        ("a good film indeed", lambda t: insert(merge(t, 1, "classic"), 1, "true"), "a true classic indeed",
         [0, 2, -1, 3], [swap(1, "", "true"), swap(1, "good", "classic"), swap(2, "film", "")]),
        ("a good film", lambda t: insert(t, 2, "long").replace_word_at_index(1, "bad"), "a bad long film",
         [0, 1, 3], [swap(1, "good", "bad"), swap(2, "", "long")]),
        ("a good film", lambda t: t.replace_word_at_index(1, "bad"), "a bad film", [0, 1, 2], [swap(1, "good", "bad")]),
        ("? !", lambda t: t, "? !", [0, 1], []),
    ],
)  # fmt: skip
def test_insertions_and_merges_by_hand(original, change, perturbed, expected, swapped):
    changed = change(AttackedText(original))
    assert plain(changed) == perturbed
    found = aligned(original, changed)
    assert found == expected
    tokens = original.split(" "), perturbed.split(" ")
    assert swaps(*tokens, found) == swapped


def test_an_inserted_word_at_the_end_stands_behind_the_last():
    assert swaps(["a", "film"], ["a", "film", "indeed"], [0, 1]) == [swap(2, "", "indeed")]
    assert swaps(["a"], ["x", "a", "y", "z"], [1]) == [swap(0, "", "x"), swap(1, "", "y"), swap(1, "", "z")]


def replayed(original, edits):
    """The perturbed tokens that swaps, applied to the original, lead to."""
    out, by_position = [], {}
    for edit in edits:
        by_position.setdefault(edit["position"], []).append(edit)
    for position in range(len(original) + 1):
        here = by_position.get(position, [])
        out += [edit["to"] for edit in here if not edit["from"]]
        own = [edit["to"] for edit in here if edit["from"]]
        if position < len(original):
            out += [word for word in own or [original[position]] if word]
    return out


@pytest.mark.parametrize("seed", range(30))
def test_random_chains_of_changes_are_aligned_in_order_and_explained_by_their_swaps(seed):
    draw = random.Random(seed)
    tokens = draw.choices(["good", "film", ",", "'s", "n't", "and/or", "a", "U.S.", "(", "!", "well-made"], k=12)
    original = " ".join(tokens)
    text = AttackedText(original)
    for _ in range(draw.randint(1, 6)):
        if text.num_words < 2:
            break
        kind, index = draw.choice(["insert", "merge", "replace"]), draw.randrange(text.num_words - 1)
        word = draw.choice(["new", "other", "'hood", "x-y"])
        if kind == "replace":
            text = text.replace_word_at_index(index, word)
        else:
            text = (insert if kind == "insert" else merge)(text, index, word)
    found = aligned(original, text)
    perturbed = plain(text).split(" ")
    kept = [place for place in found if place >= 0]
    assert kept == sorted(set(kept))
    assert all(0 <= place < len(perturbed) for place in kept)
    assert replayed(tokens, swaps(tokens, perturbed, found)) == perturbed
    for word, place in zip(located_words(original), text.attack_attrs["original_index_map"], strict=True):
        if place >= 0 and len(attack_words(tokens[word.token])) == 1:  # a token of one word that survives follows it
            assert found[word.token] == located_words(plain(text))[place].token


def test_clare_s_ledgers_are_aligned(tmp_path):
    """Real runs with all three kinds of change; the interpretation's own check reads the rows."""
    from flat.interpretation.pairs import counterparts

    lengths = set()
    for seed in range(3):
        resources = toy_resources(tmp_path)
        values = spec("clare", parameters={"max_candidates": 3, "similarity_threshold": -1.0}, query_budget=40 + seed)
        model = BagOfWords({"good": 9.0, "bad": -9.0, "film": 0.2, "plot": -0.1, "great": 6.0, "awful": -6.0})
        ledger = attack_examples(model.eval(), toy_examples(), values, seed, resources=resources).ledger
        for row in ledger.itertuples():
            assert row.perturbed.split(" ") == list(row.perturbed_words)
            first, second = counterparts(row, row.example_id)
            assert [row.aligned[i] for i in first] == second
            lengths.add(len(row.perturbed_words) - len(row.original_words))
    assert {1, 0} <= lengths or {-1, 0} <= lengths


@pytest.mark.parametrize("recipe", FURTHER)
def test_ledgers_of_misspelt_and_split_words_are_explained_by_their_swaps(tmp_path, recipe):
    """TextBugger puts a space into a word, homoglyphs may be no letters, BERT-Attack's pieces no words."""
    model = BagOfWords({"good": 9.0, "bad": -9.0, "film": 0.2, "plot": -0.1, "great": 6.0, "awful": -6.0})
    lengths = set()
    for seed in range(3):
        ledger = attack_examples(
            model.eval(), toy_examples(), spec(recipe), seed, resources=toy_resources(tmp_path)
        ).ledger
        for row in ledger.itertuples():
            kept = [place for place in row.aligned if place >= 0]
            assert kept == sorted(set(kept)) and len(row.aligned) == len(row.original_words)
            assert replayed(list(row.original_words), row.swaps) == list(row.perturbed_words)
            lengths.add(len(row.perturbed_words) - len(row.original_words))
    assert (max(lengths) > 0) == (recipe == "textbugger")
