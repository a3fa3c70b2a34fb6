"""The one place that imports TextAttack: offline, quiet and cheap. Everywhere else::

    from flat.attacks.textattack_adapter.environment import textattack

Stock ``import textattack`` runs 300 modules (6.4 CPU-seconds), downloads six NLTK data sets, rewrites HF_HOME and fails
where an optional package is absent. Here every component is the unmodified file of the installed TextAttack, but

* its packages' ``__init__`` are read, not run: a name is imported when it is first used. So TextFooler costs what
  TextFooler needs, and only recipes with a masked language model load one;
* its installer (``shared/utils/install.py``: post-install downloads, cache folder, environment variables) is replaced
  by a stand-in that refuses every download;
* ``nltk`` and ``transformers`` are loaded when first touched; NLTK without its optional scientific packages and with
  ``nltk.download`` inert;
* flair, jieba and langdetect, imported by core modules, are stand-ins; where TextAttack would ask Flair for parts of
  speech (PSO, CLARE), a text answers with those that ``flat.attacks.textattack_adapter.components.Tagged`` gave it.
"""

import ast
import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import logging
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flat.attacks.textattack_adapter import fast_texts as quick_edits
from flat.errors import AttackError
from flat.files.installed import textattack_is_there

SETUP = "python -m flat.resources fetch textattack; in a checkout of FLAT make setup (envs/ pins it)"
VERSION = "0.3.11"  # the release whose results are compared with ours in the tests
INSTALLER = "textattack.shared.utils.install"
RUN_AS_WRITTEN = {"textattack.shared.utils"}  # small, and re-exports whole modules
NLTK_OPTIONAL = {"sklearn", "scipy", "pandas", "matplotlib", "twython", "tkinter", "gensim", "pycrfsuite", "svgling"}


class LazyPackage(importlib.abc.Loader):
    """Gives a package the names its ``__init__`` would import, each imported when it is first asked for."""

    def __init__(self, source: Path):
        self.source = source

    def create_module(self, spec):
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        named: dict[str, tuple[str, str | None]] = {}  # name -> (module, attribute, or None for the module itself)
        starred: list[str] = []
        for node in ast.parse(self.source.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.ImportFrom):
                continue
            origin = ("." * node.level) + (node.module or "")
            home = importlib.util.resolve_name(origin, module.__name__) if node.level else origin
            for alias in node.names:
                if alias.name == "*":
                    starred.append(home)
                elif node.module:
                    named[alias.asname or alias.name] = (home, alias.name)
                else:
                    named[alias.asname or alias.name] = (f"{home}.{alias.name}", None)

        def look_up(name: str):
            if name in named:
                home, attribute = named[name]
                found = importlib.import_module(home)
                value = found if attribute is None else getattr(found, attribute)
            else:
                for home in starred:
                    if not name.startswith("_") and hasattr(importlib.import_module(home), name):
                        value = getattr(sys.modules[home], name)
                        break
                else:
                    raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
            setattr(module, name, value)
            return value

        module.__getattr__ = look_up


class _Finder(importlib.abc.MetaPathFinder):
    """Finds TextAttack's modules where they are installed; its packages become lazy, its installer a stand-in."""

    def find_spec(self, name, path=None, target=None):
        package = name.partition(".")[0]
        if package in _asleep and package != name:
            _asleep[package]()  # a submodule is wanted: its package must have run
        if package != "textattack":
            return None
        if name == INSTALLER:
            return importlib.machinery.ModuleSpec(name, _Installer())
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.submodule_search_locations is not None and name not in RUN_AS_WRITTEN:
            spec.loader = LazyPackage(Path(spec.origin))
        return spec


class _Installer(importlib.abc.Loader):
    """Stands for TextAttack's installer: a logger and refusals. No folder is made, no variable set, nothing fetched."""

    def create_module(self, spec):
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        def refuse(*names, **_):
            raise AttackError(
                f"TextAttack asked to download {names[0] if names else 'a file'}",
                "attacks never use the network",
                "name a local resource in the attack's 'resources' of the study",
            )

        logger = logging.getLogger("textattack")
        logger.setLevel(logging.ERROR)  # its warnings concern models it does not know, which every model here is
        logger.warn = logger.warning  # the name it calls, which logging is about to drop
        module.logger = logger
        for name in ("path_in_cache", "s3_url", "download_from_s3", "download_from_url", "http_get", "unzip_file"):
            setattr(module, name, refuse)


class _OfflineNltk(importlib.abc.Loader):
    """Runs NLTK without the packages it can live without (1.5 -> 0.4 CPU-seconds), then makes its downloader inert."""

    def __init__(self, real):
        self.real = real

    def create_module(self, spec):
        return self.real.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        with _without(NLTK_OPTIONAL):
            self.real.exec_module(module)
        _silence(module)


def _silence(nltk: types.ModuleType) -> None:
    nltk.download = lambda *_, **__: False


@contextmanager
def _without(packages: set[str]) -> Iterator[None]:
    """Within, importing one of ``packages`` that is not yet loaded fails as if it were not installed."""
    blocked = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(blocked))  # None: Python's own mark of a module that must not be imported
    try:
        yield
    finally:
        for name in blocked:
            del sys.modules[name]


