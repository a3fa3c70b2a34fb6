"""What the benchmark works on, and the figures of how attacks grow."""

import math

import pytest

from flat.bench import growth, material
from flat.bench.errors import BenchError
from flat.cost.growth import Measured

# --- texts and victims


def test_short_texts_are_other_texts_than_the_victims_were_trained_on(resources):
    drawn = material.texts("short", 300, 7)
    words = [len(text.split()) for text, _ in drawn]
    assert len({text for text, _ in drawn}) == 300 and 1 <= min(words) <= max(words) <= 50
    assert [label for _, label in drawn].count(1) == pytest.approx(150, abs=5)
    assert not {text for text, _ in drawn} & set(material._data("sentences").train["text"])
    assert all(text == text.lower() and "  " not in text for text, _ in drawn)


def test_a_draw_depends_on_its_seed_alone_and_a_larger_one_holds_the_smaller(resources):
    assert material.texts("short", 50, 7) == material.texts("short", 50, 7) != material.texts("short", 50, 8)
    assert len(set(material.texts("short", 100, 7)) & set(material.texts("short", 50, 7))) >= 49  # but for rounding


@pytest.mark.slow
def test_long_and_mixed_texts_have_the_lengths_they_say(resources):
    words = [len(text.split()) for text, _ in material.texts("long", 200, 7)]
    assert min(words) >= 200 and max(words) <= 300
    mixed = [len(text.split()) for text, _ in material.texts("mixed", 200, 7)]
    assert sum(n <= 50 for n in mixed) >= 100 and max(mixed) > 200


def test_what_there_is_not_is_refused(resources):
    with pytest.raises(BenchError, match="choose of short, long, mixed"):
        material.texts("middling", 10)
    with pytest.raises(BenchError, match="ask for at most"):
        material.texts("short", 100000)
    with pytest.raises(BenchError, match="choose of cnn"):
        material.victim("transformer")


def test_a_victim_is_trained_once_for_each_of_its_options(resources, tmp_path, monkeypatch):
    small = material._CNN | {"data": "sentences", "texts": 200, "options": {"filters": 4}}
    monkeypatch.setitem(material._VICTIMS, "toy", small | {"training": {"epochs": 1}})
    first = material.victim("toy", tmp_path)

    def train(name, place):
        raise AssertionError("trained again")

    monkeypatch.setattr(material, "_train", train)
    again = material.victim("toy", tmp_path)
    texts = [text.split() for text, _ in material.texts("short", 20)]
    assert (first.logits(texts) == again.logits(texts)).all() and not again.training
    monkeypatch.setitem(material._VICTIMS, "toy", small | {"training": {"epochs": 2}})
    with pytest.raises(AssertionError, match="trained again"):
        material.victim("toy", tmp_path)


# --- growth


def point(words: int, cpu_s: float, **keywords) -> Measured:
    return Measured("words", "pwws", "cnn-long", words, 10, cpu_s=cpu_s, queries=100, forwards=90, **keywords)


def test_the_exponent_is_the_slope_of_cost_over_words():
    rows = [point(words, 0.01 * words**1.5) for words in (10, 20, 40, 80)]
    assert growth.exponents(rows) == {("pwws", "cnn-long"): 1.5}
    assert growth.exponents(rows[:1]) == {}


def test_points_are_read_as_they_were_written_and_drawn(tmp_path):
    rows = [point(10, 1.0, code="x"), Measured("candidates", "textfooler", "cnn-long", 20, 5, candidates=25, cpu_s=2.0)]
    growth.write(tmp_path / "growth.csv", rows)
    read = growth.read(tmp_path / "growth.csv")
    assert [(row.words, row.candidates, row.cpu_s) for row in read] == [(10, None, 1.0), (20, 25, 2.0)]
    assert growth.read(tmp_path / "absent.csv") == []
    growth.draw(read, tmp_path / "growth.csv")
    assert (tmp_path / "growth.png").stat().st_size > 5000 and (tmp_path / "growth.pdf").is_file()


def test_every_axis_has_several_points():
    planned = growth.points()
    for axis in ("words", "texts", "candidates", "shards"):
        assert len({getattr(p, axis) for p in planned if p.axis == axis}) >= 3
    assert len(set(planned)) == len(planned) and not any(math.isnan(p.words) for p in planned)


def test_a_measured_point_is_a_whole_attack(resources, tmp_path, monkeypatch):
    small = material._CNN | {"data": "sentences", "texts": 200, "options": {"filters": 4}, "training": {"epochs": 1}}
    monkeypatch.setitem(material._VICTIMS, "toy", small)
    trained = material.victim("toy", tmp_path)
    monkeypatch.setattr(material, "victim", lambda name: trained)
    monkeypatch.setattr(material, "texts", lambda kind, count, seed: [("a fine and moving film " * 8, 1)] * 4)
    row = growth.measured(growth.Point("shards", "textfooler", "toy", 10, 4, shards=2))
    assert row.cpu_s > 0 and row.queries >= row.forwards > 0
