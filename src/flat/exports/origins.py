"""Where a study's data and models come from, with the licence of each: what every export has to hand on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flat.resources.catalogue import Hub, fetched, load_catalogue
from flat.study.known.recipes import made_from
from flat.study.known.resources import is_own
from flat.study.schema import Study

YOURS = "not known: a file or folder of whoever ran the study"
NOT_STATED = "not stated here: read the publisher's page"
NOTE = "The texts and resources are not FLAT's: each keeps the terms of its publisher, and nothing here grants more."


@dataclass(frozen=True)
class Origin:
    """A thing that others made. ``where``: its page or file; empty where unknown."""

    name: str
    version: str
    licence: str
    where: str
    repository: str = ""


def of_data(study: Study, summary: Mapping) -> list[Origin]:
    """What a prepared data set was read from, by its summary.json."""
    source = summary["source"]
    found = [
        Origin(name, str(about["version"] or ""), about["licence"], about["upstream"])
        for name, about in sorted(source.get("resources", {}).items())
    ]
    if source["kind"] == "hub":
        page = f"https://huggingface.co/datasets/{source['path']}"
        found.append(Origin(source["path"], source["revision"], NOT_STATED, page, source["path"]))
    elif not found:
        files = source.get("files", {})
        found += [Origin(f"{split}: {of['file']}", f"sha256 {of['sha256']}", YOURS, "") for split, of in files.items()]
    if "plugin" in source:
        plugin = source["plugin"]
        found.append(Origin(f"plugin {plugin['module']}", str(plugin["version"] or ""), NOT_STATED, ""))
    return found


def of_model(study: Study, model: str) -> list[Origin]:
    """The word vectors or the checkpoint that a model starts from."""
    chosen = study.models[model]
    return _resources([chosen.vectors, chosen.checkpoint])


def of_attack(study: Study, attack: str) -> list[Origin]:
    """The lexical resources of an attack."""
    return _resources([made_from(role, name) for role, name in study.attacks[attack].resources.items()])


def _resources(names: Iterable[str | None]) -> list[Origin]:
    given = [name for name in dict.fromkeys(names) if name]
    catalogue = load_catalogue()
    found = [Origin(name, "", YOURS, "") for name in given if is_own(name)]
    for entry in fetched([name for name in given if not is_own(name) and name in catalogue], catalogue):
        repository = entry.repository if isinstance(entry, Hub) else ""
        version = entry.revision if isinstance(entry, Hub) else entry.version or ""
        found.append(Origin(entry.name, version, entry.licence, entry.upstream, repository))
    return found


def stand_ins(study: Study, dataset: str, model: str, attacks: Iterable[str]) -> list[str]:
    """What stands in for what the paper used, in words."""
    said = [(study.datasets[dataset].title, study.datasets[dataset].stand_in)]
    said += [(study.models[model].title, study.models[model].stand_in)]
    said += [(study.attacks[name].title, ", ".join(study.attacks[name].stand_ins)) for name in attacks]
    return [f"{title}: {what}" for title, what in said if what]
