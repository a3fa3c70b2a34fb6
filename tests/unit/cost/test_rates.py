"""What a unit of work costs: fitted, scaled to a processor, guessed where none was recorded; what is said of each."""

import json
from dataclasses import replace

import pytest

from flat.cost import predict, processor, rates, recorded
from flat.cost.jobs import Job
from flat.cost.processor import Processor
from flat.cost.rates import Rates, Sample, fit
from flat.errors import FlatError

EMPTY = Rates("a machine", "a run", [])


def attack(texts: float, words: float = 20.0, model: str = "CNN", **keywords) -> Job:
    return Job("attack_test", ("sst2",), "attack", "pwws", model, texts, words, **keywords)


def test_start_and_unit_are_found_again():
    samples = [Sample(attack(n), "cnn", 1.0, 2 + 0.5 * n) for n in (10, 20, 40)]
    (rate,) = fit(samples, EMPTY).rates
    assert (rate.start_s, rate.unit_s, rate.jobs) == (pytest.approx(2), pytest.approx(0.5), 3)


def test_jobs_of_one_size_borrow_the_start_of_their_like():
    known = [Sample(attack(n), "cnn", 1.0, 2 + 0.5 * n) for n in (10, 20, 40)]
    single = Sample(replace(attack(10), variant="gene"), "cnn", 1.0, 12.0)
    rate = next(rate for rate in fit([*known, single], EMPTY).rates if rate.variant == "gene")
    assert (rate.start_s, rate.unit_s) == (pytest.approx(2), pytest.approx(1.0))


def test_longer_texts_cost_what_their_exponent_says():
    measured = Rates("", "", [], {"pwws, cnn": 1.5})
    assert measured.units(attack(3, words=80), "cnn") == 3 * 4**1.5
    assert measured.units(attack(3, words=80), "lstm") == 3 * 4**rates.ATTACK_EXPONENT
    assert measured.units(Job("train_base", (), "train", texts=3, words=80), "cnn") == 3 * 4


def test_a_larger_network_costs_the_slope_between_the_recorded_ones():
    samples = [Sample(attack(n), "cnn", 1.0, 0.1 * n) for n in (10, 40)]
    samples += [Sample(attack(n, model="BERT"), "encoder", 11.0, 0.6 * n) for n in (10, 40)]
    found = fit(samples, EMPTY)  # 0.05 s a unit for each MFLOP
    same = predict.seconds_of(attack(10, model="BERT"), "encoder", 11.0, found)
    larger = predict.seconds_of(attack(10, model="BERT"), "encoder", 31.0, found)
    assert same.seconds == pytest.approx(6) and not same.notes
    assert larger.seconds == pytest.approx(6 + 10 * 0.05 * 20) and "scaled by FLOPs" in larger.notes[0]


def test_what_was_not_recorded_is_said():
    found = fit([Sample(attack(n, budget=200), "cnn", 1.0, 0.1 * n) for n in (10, 40)], EMPTY)
    notes = predict.seconds_of(attack(10, words=100, gpu=True), "cnn", 1.0, found).notes
    assert len(notes) == 3 and "GPU" in notes[0] and "100 words" in notes[1] and "lower bound" in notes[2]
    unknown = predict.seconds_of(Job("interpret_ig", (), "ig", model="CNN", texts=10, words=20), "cnn", 1.0, found)
    assert unknown.seconds is None and unknown.notes == ("no rate recorded",)


def test_an_explainer_without_a_rate_is_guessed_by_ig_or_lime():
    """By what it asks: gradients or answers; as many of them as it declares."""

    def asked(method, factor):
        return Job(f"interpret_{method}", (), method, "", "CNN", 10, 20, factor)

    spent = {"ig": 0.004, "lime": 0.001}
    samples = [
        Sample(replace(asked(name, 50), texts=n), "cnn", 1.0, s * 50 * n) for name, s in spent.items() for n in (10, 40)
    ]
    found = fit(samples, Rates("", "", []))
    for method, like in {"occlusion": "lime", "kernel-shap": "lime", "sequential-ig": "ig"}.items():
        guessed = predict.seconds_of(asked(method, 21), "cnn", 1.0, found)
        assert guessed.seconds == pytest.approx(10 * 21 * spent[like])
        assert guessed.notes == (f"no rate of {method}: a guess by {like}",)


