"""Attack a list of examples: the seam behind which faster searches may take TextAttack's place.

An example's row depends on the example, the attack, the victim and the seed alone. The order, the shard, the number of
processes and interruptions change nothing. Under a time limit alone the machine's speed matters too. A faster
engine must keep that promise, and answer what ``flat.attacks.textattack_adapter.build`` answers.
"""

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from flat.attacks import ledger
from flat.attacks import workers as _workers
from flat.attacks.alignment import align
from flat.attacks.examples import check_words
from flat.attacks.greedy.lazy import LazySearch
from flat.attacks.greedy.search import Found, GreedySearch, supports
from flat.attacks.in_flight import Ask, Device, ask_through, can_fly
from flat.attacks.journal import Journal
from flat.attacks.lexicon.resources import AttackResources
from flat.attacks.lock import resolve
from flat.attacks.own import OwnAttack
from flat.attacks.screened import Screened, kept_casts, screen_of
from flat.attacks.textattack_adapter import build as recipes
from flat.attacks.textattack_adapter.limits import LimitedAttack
from flat.attacks.textattack_adapter.words import attack_words
from flat.attacks.victim import Victim, probe
from flat.errors import DataError, StudyError
from flat.files.digests import attack_hash, digest_of
from flat.models.fingerprint import weights_digest
from flat.plugins.registry import ATTACKS
from flat.resume.stopping import orderly_stop
from flat.study.seeds import seed_of

PROBED = 16  # examples that the determinism probe asks
log = logging.getLogger("flat")


@dataclass(frozen=True)
class AttackRun:
    """What an attack on a list of examples gave.

    Attributes:
        finished: the rows, on disk: of ``ledger.SCHEMA`` and, not part of the result, ``seconds`` of wall time and, in
            a job that screens, ``screening``.
        lock: the resolved attack; its hash is in every row.
        screening: the precision and the bound of a job that screens (``flat.attacks.screened``), None of others.
    """

    finished: Journal
    lock: dict
    screening: dict | None = None

    def rows(self) -> Iterator[dict]:
        """One row per example in the order of their ids, each read from disk when it is asked for."""
        return self.finished.rows()

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """All rows in memory, columns and order of ``ledger.SCHEMA``."""
        return ledger.frame(list(self.rows()))


def attack_examples(
    model,
    examples: pd.DataFrame,
    spec: dict,
    seed: int,
    journal: str | Path | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    resources: AttackResources | None = None,
    train_mode: bool = False,
    code: str = "",
    queued: bool | None = None,
) -> AttackRun:
    """Attack each example with the recipe of ``spec``.

    Args:
        model: a classifier in evaluation mode.
        examples: columns example_id, text, label and, unless the caller has checked that, words: ``text`` is
            ``words`` joined by one space.
        spec: recipe, search (``flat.attacks.attack``), screening (``flat.attacks.screened``), query_budget, time_limit
            (seconds), resources (role -> name), parameters (overrides).
        seed: each example's own seed derives from it and the example's id.
        journal: where finished examples are noted, to resume after a kill; the caller deletes it at the end.
        workers: processes. On a CUDA device they search, and this one asks the device for all (``in_flight``); what
            cannot be asked so is searched by one.
        progress: called with (examples done, examples) after each.
        resources: loaded already, or None to load those of ``spec``.
        train_mode: attack the model with dropout and sampled masks on, as the published code does (the reading
            ``attack_in_train_mode``): seeded for each example, the first answer to a text counting for all of it.
        code: digest of the code that attacks; a journal of other code is not gone on from.
        queued: whether workers ask this process instead of a model of their own; None: on a CUDA device.

    Raises:
        AttackError: an unfit victim, or an attack that broke on an example (named).
        StudyError: an unknown recipe or parameter.
        ResourceError: a resource is absent.
        SystemExit: SIGTERM or SIGINT came; the example in hand is finished and noted.
    """
    _check(examples)
    resources = resources or AttackResources(spec.get("resources"))
    victim = Victim(model, stochastic=train_mode)
    attack = recipes.build(spec, victim, resources)
    search, counted = searcher(attack, spec, stochastic=train_mode)
    lock = resolve(attack, spec, resources, "train" if train_mode else "eval", counted)
    single = _Single(attack, search, victim, seed, attack_hash(lock))
    todo = examples[["example_id", "text", "label"]].to_dict("records")
    if todo and not train_mode:
        probe(victim, [example["text"] for example in todo[:PROBED]])
    notes = Journal(journal, _digest(model, todo, lock, seed, code))
    left = [example for example in todo if example["example_id"] not in notes]
    if len(notes):
        log.info("resuming: %d of %d examples are in the journal", len(notes), len(todo))
    screen = screen_of(victim, search, spec, [example["text"] for example in todo], notes, seed) if left else None
    if screen is not None:
        single.search = Screened(search, attack, victim, screen)
    try:
        if train_mode:
            model.train()
        with orderly_stop() as stop, kept_casts(model.device) if screen else nullcontext():
            for row in _run(single, left, workers, victim, stop, queued):
                notes.append(row)
                if progress:
                    progress(len(notes), len(todo))
            if len(notes) < len(todo) and stop:
                log.info("stopped with %d of %d examples done", len(notes), len(todo))
    except BaseException:
        notes.close()
        raise
    finally:
        if train_mode:
            model.eval()
    notes.finish()
    return AttackRun(notes, lock, notes.screening if "bound" in (notes.screening or {}) else None)


