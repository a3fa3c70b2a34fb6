"""The blocks of docs/performance.md: each number from its source."""

from dataclasses import replace

import pytest

from flat.bench import table
from flat.cost.growth import Measured
from flat.cost.jobs import Job
from flat.cost.rates import Rates, Sample, fit

EMPTY = Rates("a machine", "a run", [])


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_growth_is_shown_in_milliseconds_a_text_by_axis():
    words = [Measured("words", "pwws", "cnn-long", n, 10, cpu_s=0.001 * n**1.5) for n in (10, 40)]
    shards = [Measured("shards", "pwws", "lstm-long", 20, 100, shards=n, cpu_s=5.0 * n) for n in (1, 2)]
    parts = table.growth_table([*words, *shards]).split("\n\n")
    assert cells(parts[0].splitlines()[0]) == ["words of a text", "10", "40"]
    assert cells(parts[0].splitlines()[2]) == ["pwws on CNN", "3", "25"]
    assert cells(parts[1].splitlines()[2]) == ["pwws on LSTM", "50", "100"]
    assert "pwws on CNN 1.5" in parts[-1]


def test_rules_are_shown_by_their_share():
    long, short = Job("attack_test", ("sst2",), "attack"), Job("make_table", ("table1",), "make_table")
    samples = [Sample(long, "cnn", 0.0, 60.0), Sample(long, "cnn", 0.0, 39.5), Sample(short, "", 0.0, 0.5)]
    lines = table.rules_table(samples).splitlines()
    assert cells(lines[2]) == ["attack_test", "2", "100", "100 %", "49.8"]
    assert cells(lines[3])[:3] == ["all others", "", "0"] and cells(lines[4])[:3] == ["all", "3", "100"]


def test_scaling_compares_rates_with_networks_they_were_not_fitted_to():
    jobs = [Job("attack_test", ("sst2",), "attack", "pwws", "CNN", n, 20) for n in (10, 40)]
    samples = [Sample(job, "cnn", 0.14, 3 + 0.1 * job.texts) for job in jobs]
    samples += [Sample(replace(job, model="BERT"), "encoder", 10.14, 1.1 * job.texts) for job in jobs]
    point = Measured("words", "pwws", "cnn-long", 20, 10, cpu_s=1.0)  # 200 filters on 50 dimensions: 0.24 MFLOPs
    lines = table.scaling_table([point, replace(point, words=40)], fit(samples, EMPTY)).splitlines()
    assert len(lines) == 3
    # 0.1 s a text, 0.1 s more for each MFLOP
    assert cells(lines[2]) == ["pwws on CNN", "0.14 → 0.24", "100", "110", "+10 %"]


def test_the_check_has_a_line_for_each_way_of_leaving_jobs_out():
    jobs = [Job("attack_test", (d,), "attack", "pwws", "CNN", n, 20) for d in ("a", "b") for n in (10, 20, 40, 80)]
    samples = [Sample(job, "cnn", 1.0, 3 + 0.1 * job.texts) for job in jobs]
    lines = table.check_table(samples, EMPTY).splitlines()[2:]
    assert [cells(line)[1] for line in lines] == ["4", "8", "8"]
    assert all(float(cells(line)[-1].removesuffix(" %")) == pytest.approx(0, abs=0.1) for line in lines)


def test_a_block_goes_between_its_own_marks():
    page = "<!-- a: begin -->\n1\n<!-- a: end -->\n<!-- b: begin -->\n2\n<!-- b: end -->\n"
    assert table.insert(page, "b", "new") == page.replace("\n2\n", "\nnew\n")