def test_an_attack_without_a_rate_is_guessed_by_the_recorded_one_that_spends_its_time_most_like_it():
    spent = {"pwws": 0.1, "textfooler, exact": 0.3, "bae": 0.7}
    samples = [
        Sample(replace(attack(n), variant=name), "cnn", 1.0, s * n) for name, s in spent.items() for n in (10, 40)
    ]
    found = fit(samples, Rates("", "", [], {"bae, cnn": 1.0}))
    likely = {
        "deepwordbug": "pwws",
        "pruthi": "pwws",
        "textbugger": "textfooler, exact",
        "a2t": "textfooler, exact",
        "bert-attack": "bae",
        "clare": "bae",
        "pso": "pwws",  # pso's own kind was not recorded
        "textattack.attack_recipes.DeepWordBugGao2018": "pwws",
    }
    for recipe, like in likely.items():
        guessed = predict.seconds_of(replace(attack(10), variant=recipe), "cnn", 1.0, found)
        assert guessed.seconds == pytest.approx(10 * spent[like])
        assert guessed.notes == (f"no rate of {recipe}: a guess by {like}",)
    longer = predict.seconds_of(replace(attack(10, words=80), variant="clare"), "cnn", 1.0, found)
    assert longer.seconds == pytest.approx(10 * 4 * spent["bae"])  # grows as the recorded one does
    assert "a guess by bae" in longer.notes[0] and "80 words" in longer.notes[1]
    assert predict.seconds_of(replace(attack(10), variant="clare"), "cnn", 1.0, EMPTY).seconds is None


def test_a_gpus_rate_is_taken_where_there_is_one():
    samples = [Sample(attack(n, gpu=gpu), "cnn", 1.0, (0.1 if gpu else 5) * n) for n in (10, 40) for gpu in (0, 1)]
    answer = predict.seconds_of(attack(10, gpu=True), "cnn", 1.0, fit(samples, EMPTY))
    assert answer.gpu and answer.seconds == pytest.approx(1) and not answer.notes


def test_rates_are_read_as_they_were_written(tmp_path):
    found = fit([Sample(attack(n), "cnn", 1.0, 0.1 * n) for n in (10, 40)], EMPTY)
    recorded.save(tmp_path / "rates.json", found)
    assert recorded.load(tmp_path / "rates.json").runs == [found]
    recorded.save(tmp_path / "rates.json", fast := replace(found, processor=FAST))
    assert recorded.load(tmp_path / "rates.json", FAST).main == fast
    (tmp_path / "rates.json").write_text("{}")
    with pytest.raises(FlatError, match="record them again"):
        recorded.load(tmp_path / "rates.json")
    with pytest.raises(FlatError, match="--record"):
        recorded.load(tmp_path / "absent.json")


SLOW, FAST = Processor("AVX2", False, 80.0, 20.0), Processor("AVX512", True, 160.0, 25.0)


def test_the_rates_of_the_most_alike_processor_are_taken(tmp_path):
    file = tmp_path / "rates.json"
    slow, fast = (replace(EMPTY, source=str(one), processor=one) for one in (SLOW, FAST))
    for one in (fast, replace(slow, source="older"), slow):  # one set for each kind: the last
        recorded.save(file, one)
    assert len(json.loads(file.read_text())["sets"]) == 2
    assert recorded.load(file, SLOW).main == slow and recorded.load(file, FAST).main == fast
    assert recorded.load(file, replace(FAST, gflops=70.0)).main == fast  # its instructions
    assert recorded.load(file, Processor("DEFAULT", False, 12.0, 30.0)).main == slow  # the nearer in speed


