"""Components of attacks, one by one: tagger, WordNet, embeddings and encoders answer as the stock ones do."""

import multiprocessing
import os
import random
import sys

import numpy as np
import pytest
from attack_toys import ODD_TEXTS, SENTENCES, Encoder, Neighbours

from flat.attacks.lexicon import wordnet_table
from flat.attacks.lexicon.tagger import PerceptronTagger
from flat.attacks.textattack_adapter.components import PartOfSpeech, SentenceSimilarity
from flat.attacks.textattack_adapter.environment import textattack
from flat.attacks.textattack_adapter.word_embedding import NeighbourEmbedding, VectorNeighbours, load_vectors
from flat.attacks.textattack_adapter.words import attack_vocabulary, attack_words
from flat.errors import ResourceError

WORDS = ["good", "better", "dogs", "ran", "mice", "quickly", "CHARM", "the", "bank", "well-known", "1999", "film's"]
WORDS += ["is", "not", "Cold", "zzzz", "U.S.", "-", "entity"]


def test_remembered_word_splitting_equals_the_stock_function():
    stock = textattack.shared.utils.words_from_text.__wrapped__
    for text in ODD_TEXTS + [text for text, _ in SENTENCES]:
        for _ in range(2):  # computed, then remembered
            assert attack_words(text) == stock(text)
        assert textattack.shared.utils.words_from_text(text, ["good"]) == stock(text, ["good"])
    attack_words("a good film").append("spoiled")
    assert attack_words("a good film") == ["a", "good", "film"]


def test_vocabulary_is_of_textattack_s_words():
    assert attack_vocabulary(["it 's a well-known film", "'s"]) == ["a", "film", "it", "s", "well-known"]


def test_tagger_equals_nltk(resources, monkeypatch):
    import nltk

    monkeypatch.setattr(nltk.data, "path", [str(resources / "pos-tagger")])
    ours = PerceptronTagger(resources / "pos-tagger")
    texts = [text.split() for text, _ in SENTENCES] + [text.split() for text in ODD_TEXTS if text] + [WORDS]
    vocabulary = sorted({word for text in texts for word in text})
    generator = random.Random(0)
    texts += [generator.choices(vocabulary, k=generator.randint(1, 9)) for _ in range(150)]
    for words in texts:
        assert ours.tag(words) == [tag for _, tag in nltk.pos_tag(words)]
        assert ours.universal_tags(words) == [tag for _, tag in nltk.pos_tag(words, tagset="universal")]


def test_tagger_names_a_missing_file(tmp_path):
    with pytest.raises(ResourceError, match=r"averaged_perceptron_tagger_eng\.weights\.json"):
        PerceptronTagger(tmp_path)


def test_wordnet_table_equals_stock_word_swap(resources, monkeypatch, tmp_path):
    import nltk

    monkeypatch.setattr(nltk.data, "path", [str(resources / "wordnet")])
    nltk.corpus.wordnet.ensure_loaded()
    stock = textattack.transformations.WordSwapWordNet()
    table = wordnet_table.build(WORDS, resources / "wordnet")
    assert table["good"]
    for word in attack_vocabulary(WORDS):
        assert len(table[word]) == len(set(table[word]))
        assert set(table[word]) == set(stock._get_replacement_words(word)), word
    wordnet_table.write(tmp_path / "table.json", table)
    synonyms = wordnet_table.Synonyms(wordnet_table.WordNet(resources / "wordnet"), tmp_path / "table.json")
    assert synonyms.of("good") == table["good"]
    assert set(synonyms.of("horse")) == set(stock._get_replacement_words("horse"))  # not in the table: WordNet itself


def test_a_word_of_the_table_does_not_touch_wordnet(tmp_path):
    wordnet_table.write(tmp_path / "table.json", {"film": ["movie"]})
    synonyms = wordnet_table.Synonyms(wordnet_table.WordNet(tmp_path / "nowhere"), tmp_path / "table.json")
    assert synonyms.of("film") == ["movie"]
    with pytest.raises(ResourceError, match="nowhere"):
        synonyms.of("horse")


