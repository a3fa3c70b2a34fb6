"""An attack as its jobs are given it: what a study says of it that decides its answers, and the tables made for it."""

from flat.plugins.registry import ATTACKS
from flat.study.known.recipes import is_made, made_from
from flat.study.paths import Paths
from flat.study.schema import Study

# keys of an attack that do not change what it answers to a text, and why; all others are handed on
NOT_OF_ATTACK = {
    "title": "only printed",
    "stand_ins": "only printed",
    "examples": "which texts: the param examples",
    "shards": "how they are divided among jobs or processes: the param shard, the threads",
    "workers": "how many processes a job has: its threads",
}
# the file of each role's table; a masked language model is the folder it lies in
MADE_FILES = {
    "sememes": "sememes-{}.json",
    "language_model": "bigrams.npz",
    "masked_language_model": "mlm-{}/model.safetensors",
}


def spec_of(study: Study, attack: str, of_round: bool = False) -> dict:
    """The ``spec`` of ``flat.attacks.attack.attack_examples``.

    Queries are reported of test texts, so these are searched exactly. Those of a round are not.
    """
    named = study.attacks[attack]
    return named.model_dump(exclude={*NOT_OF_ATTACK}) | {"search": named.search or ("lazy" if of_round else "exact")}


def tables_of(paths: Paths, dataset: str, recipe: str, resources: dict[str, str]) -> dict[str, str]:
    """Role -> file of what a rule makes of a data set for an attack's resources (role -> name)."""
    tables = {
        role: paths.data(dataset, MADE_FILES[role].format(made_from(role, name)))
        for role, name in resources.items()
        if is_made(role, name)
    }
    return tables | ({"wordnet": paths.data(dataset, "wordnet.json")} if "wordnet" in ATTACKS[recipe].roles else {})
