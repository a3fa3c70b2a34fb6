"""The sentences below a table: what an entry is, what stands in for what, how many examples, which choices."""

from collections.abc import Collection, Iterable

from flat.analysis.intervals import RANGES
from flat.analysis.measurements import METRICS
from flat.analysis.statistics import MARKS
from flat.paper.scope import of_paper, prints
from flat.plugins.registry import OBJECTIVES
from flat.report.tables import pin_notes
from flat.report.tables.grid import ATTACK_MARK, DATA_MARK, MODEL_MARK
from flat.report.tables.layout import NOT_RUN
from flat.study.cells import Cell
from flat.study.readings import means_something, reading_of, switches_of
from flat.study.settings import plugin_of, rounds_of

ENTRIES = (
    "Each entry is our value (the paper's printed value). “not run”: this study did not run the cell; "
    "“undefined”: it ran, but no example is left to average over; “–”: the paper prints no value."
)

OWN_ENTRIES = (
    "Each entry is our value; the paper prints no such table. “not run”: this study did not run the cell; “undefined”: "
    "it ran, but no example is left to average over."
)
NO_PRINTED = OWN_ENTRIES.replace("; the paper prints no such table", "")


SEED_MARKS = {
    MARKS["checkpoint-level"]: "checkpoint-level, it tells two checkpoints apart and not two methods",
    MARKS["descriptive"]: "descriptive, too few for a verdict",
    MARKS["verdicts allowed"]: "verdicts allowed",
}


ONE_SEED = (
    " Of one seed the 95 % interval in brackets is over examples alone: it tells what other texts would give with this "
    "checkpoint, not what another seed would."
)
NOT_SHOWN = set(METRICS) - set(RANGES)  # metrics that most tables have in their csv only


def used(frame, column: str) -> list[str]:
    """The names in a key column behind entries that were run, each once, in the frame's order."""
    if column not in frame.columns:
        return []
    return [name for name in dict.fromkeys(frame.loc[frame["status"] != NOT_RUN, column]) if name]


def coverage(frame) -> str:
    """How much of the paper's table the study ran."""
    printed = frame[~frame["printed"].isin(("–", "")) & frame.get("pair_set", frame["status"]).ne("floor")]
    keys = [
        name
        for name in ("dataset", "model", "strategy", "train_attack", "attack", "groups", "correlation", "metric", "k")
        if name in frame
    ]
    cells = printed.assign(run=printed["status"] != NOT_RUN).groupby(keys, sort=False)["run"].any()
    return f"This study ran {int(cells.sum())} of the {len(cells)} entries that the paper prints."


def stand_ins(study, frame) -> list[str]:
    """What stands in for what behind entries that were run: one sentence for data, models and attacks each."""
    data = [study.datasets[name] for name in used(frame, "dataset")]
    models = [study.models[name] for name in used(frame, "model")]
    attacks = [study.attacks[name] for name in _attacks(study, frame)]
    said = [
        (DATA_MARK, "the paper's data", [f"{item.title}: {item.stand_in}" for item in data if item.stand_in]),
        (MODEL_MARK, "the paper's models", [f"{item.title}: {item.stand_in}" for item in models if item.stand_in]),
        (
            ATTACK_MARK,
            "attack resources",
            [f"{item.title}: {', '.join(item.stand_ins)}" for item in attacks if item.stand_ins],
        ),
    ]
    so = ", so not comparable with the printed numbers" if prints(study) else ""
    return [f"{mark} Stand-ins for {what}{so}: {'; '.join(parts)}." for mark, what, parts in said if parts]


def _attacks(study, frame) -> list[str]:
    """The study's attacks behind entries that were run, tested with or trained on."""
    names = dict.fromkeys([*used(frame, "attack"), *used(frame, "train_attack")])
    return [name for name in names if name in study.attacks]


def unpinned(study, frame) -> list[str]:
    """Which resources behind entries that were run had no checksum to be compared with before their first use."""
    return pin_notes.note(study, used(frame, "dataset"), used(frame, "model"), _attacks(study, frame))