def test_a_forked_process_reads_wordnet_through_files_of_its_own(resources):
    """Else the place in a file is shared: a process reads where another has just been."""
    wordnet = wordnet_table.WordNet(resources / "wordnet")
    before = wordnet.synonyms("horse")
    shared = wordnet.reader._data_file("n").stream.fileno()

    def child():
        assert wordnet.synonyms("horse") == before
        sys.exit(wordnet.reader._data_file("n").stream.fileno() == shared)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
    assert process.exitcode == 0


def test_the_sentence_encoder_encodes_each_window_once_and_none_of_a_short_text():
    encoder = Encoder()
    constraint = SentenceSimilarity(
        threshold=0.5,
        window_size=15,
        skip_text_shorter_than_window=True,
        compare_against_original=False,
        encoder=encoder,
    )
    long, short = SENTENCES[3][0], SENTENCES[0][0]
    for text, encoded in ((short, 0), (long, 3)):
        reference = textattack.shared.AttackedText(text)
        swapped = [reference.replace_word_at_index(1, word) for word in ("dire", "poor")]
        for candidate in swapped:
            candidate.attack_attrs["last_transformation"] = textattack.transformations.WordSwap()
        kept = constraint.call_many(swapped, reference)
        assert len(encoder.encoded) == encoded  # the reference's window and one of each candidate
        assert len(kept) == 2
        if text == short:
            assert [c.attack_attrs["similarity_score"] for c in kept] == [1.0, 1.0]


def test_neighbour_embedding_is_symmetric_and_leaves_out_what_is_no_word():
    embedding = NeighbourEmbedding(Neighbours())
    film, movie = embedding.word2index("film"), embedding.word2index("movie")
    assert [embedding.index2word(i) for i in embedding.nearest_neighbours(film, 50)] == ["movie", "picture"]
    assert embedding.get_cos_sim(film, movie) == embedding.get_cos_sim("movie", "film") == 0.9
    assert embedding.get_cos_sim("film", "good") == -1.0
    with pytest.raises(KeyError):
        embedding.word2index("unheard")


def test_vector_neighbours_by_hand(tmp_path):
    import pickle

    words = ["a", "b", "c", "d"]
    vectors = np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 3.0], [-1.0, 0.0]])
    table = VectorNeighbours(words, vectors)
    assert [word for word, _ in table.neighbours("a", 2)] == ["b", "c"]
    assert table.cosine("a", "b") == pytest.approx(2**-0.5)
    assert [word for word, _ in table.neighbours("b", 9)] == ["a", "c", "d"]  # equal cosines: in the list's order
    np.save(tmp_path / "paragram.npy", vectors)
    np.save(tmp_path / "nn.npy", np.array([[0, 2, 1], [1, 0, 2], [2, 1, 0], [3, 2, 1]]))
    (tmp_path / "wordlist.pickle").write_bytes(pickle.dumps({word: i for i, word in enumerate(words)}))
    published = load_vectors(tmp_path)
    assert published.words == words
    assert [word for word, _ in published.neighbours("a", 2)] == ["c", "b"]  # the published neighbours win
    np.save(tmp_path / "paragram.npy", vectors[:3])
    with pytest.raises(ResourceError, match="4 words but vectors of shape"):
        load_vectors(tmp_path)


def test_a_pickle_that_would_run_code_is_refused(tmp_path):
    import pickle

    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "ran"),))

    np.save(tmp_path / "paragram.npy", np.zeros((1, 2)))
    (tmp_path / "wordlist.pickle").write_bytes(pickle.dumps({"a": Evil()}))
    with pytest.raises(ResourceError, match="wants to load"):
        load_vectors(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_part_of_speech_takes_the_first_occurrence_as_textattack_does():
    class ByPlace:
        def universal_tags(self, words):
            return ["NOUN", "VERB", "ADJ"][: len(words)]

    assert PartOfSpeech(tagger=ByPlace())._get_pos(["well"], "well", ["then"]) == "NOUN"


def test_multilingual_use_on_real_sentences(resources):
    from flat.attacks.lexicon.sentence_encoder import load_usem3

    encode = load_usem3(resources / "usem3")
    near, far, base = encode(
        ["what a great movie this is", "the train leaves at nine", "what an excellent film this is"]
    )
    assert base @ near > 0.7 > 0.4 > base @ far
    assert np.linalg.norm(base) == pytest.approx(1, abs=1e-4)