def test_a_job_is_priced_by_the_run_that_had_the_job_most_like_it(tmp_path):
    """Of two studies on two processors: by network first, then length of texts, budget, study, processor."""

    def run(study: str, where: Processor, mflops: float, unit_s: float, **of) -> None:
        samples = [Sample(attack(n, **of), "cnn", mflops, unit_s * n) for n in (10, 40)]
        recorded.save(file, fit(samples, replace(EMPTY, source=study, study=study, processor=where)))

    file = tmp_path / "rates.json"
    run("small", SLOW, 0.1, 0.1)
    run("small", FAST, 0.1, 0.08)
    run("large", FAST, 1.5, 0.5, words=10.0, budget=100)
    run("large, long texts", FAST, 1.5, 0.9, words=90.0)
    known = recorded.load(file, SLOW)

    def best(mflops: float, study: str = "", known=known, **of) -> tuple[str, Processor]:
        found = known.best(attack(10, **of), "cnn", mflops, study)
        return found.source, found.processor

    assert best(0.11) == ("small", SLOW) and best(0.11, known=recorded.load(file, FAST)) == ("small", FAST)
    assert best(1.4, words=10.0, budget=100) == ("large", FAST)
    assert best(1.4, words=80.0, budget=100) == ("large, long texts", FAST)  # longer texts than "large" has
    assert best(1.4, words=10.0) == ("large, long texts", FAST)  # without a budget, as these
    assert best(9.0, words=10.0, budget=100)[0] == "large"  # the nearer network of those there are
    assert best(0.1, "large") == ("small", SLOW)  # its own study, but another network
    assert known.best(replace(attack(10), variant="gene"), "cnn", 1.5).source in ("large", "large, long texts")

    tables = Job("make_table", (), "make_table")
    for study, where in (("small", SLOW), ("large", FAST)):
        sample = Sample(tables, "", 0.0, 1.0)
        runs = [one for one in recorded.load(file).runs if (one.study, one.processor) == (study, where)]
        recorded.save(file, replace(runs[0], rates=[*runs[0].rates, *fit([sample], EMPTY).rates]))
    known = recorded.load(file, SLOW)
    assert known.best(tables, "", 0.0, "large").source == "large"  # no network tells them apart: the study does
    assert known.best(tables, "", 0.0, "another").source == "small"  # or else the processor


def test_arithmetic_and_the_rest_are_scaled_by_what_the_processor_does_of_each():
    samples = [Sample(attack(n), "cnn", 1.0, 2 + 0.1 * n) for n in (10, 40)]
    samples += [Sample(attack(n, model="BERT"), "encoder", 11.0, 2 + 0.6 * n) for n in (10, 40)]
    found, scale = fit(samples, EMPTY), processor.scale(SLOW, FAST)
    assert (scale.arithmetic, scale.rest) == (0.5, 0.8) and processor.scale(None, FAST) == processor.Scale()
    # of BERT's 0.6 s a unit 0.05 x 11 are its network's, of the CNN's 0.1 s 0.05
    for model, kind, mflops, network, rest in [("BERT", "encoder", 11.0, 0.55, 0.05), ("CNN", "cnn", 1.0, 0.05, 0.05)]:
        answer = predict.seconds_of(attack(10, model=model), kind, mflops, found, scale)
        assert answer.seconds == pytest.approx(0.8 * 2 + 10 * (0.5 * network + 0.8 * rest))
    larger = predict.seconds_of(attack(10, model="BERT"), "encoder", 31.0, found, scale)
    assert larger.seconds == pytest.approx(0.8 * 2 + 10 * (0.5 * 0.05 * 31 + 0.8 * 0.05))


@pytest.mark.parametrize(("bf16", "factor", "said"), [(False, predict.ROUNDED, "has not"), (True, 1.0, "upper bound")])
def test_bf16_costs_what_the_processor_makes_of_it(bf16, factor, said):
    def training(n: int, model: str, precision: str = "fp32") -> Job:
        return Job("train_base", ("sst2",), "train", "none", model, n, 20.0, precision=precision)

    samples = [Sample(training(n, "CNN"), "cnn", 0.01, 0.1 * n) for n in (10, 40)]
    samples += [Sample(training(n, "BERT"), "encoder", 10.0, 0.6 * n) for n in (10, 40)]
    found = fit(samples, EMPTY)
    plain = predict.seconds_of(training(10, "BERT"), "encoder", 10.0, found, bf16=bf16)
    asked = predict.seconds_of(training(10, "BERT", "bf16"), "encoder", 10.0, found, bf16=bf16)
    assert plain.seconds == pytest.approx(6) and not plain.notes
    assert asked.seconds == pytest.approx(10 * (0.1 + factor * 0.5), rel=1e-3) and said in asked.notes[0]


def test_a_processor_is_measured_alone_and_leaves_the_threads_as_they_were():
    import torch

    threads = torch.get_num_threads()
    found = processor.this_processor()
    assert torch.get_num_threads() == threads and found.gflops > 0.1 and found.mloops > 0.1
    assert found.instructions == torch.backends.cpu.get_cpu_capability()
    assert f"{found.gflops:.0f} GFLOP/s a core" in str(found)