def seeds(study, frame, also: Collection[str] = ()) -> str:
    """What the entries' seeds permit to say (docs/statistics.md). ``also``: further metrics that the table shows."""
    marked = frame[(frame["status"] != NOT_RUN) & frame["mark"].ne("")]
    parts = []
    for mark, meaning in SEED_MARKS.items():
        here = marked.loc[marked["mark"] == mark, "seeds"]
        if len(here):
            low, high = int(here.min()), int(here.max())
            number = "one seed" if high == 1 else f"{low if low == high else f'{low} to {high}'} seeds"
            parts.append(f"{mark} {number}: {meaning}")
    if not parts:
        return ""
    several = marked["seeds"].gt(1)
    has = marked["low"].notna()
    text = f"{'; '.join(parts)} (docs/statistics.md)."
    if (several & has).any():
        text += " Means over seeds stand with a 95 % interval in brackets (seeds and examples resampled)."
    if (~several & has).any():
        text += ONE_SEED
    without = several & ~has & ~marked["metric"].isin(NOT_SHOWN - set(also))
    if without.any():
        text += " Means over seeds without an interval stand with their standard deviation (±)."
    return text


def counts(study, frame, metric: str, what: str) -> str:
    """Number of examples behind a metric by data set: “Attacked test examples: SST2 200, IMDB 60.”"""
    parts = []
    for name in used(frame, "dataset"):
        chosen = frame[(frame["dataset"] == name) & (frame["metric"] == metric) & (frame["status"] != NOT_RUN)]
        if len(chosen):
            low, high = int(chosen["ours_n"].min()), int(chosen["ours_n"].max())
            parts.append(f"{study.datasets[name].title} {low if low == high else f'{low}–{high}'}")
    return f"{what}: {', '.join(parts)}." if parts else ""


def pairs(study, frame, pair_set: str) -> str:
    """Number of explained pairs of a pair set by data set."""
    return counts(study, frame[frame["pair_set"] == pair_set], "kendall_tau", f"Pairs in “{pair_set}”")


def counts_by_attack(study, frame, metric: str, what: str) -> str:
    """As ``counts``, attack by attack, which may attack fewer: “Attacked test examples: SST2 PWWS 200, Gene 40.”"""
    parts = []
    for name in used(frame, "dataset"):
        here = frame[(frame["dataset"] == name) & (frame["metric"] == metric) & (frame["status"] != NOT_RUN)]
        sizes = here.groupby("attack", sort=False)["ours_n"].first()
        listed = ", ".join(f"{study.attacks[attack].title} {int(n)}" for attack, n in sizes.items())
        parts += [f"{study.datasets[name].title}: {listed}"] if listed else []
    return f"{what}: {'; '.join(parts)}." if parts else ""


def limits(study, frame) -> str:
    """Budgets of the attacks behind entries that were run: “Gene, IGA: at most 150 queries an example.”"""
    bounded: dict[str, list[str]] = {}
    for name in dict.fromkeys([*used(frame, "attack"), *used(frame, "train_attack")]):
        attack = study.attacks.get(name)
        bounds = [f"{attack.query_budget} queries"] if attack and attack.query_budget else []
        bounds += [f"{attack.time_limit:g} s (which depends on the machine)"] if attack and attack.time_limit else []
        if bounds:
            bounded.setdefault(" and ".join(bounds), []).append(attack.title)
    parts = [f"{', '.join(titles)}: at most {bound} an example" for bound, titles in bounded.items()]
    return f"{'; '.join(parts)}. An attack that has used up its limit has failed." if parts else ""


def cells(study, frame) -> list[Cell]:
    """The trained models behind entries that were run, each once and of the first seed."""
    if not {"dataset", "model", "strategy", "train_attack"} <= set(frame.columns):
        return []
    ran = frame[frame["status"] != NOT_RUN]
    found = dict.fromkeys(zip(ran["dataset"], ran["model"], ran["strategy"], ran["train_attack"], strict=True))
    return [Cell(*cell, study.seeds[0]) for cell in found if cell[1] in study.models and cell[2] in study.strategies]


def training(study, frame) -> str:
    """Which adversarial texts the table's models trained on (D'), and in how many rounds, where they differ too."""
    trained = [cell for cell in cells(study, frame) if study.strategies[cell.strategy].adversarial]
    if not trained:
        return ""
    settings = [rounds_of(study, cell) for cell in trained]
    kept = {
        "successful": "successful adversarial texts only",
        "all": "successful adversarial texts and the attack's best failed tries",
        "everything": "the texts of every attacked example, failed and skipped ones too",
    }
    holds = " or ".join(dict.fromkeys(kept[switches_of(study, c.model, c.strategy)["keep"]] for c in trained))
    counts = sorted({rounds.count for rounds in settings})
    number = "one round" if counts == [1] else f"{' or '.join(map(str, counts))} rounds"
    if counts == [1]:
        return f"Adversarial training: {number}; D' holds {holds}."
    orders = {True: "added to those of earlier rounds", False: "in place of those of the round before"}
    order = " or ".join(dict.fromkeys(orders[rounds.accumulate] for rounds in settings))
    return f"Adversarial training: {number}; D' holds {holds}, {order}."


