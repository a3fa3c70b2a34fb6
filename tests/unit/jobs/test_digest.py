"""Code digests: comments change nothing, code does, and no module that a script really imports is missing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from flat.jobs import code_digest as digest
from flat.plugins import code

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = sorted((ROOT / "workflow/scripts").glob("*.py"))


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package of three modules and a script that uses one of them, which uses the second inside a function."""
    folder = tmp_path / "flat"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "a.py").write_text('"""Doc."""\n\ndef f():\n    from flat import b\n    return b.g()\n')
    (folder / "b.py").write_text("def g():\n    return 1\n")
    (folder / "c.py").write_text("x = 1\n")
    script = tmp_path / "script.py"
    script.write_text("from flat.a import f\nf()\n")
    monkeypatch.setattr(code, "FLAT", folder)

    def of():
        forget()
        return digest.of(str(script))

    yield folder, script, of
    forget()


def forget():
    for function in (code.parsed, digest.modules_of, digest.of):
        function.cache_clear()


def test_comments_docstrings_and_formatting_do_not_count(package):
    folder, script, of = package
    before = of()
    (folder / "a.py").write_text('"""Other doc."""\n# why\ndef f():\n    from flat import (b)\n    return b.g( )\n')
    script.write_text("# a comment\n" + script.read_text())
    assert of() == before


def test_code_counts_wherever_it_is_used(package):
    folder, script, of = package
    before = of()
    (folder / "c.py").write_text("x = 2\n")
    assert of() == before  # not imported
    (folder / "b.py").write_text("def g():\n    return 2\n")
    after_library = of()
    assert after_library != before
    script.write_text("from flat.a import f\nf(), f()\n")
    assert of() != after_library


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_the_digest_covers_what_the_script_really_imports(script):
    """Run the script's own import statements in a fresh interpreter and compare."""
    imports = [n for n in ast.parse(script.read_text()).body if isinstance(n, ast.Import | ast.ImportFrom)]
    code = ast.unparse(ast.Module(imports, [])) + (
        "\nimport sys; print(*sorted(m for m in sys.modules if m.split('.')[0] == 'flat'))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    really = set(out.split())
    assert really and really <= set(digest.modules_of(script))


def test_the_training_digest_does_not_cover_tables():
    modules = digest.modules_of(ROOT / "workflow/scripts/train.py")
    assert "flat.training.objective" in modules
    assert not any(name.startswith(("flat.report", "flat.attacks")) for name in modules)
