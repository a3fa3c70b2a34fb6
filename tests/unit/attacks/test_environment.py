"""TextAttack comes up without network, without side effects and without what the recipes do not use.

Each check runs in a process of its own: imports happen once.
"""

import os
import subprocess
import sys
from pathlib import Path

SOURCE = str(Path(__file__).resolve().parents[3] / "src")

NO_NETWORK = """
import socket
class Refused(socket.socket):
    def __init__(self, *args, **options):
        raise AssertionError("a socket was asked for")
socket.socket = Refused
socket.create_connection = socket.getaddrinfo = Refused
"""


def python(code: str, tmp_path: Path) -> str:
    """Run ``code`` in a fresh interpreter with an empty home; its standard output."""
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": SOURCE, "HOME": str(tmp_path), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=600,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_import_needs_no_network_writes_nothing_and_sets_no_variable(tmp_path):
    out = python(
        NO_NETWORK
        + """
import os
before = dict(os.environ)
from flat.attacks import attack
from flat.attacks.textattack_adapter import build
from flat.attacks.textattack_adapter.environment import textattack
from textattack.attack_recipes import TextFoolerJin2019, PWWSRen2019
import nltk
assert nltk.download("wordnet") is False
changed = {name for name in {*before, *os.environ} if before.get(name) != os.environ.get(name)}
print(sorted(changed - {"TORCHINDUCTOR_CACHE_DIR", "KMP_INIT_AT_FORK", "KMP_DUPLICATE_LIB_OK"}))
""",
        tmp_path,
    )
    assert out.strip() == "[]"
    assert list(tmp_path.iterdir()) == []  # no cache folder, no marker, no log


def test_only_what_a_recipe_uses_is_loaded(tmp_path):
    out = python(
        """
import importlib, sys
from flat.attacks import attack
from flat.attacks.textattack_adapter import further_recipes, recipes
from flat.plugins.registry import ATTACKS
for name, recipe in (recipes.RECIPES | further_recipes.RECIPES).items():
    # those need transformers, NLTK; A2T's module names a component with a masked language model
    if name != "a2t" and not {"masked_language_model", "wordnet"} & {*ATTACKS[name].roles}:
        importlib.import_module(f"textattack.attack_recipes.{recipe.module}")
unwanted = ("nltk.tag", "transformers.utils", "sklearn", "scipy", "requests", "datasets")
print([name for name in unwanted if name in sys.modules])
""",
        tmp_path,
    )
    assert out.strip() == "[]"


def test_the_modules_are_the_installed_ones(tmp_path):
    """Components are TextAttack's files; only its installer is ours."""
    out = python(
        """
import inspect, sys
from flat.attacks.textattack_adapter.environment import textattack
from textattack.attack_recipes import TextFoolerJin2019
from pathlib import Path
home = textattack.__path__[0]
loaded = {n: str(getattr(m, "__file__", "")) for n, m in sys.modules.items() if n.startswith("textattack.")}
print([name for name, file in loaded.items() if not file.startswith(home)])
""",
        tmp_path,
    )
    assert out.strip() == "['textattack.shared.utils.install']"


def test_downloads_are_refused_with_a_remedy(tmp_path):
    out = python(
        NO_NETWORK
        + """
from flat.attacks.textattack_adapter.environment import textattack
from flat.errors import AttackError
try:
    textattack.shared.WordEmbedding.counterfitted_GLOVE_embedding()
except AttackError as error:
    print(error)
""",
        tmp_path,
    )
    assert "asked to download word_embeddings/paragramcf" in out
    assert "name a local resource" in out


def test_the_other_recipes_of_the_paper_can_be_imported(tmp_path):
    """From TextAttack's own package, which nothing here may stand in the way of."""
    names = ["GeneticAlgorithmAlzantot2018", "IGAWang2019", "PSOZang2020", "CLARE2020", "BAEGarg2019"]
    out = python(
        NO_NETWORK
        + f"""
from flat.attacks.textattack_adapter.environment import textattack
print([getattr(textattack.attack_recipes, name).__name__ for name in {names}])
""",
        tmp_path,
    )
    assert out.strip() == str(names)


def test_a_stock_import_before_is_refused(tmp_path):
    """It has run TextAttack's downloads already, and its modules could not be made lazy any more."""
    out = python(
        """
import sys, types
stock = types.ModuleType("textattack.shared.utils.install")
stock.TEXTATTACK_CACHE_DIR = "/nowhere"
sys.modules["textattack.shared.utils.install"] = stock
from flat.errors import AttackError
try:
    import flat.attacks.textattack_adapter.environment
except AttackError as error:
    print(error)
""",
        tmp_path,
    )
    assert "imported directly" in out


def test_import_time(tmp_path, record_property):
    """Reported, and held only against a gross relapse: stock TextAttack costs 6.4 CPU-seconds."""
    out = python(
        """
import time
started = time.process_time()
import torch
torch_done = time.process_time()
from flat.attacks import attack
from flat.attacks.textattack_adapter.environment import textattack
textattack.attack_recipes.TextFoolerJin2019
textfooler_done = time.process_time()
textattack.attack_recipes.PWWSRen2019
print(torch_done - started, textfooler_done - torch_done, time.process_time() - textfooler_done)
""",
        tmp_path,
    )
    torch_s, textfooler_s, pwws_s = map(float, out.split())
    for name, value in {"torch": torch_s, "engine and TextFooler": textfooler_s, "PWWS beside it": pwws_s}.items():
        record_property(f"import CPU-seconds, {name}", round(value, 2))
    print(f"import CPU-seconds: torch {torch_s:.2f}, engine and TextFooler {textfooler_s:.2f}, PWWS {pwws_s:.2f} more")
    assert textfooler_s + pwws_s < 4