def objectives(study, frame) -> str:
    """What strategies minimise that have another objective than FLAT's and adv's, with its options."""
    parts = []
    for name in dict.fromkeys(cell.strategy for cell in cells(study, frame)):
        if plugin := plugin_of(study, name):
            options = [f"{key} {'none' if value is None else value}" for key, value in plugin["options"].items()]
            about = "; ".join(filter(None, [", ".join(options), OBJECTIVES[plugin["name"]].reference]))
            parts.append(f"{study.strategies[name].title}: {plugin['name']}" + (f" ({about})" if about else ""))
    return f"Other objectives: {'; '.join(parts)}." if parts else ""


READINGS = {
    "paper": "paper, the equations as printed",
    "authors": "authors, what the published code does",
}


def reading(study, frame) -> str:
    """The reading of the method that the table's models take, and every switch that is set otherwise."""
    trained = dict.fromkeys((cell.model, cell.strategy) for cell in cells(study, frame))
    if not trained:
        return ""
    otherwise: dict[str, list[str]] = {}
    for model, strategy in trained:
        usual = reading_of(study, model)
        for switch, value in switches_of(study, model, strategy).items():
            if value != usual[switch] and means_something(study, model, strategy, switch):
                name = f"{study.models[model].title}-{study.strategies[strategy].title}"
                otherwise.setdefault(setting(switch, value), []).append(name)
    parts = [f"{what} ({', '.join(names)})" for what, names in otherwise.items()]
    masked = [
        study.datasets[name].title for name in used(frame, "dataset") if study.datasets[name].cleaning.mask_unknown
    ]
    parts += [f"mask_unknown ({', '.join(masked)})"] if masked else []
    also = f"; set otherwise: {', '.join(parts)}" if parts else ""
    return f"Reading of the method: {READINGS[study.method.reading]}{also} (docs/method.md)."


def setting(name: str, value: object) -> str:
    """A setting as text: double_softmax, no double_softmax, keep: all."""
    if isinstance(value, bool):
        return name if value else f"no {name}"
    return f"{name}: {value:g}" if isinstance(value, float) else f"{name}: {value}"


def explanations(study, method: str) -> str:
    """How attributions were computed and over which classes."""
    chosen = study.interpretation
    over = "mean over all classes, then over pairs" if chosen.classes == "all" else "of the gold label, mean over pairs"
    how = {
        "ig": f"Integrated gradients with {chosen.ig.steps} steps (doubled at most twice where they do not add up)",
        "lime": f"LIME with {chosen.lime.samples} samples, exact for texts of at most {chosen.lime.exact_below} words",
    }[method]
    return f"{how}; KT and TI@5 {over}."


def dropped(frame) -> str:
    """How many rank correlations were left out because a ranking was constant."""
    tau = frame[frame["metric"] == "kendall_tau"]
    total = tau.groupby("pair_set", sort=False)["dropped"].sum()
    parts = [f"{int(number)} in “{name}”" for name, number in total.items() if number]
    return f"Rank correlations left out because a ranking is constant: {', '.join(parts)}." if parts else ""


def incomplete(study, frame) -> str:
    """Share of integrated gradients that do not add up within the tolerance even with the most steps."""
    chosen = frame[(frame["metric"] == "incomplete_percent") & frame["ours"].notna()]
    if not len(chosen):
        return ""
    share = (chosen["ours"] * chosen["ours_n"]).sum() / max(int(chosen["ours_n"].sum()), 1)
    tolerance = 100 * study.interpretation.ig.tolerance
    return f"Attributions whose completeness error stays above {tolerance:g} %: {share:.1f} % of all."


def opening(study, frame, own: bool = False) -> list[str]:
    """What an entry is, how much was run, what stands in for what, what is not pinned.

    ``own``: the paper has no such table.
    """
    entries = (ENTRIES, coverage(frame))
    if own or not prints(study):
        entries = (OWN_ENTRIES if own and of_paper(study) else NO_PRINTED,)
    return [*entries, *stand_ins(study, frame), *unpinned(study, frame)]


def closing(study, frame) -> list[str]:
    """What limited the attacks, how the method was read and trained, and how many seeds ran."""
    how = [reading(study, frame), training(study, frame), objectives(study, frame)]
    return [limits(study, frame), *how, seeds(study, frame)]


def joined(notes: Iterable[str]) -> tuple[str, ...]:
    return tuple(note for note in notes if note)