def _run(single: "_Single", left: list[dict], count: int, victim: Victim, stop, queued: bool | None) -> Iterator[dict]:
    """The rows of the examples left, as they are finished; in this process, or on ``count`` forked ones."""
    if queued is None:
        queued = any(parameter.is_cuda for parameter in getattr(victim.model, "parameters", list)())
    if count <= 1 or len(left) <= 1 or (queued and not (single.greedy and can_fly(victim))):
        return _workers.in_this_process(single, left, stop)
    if any(len(attack_words(example["text"])) >= single.window for example in left):
        single.warm_up()  # read the encoder once, before the fork
    if queued:
        log.info("up to %d texts are in flight; their questions go to the device together", min(count, len(left)))
    return _workers.in_processes(single, left, count, stop, Device(victim).answer if queued else None)


class _Single:
    """Attacks one example; the same row for it whatever was attacked before."""

    def __init__(self, attack, search: Callable[[str, int], Found], victim: Victim, seed: int, attack_hash: str):
        self.attack, self.search, self.victim = attack, search, victim
        self.seed, self.attack_hash = seed, attack_hash
        self.similarity = [c for c in attack.constraints if hasattr(c, "skips")]
        self.window = min((c.window_size for c in self.similarity), default=float("inf"))

    @property
    def greedy(self) -> bool:
        """Whether the search bears answers off by their rounding: others would hang on who shares a batch."""
        return isinstance(self.search, GreedySearch | Screened)

    def ask_through(self, ask: Ask) -> None:
        ask_through(self.victim, ask)

    def warm_up(self) -> None:
        for constraint in self.similarity:
            constraint.encoder(["warm"])

    def __call__(self, example: dict) -> dict:
        started = time.perf_counter()
        name, text, label = example["example_id"], example["text"], int(example["label"])
        own = seed_of(self.seed, name)
        random.seed(own)
        np.random.seed(own % 2**32)
        torch.manual_seed(own)
        self.attack.clear_cache()
        self.victim.start_example()
        found = self.search(text, label)
        perturbed = " ".join(found.perturbed.split())  # a last word merged away leaves the space before it
        aligned = found.aligned
        if aligned is None:
            index_map = range(len(attack_words(text))) if found.index_map is None else found.index_map
            aligned = align(text, perturbed, index_map)
        forwards = self.victim.forwards
        logits, perturbed_logits = self.victim.logits([text, perturbed])
        return {
            **ledger.row(
                example_id=name,
                label=label,
                status=found.status,
                original=text,
                perturbed=perturbed,
                aligned=aligned,
                logits=logits,
                perturbed_logits=perturbed_logits,
                queries=found.queries,
                victim_forwards=forwards,
                # nothing vouches for similarity where the recipe has no such constraint or it lets the text pass
                similarity_unchecked=all(c.skips(len(attack_words(perturbed))) for c in self.similarity),
                attack_hash=self.attack_hash,
            ),
            "seconds": round(time.perf_counter() - started, 4),
            **({"screening": self.search.noted} if isinstance(self.search, Screened) else {}),
        }


def _check(examples: pd.DataFrame) -> None:
    if examples["example_id"].duplicated().any():
        raise DataError("attacked examples", "example ids are not unique", "draw them with draw_examples")
    if "words" in examples:
        check_words(examples)


def _digest(model, todo: list[dict], lock: dict, seed: int, code: str) -> str:
    """Identifies an attack: its lock, seed, inputs and code, and the victim's weights and vocabulary."""
    weights = weights_digest(getattr(model, "state_dict", dict)())
    return digest_of([lock, seed, todo, code, weights, [*map(str, getattr(model, "words", ()))]])


STATUS = {"Successful": ledger.SUCCEEDED, "Failed": ledger.FAILED, "Skipped": ledger.SKIPPED}
SEARCHES = ("exact", "lazy", "textattack")


def searcher(attack, spec: dict, stochastic: bool = False) -> tuple[Callable[[str, int], Found], str]:
    """What attacks one example of a built attack, (text, label) -> Found, and how it counts queries: exact | lazy.

    Args:
        spec: ``search``: exact (None: the same) | lazy | textattack; ``time_limit``: seconds, left to TextAttack;
            ``recipe``: one that does not declare ``search`` is left to TextAttack too.
        stochastic: the victim draws its answers, so that what is asked decides what is answered: never lazy.

    Raises:
        StudyError: no such search.
    """
    wanted = spec.get("search") or "exact"
    if wanted not in SEARCHES:
        raise StudyError(f"attacks.*.search: {wanted}", "no such search", f"choose of {', '.join(SEARCHES)}")
    if isinstance(attack, OwnAttack):
        return attack, "exact"
    ours = wanted != "textattack" and spec.get("time_limit") is None and ATTACKS[spec["recipe"]].search
    if not ours or not supports(attack):
        return _textattacks(LimitedAttack(attack, spec.get("time_limit"))), "exact"
    greedy = LazySearch(attack) if wanted == "lazy" and not stochastic else GreedySearch(attack)
    return greedy, "lazy" if greedy.lazy else "exact"


def _textattacks(limited: LimitedAttack) -> Callable[[str, int], Found]:
    def search(text: str, label: int) -> Found:
        result = limited(text, label)
        final = result.perturbed_result.attacked_text
        places = final.attack_attrs["original_index_map"].tolist()
        return Found(status_of(result), final.text, result.num_queries, places)

    return search


def status_of(result) -> str:
    """The ledger's name of how an attack of TextAttack ended."""
    return STATUS[type(result).__name__.removesuffix("AttackResult")]
