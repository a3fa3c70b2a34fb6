"""``python -m flat.cost STUDY``: the hours and the disk that a study will need, predicted from recorded rates.

With --record the rates are taken from the study's finished run instead, or from what has finished of it. With --check
they are tried on parts of that run which they were not fitted to, and the recorded rates on all of it. The status is 1
if one is off by more than 30 %.
"""

import argparse
import sys
from collections.abc import Sequence

from flat.cost import growth
from flat.cost.check import TOLERANCE, Check, by_recorded, checks
from flat.cost.facts import DataFacts, data_facts
from flat.cost.jobs import jobs_of
from flat.cost.predict import RuleCost, predict, stored_bytes
from flat.cost.processor import machine, scale, this_processor
from flat.cost.rates import Rates, fit
from flat.cost.record import samples_of, succeeded_share
from flat.cost.recorded import FILE, Recorded, is_there, load, save
from flat.errors import command, program
from flat.study.load import load as load_study
from flat.study.paths import of as paths_of
from flat.study.schema import Study


@command
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog=program("flat.cost", "cost"), description=__doc__.split("\n")[0])
    parser.add_argument("study", help="a study file, for example config/config.yaml")
    parser.add_argument("--rates", default=FILE, metavar="FILE", help=f"the file of rates (default {FILE})")
    parser.add_argument("--results", metavar="DIR", help="folder of the finished run (default: the study's)")
    parser.add_argument("--cores", type=int, default=2, help="cores of the run (default 2)")
    parser.add_argument("--gpus", type=int, default=1, help="GPUs of the run (default 1)")
    parser.add_argument("--gpu-speed", type=float, metavar="X", help="say how many cores one GPU is worth")
    parser.add_argument("--record", action="store_true", help="write rates of the finished run to --rates")
    parser.add_argument("--growth", default="results/bench/growth.csv", metavar="FILE", help="with --record: exponents")
    parser.add_argument("--wall", type=float, metavar="MINUTES", help="with --record: time of the run on --cores")
    parser.add_argument("--check", action="store_true", help="compare predictions with the finished run")
    options = parser.parse_args(arguments)
    study = load_study(options.study)
    data = data_facts(study, options.results)
    if options.record:
        return _record(study, data, options)
    if options.check:
        return _check(study, data, options)
    return _show(study, data, options)


def _record(study: Study, data: dict[str, DataFacts], options: argparse.Namespace) -> int:
    samples = samples_of(study, data, options.results)
    kinds = {"cnn-long": "cnn", "lstm-long": "lstm", "bert": "encoder"}
    grown = growth.exponents(growth.read(options.growth)).items()
    exponents = {f"{recipe}, {kinds[model]}": exponent for (recipe, model), exponent in grown}
    here = this_processor()
    if is_there(options.rates):
        exponents = load(options.rates, here).main.exponents | exponents
    beside = None
    if options.wall:
        beside = round((60 * options.wall * options.cores - sum(s.seconds for s in samples)) / len(samples), 3)
    succeeded = succeeded_share(options.results or paths_of(study).root)
    source = f"study {study.name}, {len(samples)} jobs"
    save(options.rates, fit(samples, Rates(machine(), source, [], exponents, succeeded, beside, here, study.name)))
    print(f"{options.rates}: rates of {len(samples)} jobs on {here}; exponents of {len(exponents)} attacks")
    return 0


def _check(study: Study, data: dict[str, DataFacts], options: argparse.Namespace) -> int:
    from rich.console import Console  # for cost

    samples, recorded = samples_of(study, data, options.results), load(options.rates, this_processor())
    done = [*checks(samples, recorded.main), by_recorded(samples, recorded, study.name)]
    for check in done:
        Console().print(_check_table(check))
    return int(any(abs(check.off) > TOLERANCE for check in done))


def _check_table(check: Check):
    from rich.table import Table  # for cost

    left = f"; {check.left_out} jobs left out: the others have none of their kind" if check.left_out else ""
    table = Table("rule", title=f"Predicted: {check.name}{left}", title_justify="left")
    for heading in ("jobs", "measured, s", "predicted, s", "off"):
        table.add_column(heading, justify="right")
    for rule, (jobs, measured, predicted) in sorted(check.rules.items(), key=lambda item: -item[1][1]):
        if measured >= 0.01 * check.measured:
            table.add_row(rule, str(jobs), f"{measured:.1f}", f"{predicted:.1f}", f"{predicted / measured - 1:+.0%}")
    table.add_section()
    total = sum(jobs for jobs, _, _ in check.rules.values())
    table.add_row("all", str(total), f"{check.measured:.1f}", f"{check.predicted:.1f}", f"{check.off:+.1%}")
    return table