def _load_lazily(name: str, wrap=lambda loader: loader) -> None:
    """Put a shell of package ``name`` in sys.modules; the package runs when an attribute or a submodule is asked for.

    (importlib's own LazyLoader does not serve: a second ``import name`` statement already wakes it.)
    """
    if name in sys.modules or (spec := importlib.util.find_spec(name)) is None:
        return
    shell = importlib.util.module_from_spec(spec)
    loader = wrap(spec.loader)

    def wake() -> None:
        if _asleep.pop(name, None):
            loader.exec_module(shell)

    def look_up(attribute: str):
        wake()
        if attribute in vars(shell):
            return vars(shell)[attribute]
        if sys.modules[name] is shell:
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        return getattr(sys.modules[name], attribute)  # transformers puts another module in its own place

    shell.__getattr__ = look_up
    _asleep[name] = wake
    sys.modules[name] = shell


_asleep: dict[str, object] = {}


def _stand_in(name: str, **attributes) -> None:
    if name not in sys.modules:
        module = types.ModuleType(name, "Stand-in: no attack of this pipeline uses the real package.")
        vars(module).update(attributes)
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)


def _unused(name: str) -> type:
    def refuse(self, *_, **__):
        raise AttackError(name, "is not used by this pipeline", "use NLTK's tagger, as the recipes here do")

    return type(name.rpartition(".")[2], (), {"__init__": refuse, "load": classmethod(refuse)})


def _activate() -> types.ModuleType:
    """Install the finder and stand-ins, then import TextAttack.

    Raises:
        AttackError: another version is installed, or somebody imported the stock package before.
    """
    if hasattr(sys.modules.get(INSTALLER), "TEXTATTACK_CACHE_DIR"):
        raise AttackError(
            "import textattack",
            "TextAttack was imported directly, with its downloads",
            "import it from flat.attacks.textattack_adapter.environment",
        )
    try:
        found = importlib.metadata.version("textattack") if textattack_is_there() else "no"
    except importlib.metadata.PackageNotFoundError:
        found = "no"
    if found != VERSION:
        raise AttackError("the environment", f"has TextAttack version {found}, not {VERSION}", SETUP)
    _stand_in("flair")
    _stand_in("flair.data", Tokenizer=object, Sentence=_unused("flair.data.Sentence"))
    _stand_in("flair.models", SequenceTagger=_unused("flair.models.SequenceTagger"))
    _stand_in("jieba")
    _stand_in("langdetect", detect=_unused("langdetect.detect"))
    if "nltk" in sys.modules:
        _silence(sys.modules["nltk"])
    _load_lazily("nltk", _OfflineNltk)
    _load_lazily("transformers")
    sys.meta_path.insert(0, _Finder())
    package = importlib.import_module("textattack")
    importlib.import_module("textattack.shared.validators")  # breaks its import cycle with goal_functions
    _separate_by_line_breaks(package)
    _remember_words(package)
    _take_tags(package)
    return package


def _separate_by_line_breaks(package: types.ModuleType) -> None:
    """Between the parts of a text that has several, put what no text here holds: a text of ours is words and spaces.

    TextAttack cuts each new text at the literal "<SPLIT>": a text that held it would lose what follows.
    """
    _replace(package.shared.AttackedText, "SPLIT_TOKEN", "\n<SPLIT>\n")


def _remember_words(package: types.ModuleType) -> None:
    """Memoise TextAttack's word splitter, a pure function that it calls some 90 times for each candidate text, and
    spare most candidates the rest of that work."""
    strings = importlib.import_module("textattack.shared.utils.strings")
    split = strings.words_from_text
    of_word, of_text = (functools.lru_cache(most)(lambda text: tuple(split(text))) for most in (2**15, 2**10))

    @functools.wraps(split)
    def words_from_text(s, words_to_ignore=()):
        if words_to_ignore:
            return split(s, list(words_to_ignore))
        return list((of_word if len(s) < 32 else of_text)(s))

    texts = importlib.import_module("textattack.shared.attacked_text")
    for module in (strings, sys.modules["textattack.shared.utils"], texts):
        _replace(module, "words_from_text", words_from_text)
    quick_edits.install(texts.AttackedText, words_from_text, _replace)


def _take_tags(package: types.ModuleType) -> None:
    """A text answers with the parts of speech that a component has put into it; the stock one asks Flair's tagger."""

    def pos_of_word_index(self, desired_word_idx: int) -> str:
        if not self._pos_tags:
            raise AttackError("a text's parts of speech", "nobody has tagged it", "derive the component from Tagged")
        return self._pos_tags[desired_word_idx]

    _replace(package.shared.AttackedText, "pos_of_word_index", pos_of_word_index)


_as_installed: list[tuple[object, str, object]] = []


def _replace(owner, name: str, value) -> None:
    """Put ``value`` in the place of TextAttack's own ``owner.name``, which ``as_installed`` knows."""
    _as_installed.append((owner, name, getattr(owner, name)))
    setattr(owner, name, value)


@contextmanager
def as_installed() -> Iterator[None]:
    """Within, TextAttack's functions are its own again: what ours are compared with."""
    ours = [(owner, name, getattr(owner, name)) for owner, name, _ in _as_installed]
    for owner, name, value in _as_installed:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in ours:
            setattr(owner, name, value)


textattack = _activate()
