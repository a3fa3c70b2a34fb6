"""The attack lock: everything that decides an attack's results, as canonical JSON, and its hash.

"Default settings" names no attack: thresholds, windows and encoders changed between releases (docs/attacks.md).
The lock is read off the built attack, object by object, so that what is recorded is what ran. Of an attack that
searches by itself it holds the options that it was made with. Of one that is not FLAT's own it holds the digest of the
code.
"""

import hashlib
import json
import math
from importlib.metadata import version
from pathlib import Path

from flat.attacks.lexicon.resources import AttackResources
from flat.attacks.own import OwnAttack
from flat.plugins.code import made_of
from flat.plugins.registry import ATTACKS

ROLE_OF = {
    "embedding": "synonyms",
    "tagger": "tagger",
    "encoder": "sentence_encoder",
    "synonyms": "wordnet",
    "candidates_bank": "sememes",
    "lm": "language_model",
    # a masked language model is in a private attribute; its parameter masked_lm_name is its class
}
"""Attributes that hold a resource -> the role under which the lock's ``resources`` names it."""
RUNNING = {"initial_attacked_text", "ground_truth_output", "num_queries"}  # set anew for each example
PASSED_ON = {"goal_function", "model"}  # the victim, and the search method's reference to the goal
LONGEST = 16  # longer lists (stop words) are recorded by count and digest


def resolve(attack, spec: dict, resources: AttackResources, victim_mode: str = "eval", queries: str = "exact") -> dict:
    """Every component and parameter of a built attack, its resources with checksums, the versions it ran on.

    Args:
        victim_mode: "eval", or "train" for a victim that answers with dropout and sampled masks on.
        queries: "exact", counted as TextAttack counts them, or "lazy", more of them (``flat.attacks.greedy.search``).
    """
    roles = ATTACKS[spec["recipe"]].roles
    own = isinstance(attack, OwnAttack)
    libraries = ["numpy"] if own else ["textattack", "nltk"]
    libraries += ["transformers"] if "masked_language_model" in roles else []
    budget, seconds = spec.get("query_budget"), spec.get("time_limit")
    return {
        "recipe": spec["recipe"],
        **({"parameters": plain(attack.options)} if own else _components(attack)),
        "limits": {
            "query_budget": None if budget is None else int(budget),
            "time_limit": None if seconds is None else float(seconds),
        },
        "victim_mode": victim_mode,
        "queries": queries,
        "resources": {role: resources.version(role) for role in roles},
        "versions": {name: version(name) for name in libraries},
        **_plugin(spec["recipe"]),
    }


def _plugin(name: str) -> dict:
    """What an attack that is not FLAT's own is made of, under ``plugin``; a file's name alone, wherever it lies."""
    if not ATTACKS.found(name).given:
        return {}
    about = made_of("attacks", name)
    module = Path(about["module"]).name if about["module"].endswith(".py") else about["module"]
    return {"plugin": {"digest": about["digest"], "module": module, "version": about["version"]}}


def _components(attack) -> dict:
    """What a TextAttack attack is built of."""
    return {
        "search_method": component(attack.search_method),
        "goal_function": component(attack.goal_function),
        "transformation": component(attack.transformation),
        # constraints act in this order; TextAttack keeps the two kinds apart
        "pre_transformation_constraints": [component(c) for c in attack.pre_transformation_constraints],
        "constraints": [component(c) for c in attack.constraints],
    }


def component(part) -> dict:
    """Class and parameters of one component of an attack."""
    kind = getattr(part, "stands_for", None) or f"{type(part).__module__}.{type(part).__qualname__}"
    parameters = {}
    for name, value in vars(part).items():
        if name in RUNNING | PASSED_ON or name.startswith("_"):
            continue
        if name in ROLE_OF:
            parameters[name] = f"resource:{ROLE_OF[name]}"
        elif hasattr(value, "__self__"):  # a method that TextAttack lent to the search
            continue
        else:
            parameters[name] = plain(value)
    return {"class": kind, "parameters": parameters}


def plain(value):
    """A JSON value that changes when, and only when, ``value`` changes."""
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, set | frozenset):
        return plain(sorted(value))
    if isinstance(value, list | tuple):
        items = [plain(item) for item in value]
        if len(items) > LONGEST:
            return {"count": len(items), "sha256": hashlib.sha256(json.dumps(items).encode()).hexdigest()}
        return items
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in sorted(value.items())}
    if hasattr(value, "__qualname__"):  # a function or class; components may be callable too, but have no such name
        return f"{value.__module__}.{value.__qualname__}"
    return component(value)