def _show(study: Study, data: dict[str, DataFacts], options: argparse.Namespace) -> int:
    from rich.console import Console  # for cost

    here = this_processor()
    recorded = load(options.rates, here)
    jobs = jobs_of(study, data, recorded.main.succeeded)
    costs = predict(study, data, jobs, recorded)
    console = Console()
    console.print(_cost_table(study, costs))
    lines = [
        *_notes(costs),
        _wall(costs, recorded, options),
        f"Disk: checkpoints {stored_bytes(study, data, jobs) / 1e9:.1f} GB; the rest of a run is small beside them.",
        f"Sizes of the data sets: {'; '.join(sorted({facts.origin for facts in data.values()}))}.",
        f"This machine: {here}.",
        *_origins(costs, recorded),
    ]
    console.print("\n".join(lines), markup=False, highlight=False)
    return 0


def _cost_table(study: Study, costs: list[RuleCost]):
    from rich.table import Table  # for cost

    table = Table("rule", title=f"Predicted cost of study {study.name}", title_justify="left")
    for heading in ("jobs", "texts", "CPU-hours", "GPU-hours"):
        table.add_column(heading, justify="right")
    for cost in sorted(costs, key=lambda cost: -(cost.cpu_s + cost.gpu_s)):
        mark = "?" if cost.unknown else "*" if cost.notes else ""
        texts = f"{cost.texts:,.0f}" if cost.texts else ""
        table.add_row(cost.rule, f"{cost.jobs:,}", texts, _hours(cost.cpu_s) + mark, _hours(cost.gpu_s))
    table.add_section()
    sums = [sum(getattr(cost, name) for cost in costs) for name in ("jobs", "cpu_s", "gpu_s")]
    table.add_row("all", f"{sums[0]:,}", "", _hours(sums[1]), _hours(sums[2]))
    return table


def _hours(seconds: float) -> str:
    if not seconds:
        return "-"
    hours = seconds / 3600
    if hours >= 1:
        return f"{hours:,.0f}" if hours >= 100 else f"{hours:.1f}"
    return f"{hours:.3f}" if hours >= 0.001 else "<0.001"


def _notes(costs: list[RuleCost]) -> list[str]:
    """What the starred hours rest on, and how far that may be trusted."""
    notes: dict[str, int] = {}
    for cost in costs:
        for note, jobs in cost.notes.items():
            notes[note] = notes.get(note, 0) + jobs
    if not notes:
        return []
    lines = [f"  {jobs:,} jobs: {note}" for note, jobs in sorted(notes.items(), key=lambda item: -item[1])]
    if any(cost.unknown for cost in costs):
        lines.append("? Jobs without any rate count as nothing: record a run that has some.")
    lines.append(
        "Hours with a star are orders of magnitude, not predictions: record a small run of that kind to sharpen."
    )
    return ["* not recorded as asked:", *lines]


def _origins(costs: list[RuleCost], recorded: Recorded) -> list[str]:
    """The runs that the jobs are priced by, that of most jobs first, and how their rates are taken here."""
    priced = {str(run): 0 for run in recorded.runs}
    for cost in costs:
        for run, jobs in cost.runs.items():
            priced[run] += jobs
    lines = []
    for run in sorted(recorded.runs, key=lambda run: -priced[str(run)]):
        if priced[str(run)]:
            taken = scale(run.processor, recorded.here)
            lines += [
                f"Rates of {priced[str(run)]:,} jobs: {run}.",
                f"Taken here: what they say of arithmetic times {taken.arithmetic:.2f}, "
                f"the rest times {taken.rest:.2f}.",
            ]
    return lines


def _wall(costs: list[RuleCost], recorded: Recorded, options: argparse.Namespace) -> str:
    """The time of a run in which all cores and GPUs are kept busy."""
    rates, taken = recorded.main, scale(recorded.main.processor, recorded.here)
    jobs, cpu, gpu = (sum(getattr(cost, name) for cost in costs) for name in ("jobs", "cpu_s", "gpu_s"))
    on_gpu = sum(cost.cpu_s for cost in costs if any(note.startswith("no GPU rate") for note in cost.notes))
    beside = jobs * (rates.beside_s or 0.0) * taken.rest
    if not on_gpu:
        hours = max((cpu + beside) / options.cores, gpu / options.gpus) / 3600
        time = f"{60 * hours:.1f} minutes" if hours < 1 else f"{hours:.2f} hours"
        return f"Time: {time} on {options.cores} cores" + (f" and {options.gpus} GPUs." if gpu else ".")
    text = f"Time: {(cpu + gpu + beside) / options.cores / 3600:,.0f} hours on {options.cores} cores without a GPU. "
    if options.gpu_speed:
        hours = max((cpu - on_gpu + beside) / options.cores, (on_gpu / options.gpu_speed + gpu) / options.gpus) / 3600
        told = f"{options.gpus} GPUs worth {options.gpu_speed:g} cores each, as you say"
        return f"{text}With {told}: {hours:,.1f} hours."
    return text + "What a GPU makes of it is not known: give --gpu-speed, or record a run on one."


if __name__ == "__main__":
    sys.exit(main())
