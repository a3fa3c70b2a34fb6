"""Flags of doubtful cells, carried into tables and figures: a mark at each entry and a note that says why."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flat.analysis.guards.flags import FLAGS, Flags
from flat.files.artefacts import records
from flat.report.tables.grid import attack_title, dataset_title, model_title, strategy_title
from flat.report.tables.layout import FLAG_MARK, RUN, Table
from flat.study.cells import NO_ATTACK, cell_at
from flat.study.settings import seeds_of

NAMED = 12  # cells that a note names; flags.parquet has all


def marked(study, table: Table, flags: Flags) -> Table:
    """The table with the names of flags in its frame's column ``flags``, and a note where there are any."""
    if "model" not in table.frame.columns:
        return table
    frame, found = table.frame.copy(), []
    names = []
    for record in records(frame):
        here = flags.at(record) if record["status"] == RUN else []
        names.append("; ".join(dict.fromkeys(flag["flag"] for flag in here)))
        found += [flag for flag in here if flag not in found]
    frame["flags"] = names
    return replace(table, frame=frame, notes=(*table.notes, *note(study, found)))


def note(study, flags: Sequence[Mapping]) -> list[str]:
    """One sentence for each kind of flag: what it means, and the cells that have it."""
    sentences = []
    for kind, meaning in FLAGS.items():
        cells: dict[str, list[Mapping]] = {}
        for flag in flags:
            if flag["flag"] == kind:
                cells.setdefault(_name(study, flag), []).append(flag)
        if cells:
            named = [f"{name} ({_details(study, found)})" for name, found in list(cells.items())[:NAMED]]
            named += [f"{len(cells) - NAMED} more in flags.parquet"] if len(cells) > NAMED else []
            kind = kind.replace("_", " ")
            sentences.append(f"{FLAG_MARK} Flagged {kind}, {meaning} (docs/guards.md): {'; '.join(named)}.")
    return sentences


def _name(study, flag: Mapping) -> str:
    """LSTM-FLAT on SST2, TextFooler: the attack, or what the model was trained on where the flag is the model's."""
    model = f"{model_title(study, flag['model'])}-{strategy_title(study, flag['strategy'])}"
    where = f"{model} on {dataset_title(study, flag['dataset'])}"
    if flag["attack"]:
        trained = "" if flag["train_attack"] in (NO_ATTACK, flag["attack"]) else _trained(study, flag)
        return f"{where}{trained}, {attack_title(study, flag['attack'])}"
    return f"{where}{_trained(study, flag)}"


def _trained(study, flag: Mapping) -> str:
    return f" trained on {attack_title(study, flag['train_attack'])}"


def _details(study, flags: Sequence[Mapping]) -> str:
    """What was found, seed by seed where the cell has several."""
    if len(seeds_of(study, cell_at(flags[0]))) == 1:
        return flags[0]["detail"]
    return ", ".join(f"seed {flag['seed']}: {flag['detail']}" for flag in flags)
