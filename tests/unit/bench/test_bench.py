"""The benchmark's harness: what it counts, what it refuses, what it writes. Toy work; no model."""

import json
import os
import sys
import time
import types

import pytest

from flat.bench import __main__ as bench
from flat.bench import material, measure, table
from flat.bench.measure import BenchError, Comparison

TEXTS = [(f"text {i}", i % 2) for i in range(9)]


def spin(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def of_length(slow: float, fast: float, wrong: tuple[str, ...] = ()):
    """Stock and ours answer each text's length, in ``slow`` and ``fast`` CPU-seconds; ours errs on ``wrong``."""

    def prepare(texts):
        def stock():
            spin(slow)
            return [len(text) for text, _ in texts]

        def ours():
            spin(fast)
            return [len(text) + (text in wrong) for text, _ in texts]

        return stock, ours

    return prepare


def test_the_ratio_is_stock_over_ours_of_cpu_time():
    row = measure.measure(Comparison("toy", 3.0, of_length(0.2, 0.05)), TEXTS)
    assert 2.5 < row.ratio_min <= row.ratio_median <= row.ratio_max < 5
    assert (row.compared, row.differing, row.repeats, len(row.stock_s)) == (9, 0, 3, 3)


def test_differing_answers_are_counted():
    row = measure.measure(Comparison("toy", 0.0, of_length(0.01, 0.01, ("text 2", "text 7"))), TEXTS)
    assert (row.compared, row.differing) == (9, 2)


def test_texts_on_which_the_stock_tool_contradicts_itself_are_counted_apart():
    asked = []

    def prepare(texts):
        stock, ours = of_length(0.01, 0.01, ("text 2", "text 7"))(texts)

        def one_by_one(numbers):  # text 2 is as ours has it, text 7 is not
            chosen = [texts[i][0] for i in numbers]
            asked.extend(chosen)
            return [len(text) + (text == "text 2") for text in chosen]

        return stock, ours, one_by_one

    row = measure.measure(Comparison("toy", 0.0, prepare), TEXTS)
    assert (row.compared, row.differing, row.unsteady) == (9, 1, 1)
    assert not asked  # in a process of its own, and not timed


def test_answers_are_compared_as_the_row_says():
    near = Comparison("toy", 0.0, of_length(0.01, 0.01, ("text 2",)), same=lambda a, b: abs(a - b) <= 1)
    assert measure.measure(near, TEXTS).differing == 0


def test_each_repeat_has_texts_of_its_own_and_a_process_of_its_own_for_each_side():
    seen = []

    def prepare(texts):
        def answer():
            seen.append(1)  # would be two if a process served twice
            return [(text, len(seen), os.getpid()) for text, _ in texts]

        return answer, answer

    texts, counts, processes = [], set(), set()

    def gather(stock, ours):
        texts.append(stock[0])
        counts.update((stock[1], ours[1]))
        processes.update((stock[2], ours[2]))
        return stock[0] == ours[0]

    measure._repeats(Comparison("toy", 0.0, prepare, same=gather), TEXTS, 3, lambda repeat: None)
    assert sorted(texts) == sorted(text for text, _ in TEXTS)
    assert counts == {1} and len(processes) == 6 and os.getpid() not in processes and not seen


def test_wall_time_counts_waiting_and_cpu_time_does_not():
    def prepare(texts):
        def stock():
            time.sleep(0.2)
            return [1] * len(texts)

        return stock, stock

    wall = measure.measure(Comparison("toy", 0.0, prepare, clock="wall"), TEXTS, repeats=1)
    cpu = measure.measure(Comparison("toy", 0.0, prepare), TEXTS, repeats=1)
    assert wall.stock_s[0] >= 0.2 > 0.1 > cpu.stock_s[0]


def test_cpu_time_counts_the_processes_that_a_side_starts():
    def prepare(texts):
        def work():
            child = os.fork()
            if not child:
                spin(0.2)
                os._exit(0)
            os.waitpid(child, 0)
            return [1] * len(texts)

        return work, work

    assert measure.measure(Comparison("toy", 0.0, prepare), TEXTS, repeats=1).stock_s[0] >= 0.19


@pytest.mark.parametrize(
    "work, says",
    [
        (lambda: [1], "1 answers to 9 texts"),
        (lambda: 1 / 0, "ZeroDivisionError"),
        (lambda: os._exit(3), "ended with status 3"),
    ],
)
def test_a_side_that_breaks_is_an_error(work, says):
    with pytest.raises(BenchError, match=says):
        measure.measure(Comparison("toy", 0.0, lambda texts: (work, work)), TEXTS, repeats=1)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command over rows; answers (exit status, summary, names prepared)."""
    monkeypatch.setattr(material, "texts", lambda kind, count, seed: TEXTS[:count])
    summary = tmp_path / "bench" / "summary.json"

    def run(rows, *arguments):
        module = types.ModuleType("toy_rows")
        module.__file__ = __file__
        module.comparisons = lambda: rows
        monkeypatch.setitem(sys.modules, "toy_rows", module)
        status = bench.main(["--summary", str(summary), *arguments], ["toy_rows"])
        return status, json.loads(summary.read_text()) if summary.is_file() else None

    run.summary = summary
    return run


GOOD = Comparison("good", 2.0, of_length(0.06, 0.01), count=9)
SLOW = Comparison("slow", 50.0, of_length(0.02, 0.02), count=9)
WRONG = Comparison("wrong", 0.5, of_length(0.02, 0.01, ("text 1",)), count=9)


def test_the_summary_holds_what_was_measured(run, capsys):
    status, rows = run([GOOD, SLOW])
    assert status == 0 and [row["name"] for row in rows] == ["good", "slow"]
    wanted = {"name", "ratio_median", "ratio_min", "ratio_max", "goal", "compared", "differing"}
    assert wanted <= set(rows[0]) and rows[0]["compared"] == 9 and rows[0]["goal"] == 2.0
    assert rows[0]["ratio_median"] > 2 > rows[1]["ratio_median"]
    out = capsys.readouterr().out
    assert "good" in out and "no" in out.split("slow")[-1]


def test_the_printed_table_fits_a_terminal_of_eighty_columns(run, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    longest = max((row.name for row in bench._comparisons(bench.MODULES)), key=len)
    run([Comparison(longest, 33.25, of_length(0.03, 0.01), count=9)])
    printed = capsys.readouterr().out
    assert longest in printed and "differing" in printed and "33.25" in printed
    assert "\N{HORIZONTAL ELLIPSIS}" not in printed


def test_a_missed_goal_fails_only_when_strict(run):
    assert run([SLOW])[0] == 0
    assert run([SLOW], "--strict")[0] == 1
    assert run([GOOD], "--strict")[0] == 0


def test_a_short_run_takes_few_texts_once_and_judges_answers_alone(run, tmp_path, monkeypatch, capsys):
    counts = []
    monkeypatch.setattr(material, "texts", lambda kind, count, seed: counts.append(count) or TEXTS[:count])
    status, rows = run([GOOD, SLOW], "--short")
    assert status == 0 and counts == [5, 5] and {row["repeats"] for row in rows} == {1}
    printed = capsys.readouterr().out.split("Stock answers and ours")[1]
    assert "slow" in printed and "differing" in printed and "goal" not in printed
    assert run([GOOD, WRONG], "--short")[0] == 1
    assert run([GOOD], "--short", "--texts", "2", "--repeats", "2")[1][0]["compared"] == 2
    with pytest.raises(SystemExit):
        run([GOOD], "--short", "--strict")


def test_a_short_run_leaves_the_measured_rows_and_the_victims_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(material, "texts", lambda kind, count, seed: TEXTS[:count])
    folders = []

    def prepare(texts):
        folders.append(material.victim_folder("cnn"))
        return of_length(0.01, 0.01)(texts)

    module = types.ModuleType("toy_rows")
    module.__file__, module.comparisons = __file__, lambda: [Comparison("toy", 0.0, prepare)]
    monkeypatch.setitem(sys.modules, "toy_rows", module)
    monkeypatch.setattr(
        bench, "measure", lambda comparison, drawn, *rest: comparison.prepare(drawn) and row_of(comparison)
    )
    usual = material.victim_folder("cnn")
    assert bench.main(["--short"], ["toy_rows"]) == 0
    assert (tmp_path / bench.SHORT_SUMMARY).is_file() and not (tmp_path / bench.SUMMARY).exists()
    assert folders == [folder for folder in folders if folder != usual] and material.victim_folder("cnn") == usual


def row_of(comparison) -> measure.Row:
    return measure.Row(comparison.name, 1, 1, 1, 0, 5, 0, 0, "short", "cpu", 1, [1.0], [1.0], "here", "digest")


def test_a_differing_answer_always_fails(run):
    status, rows = run([GOOD, WRONG])
    assert status == 1 and rows[1]["differing"] == 1


def test_a_row_that_cannot_be_measured_fails_loudly_and_the_others_go_on(run, capsys):
    def absent(texts):
        from flat.resources import locate

        return locate("no-such-resource"), None

    broken = Comparison("broken", 1.0, absent, count=9)
    status, rows = run([broken, GOOD])
    assert status == 1 and [row["name"] for row in rows] == ["good"]
    assert "no-such-resource" in capsys.readouterr().out


def test_resume_measures_only_what_is_missing_or_changed(run, capsys):
    run([GOOD])
    before = run.summary.read_text()
    capsys.readouterr()
    run([GOOD], "--resume")
    assert run.summary.read_text() == before and "measured before" in capsys.readouterr().out
    run([GOOD], "--resume", "--texts", "6")
    assert json.loads(run.summary.read_text())[0]["compared"] == 6


def test_only_leaves_the_other_rows_of_the_summary(run):
    run([GOOD, SLOW])
    _, rows = run([GOOD, SLOW], "--only", "slow")
    assert {row["name"] for row in rows} == {"good", "slow"}
    _, rows = run([GOOD, SLOW], "--only", "slow", "--texts", "3")
    assert {row["name"]: row["compared"] for row in rows} == {"good": 9, "slow": 3}


def test_an_unknown_or_repeated_name_is_refused(run, capsys):
    assert run([GOOD], "--only", "nothing")[0] == 1 and "choose of good" in capsys.readouterr().err
    assert run([GOOD, GOOD])[0] == 1 and "two rows" in capsys.readouterr().err


def test_the_tables_of_the_page_come_from_what_was_measured(run, tmp_path, capsys):
    run([GOOD, SLOW])
    page = tmp_path / "performance.md"
    page.write_text("before\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nafter\n")
    arguments = ["--bench", str(run.summary.parent), "--page", str(page), "--results", str(tmp_path / "no run")]
    assert table.main(arguments) == 0
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
    assert "| good | " in text and "≥ 50 (missed)" in text
    assert table.main(arguments) == 0 and page.read_text() == text
    page.write_text("no marks")
    assert table.main(arguments) == 1 and "marks" in capsys.readouterr().err
    run.summary.unlink()
    assert table.main(arguments) == 1 and "nothing was measured" in capsys.readouterr().err
