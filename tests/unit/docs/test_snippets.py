"""Every command of README, CONTRIBUTING and docs: read by what would run it. A new one must be known here.

Beyond this, tests/workflow/test_worked_examples.py carries out the worked examples, tests/workflow/test_plans.py plans
the snakemake lines. test_snippet_blocks.py reads what is no command.
"""

import argparse
import importlib
import re
import shlex
import subprocess
import sys

import page_snippets as pages
import pytest
import typer
from demo_studies import ROOT
from snakemake.cli import get_argument_parser

from flat.attacks.lexicon.synonym_space.vectors import VIEWS
from flat.command import forwarded
from flat.command.app import app

SCRIPTS = [script for page in pages.PAGES for script in pages.scripts(page)]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.search(r"^\.PHONY: ((?:.*\\\n)*.*)", MAKEFILE, re.M)[1].replace("\\\n", " ").split())
RULES = "\n".join(path.read_text() for path in [ROOT / "Snakefile", *sorted((ROOT / "rules").glob("*.smk"))])
OF_READER = re.compile(
    r"mine|my[-_]|part\.yaml|FILE|FOLDER|folder|…|<|elsewhere|hiding|length|/opt/flat|exported/|/tmp/"
)
OF_A_STUDY = ("flat.study.json_schema", "flat.report.summary")  # modules whose one word is a study
# What is named on a page and cannot be tried on a test's machine, and why
ELSEWHERE = {
    "source .venv/bin/activate": "an environment that make makes",
    "export SLURM_CONF": "a Slurm: tests/workflow/test_slurm.py runs these lines",
    "python -m pip install": "downloads; tests/unit/resources/test_locks.py reads how pip is called",
    "pip install dist/": "tests/workflow/test_wheel.py installs the wheel",
    "python -I": "an option that is named, no command",
}


# --- commands


class Read(Exception):
    """A parser has taken all words of a command."""


def read_by_argparse(module: str, words: list[str], monkeypatch) -> None:
    """Let a module's own parser read the words; nothing after it runs."""
    main = importlib.import_module(module).main
    plain = argparse.ArgumentParser.parse_args

    def parse_args(parser, arguments=None, namespace=None):
        plain(parser, arguments, namespace)
        raise Read

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
    monkeypatch.setattr(sys, "argv", [module, *words])

    def error(parser, message):
        raise SystemExit(message)

    monkeypatch.setattr(argparse.ArgumentParser, "error", error)
    with pytest.raises(Read):
        main(words) if main.__code__.co_argcount or hasattr(main, "__wrapped__") else main()


def of_python(words: list[str], monkeypatch) -> None:
    if words[0] == "-":  # what it reads is compiled below
        return
    assert words[0] == "-m", words
    module, arguments = words[1], words[2:]
    file = ROOT / ("" if module.startswith("tests.") else "src") / module.replace(".", "/")
    assert (file / "__main__.py").is_file() or "__main__" in file.with_suffix(".py").read_text()
    if module == "flat.jobs.warm" and arguments:
        assert arguments[0] == "--"
        return check(arguments[1:], monkeypatch)
    if module in OF_A_STUDY:
        return exist(arguments)
    if module == "flat.attacks.lexicon.synonym_space":
        assert {word.partition("=")[0] for word in arguments} <= {*VIEWS, "wordnet"}
    elif arguments:
        read_by_argparse(f"{module}.__main__" if file.is_dir() else module, arguments, monkeypatch)
        exist([word for word in arguments if re.search(r"\.(yaml|py)$", word)])


def of_flat(words: list[str], monkeypatch) -> None:
    command = typer.main.get_command(app).commands[words[0]]
    if words[0] in forwarded.MODULES and words[1:]:
        read_by_argparse(forwarded.MODULES[words[0]][0], words[1:], monkeypatch)
    elif words[1:]:
        command.make_context(words[0], words[1:])


def of_make(words: list[str], monkeypatch) -> None:
    for word in words:
        name, equals, _ = word.partition("=")
        assert re.search(rf"^{name} \?=", MAKEFILE, re.M) if equals else word in TARGETS, word
    exist([word.partition("=")[2] for word in words if word.startswith("STUDY=")])


def of_snakemake(words: list[str], monkeypatch) -> None:
    if OF_READER.search(words[-1]) and "…" in words[-1]:
        words = words[:-1]
    read = get_argument_parser().parse_args(words)
    for name in [*(target for target in read.targets if "/" not in target), *read.forcerun]:
        assert re.search(rf"^ *(use )?rule (\w+ as )?{name}\b", RULES, re.M), name
    exist([str(file) for file in read.configfile or ()] + [str(read.workflow_profile or "profiles/default")])


def of_path(words: list[str], monkeypatch) -> None:
    """``bash`` and ``pytest``: a file of the repository, or the name of a marker."""
    if words[0] == "-m":
        assert f'"{words[1]}: ' in (ROOT / "pyproject.toml").read_text()
    else:
        assert (ROOT / words[0]).exists(), words[0]


def exist(paths: list[str]) -> None:
    for path in paths:
        if path.startswith("results/"):  # of a run
            continue
        assert OF_READER.search(path) or (ROOT / path).exists(), path


PROGRAMS = {"bash": of_path, "flat": of_flat, "make": of_make, "pytest": of_path, "python": of_python}
PROGRAMS["snakemake"] = of_snakemake


def check(words: list[str], monkeypatch) -> None:
    """Fail where no program of the pages is named, or where it does not take the words."""
    if words[0] in pages.SHELL:
        return
    assert words[0] in PROGRAMS, f"no test knows what runs {words[0]}: PROGRAMS, or pages.SHELL of the system's own"
    PROGRAMS[words[0]](words[1:], monkeypatch)


@pytest.mark.parametrize("script", SCRIPTS, ids=pages.ids(SCRIPTS))
def test_a_command_is_one_that_its_program_takes(script, monkeypatch):
    if script.language != "inline":
        done = subprocess.run(["bash", "-n"], input=script.text, text=True, capture_output=True)
        assert not done.returncode and not done.stderr, done.stderr
    for source in pages.HEREDOC.findall(script.text):
        compile(source, str(script), "exec")
    for command in pages.commands(script.text):
        if not any(command.startswith(known) for known in ELSEWHERE):
            with monkeypatch.context() as patched:
                try:
                    check(pages.words(command), patched)
                except SystemExit as refused:  # a sentence may name a command without all of its words
                    assert script.language == "inline" and "are required" in str(refused), refused


def test_what_cannot_run_here_is_still_named():
    named = [command for script in SCRIPTS for command in pages.commands(script.text)]
    assert {known for known in ELSEWHERE if not any(command.startswith(known) for command in named)} == set()


def test_make_takes_its_lines():
    lines = {command for script in SCRIPTS for command in pages.commands(script.text) if command.startswith("make ")}
    assert len(lines) > 15
    for line in sorted(line for line in lines if "…" not in line):
        done = subprocess.run(["make", "-n", *shlex.split(line)[1:]], cwd=ROOT, capture_output=True, text=True)
        assert not done.returncode, f"{line}: {done.stderr}"


@pytest.mark.parametrize(
    "command",
    [
        "make demoo",
        "make demo CORE=4",
        "python -m flat.cost --hours config/demo.yaml",
        "python -m flat.costs",
        "python -m flat.cost config/gone.yaml",
        "python -m flat.report.summary config/gone.yaml",
        "python -m flat.jobs.warm -- snakemake tabels",
        "python demo.py",
        "snakemake tabels --cores 2",
        "snakemake --core-count 2",
        "snakemake --cores 2 -R draw_figures",
        "snakemake --configfile config/gone.yaml",
        "flat gone",
        "flat cost --hours",
        "bash envs/gone.sh",
        "pytest tests/unit/gone",
        "pytest -m gone",
        "curl localhost",
    ],
)
def test_a_command_that_nothing_takes_is_found(command, monkeypatch, capsys):
    with pytest.raises((AssertionError, SystemExit, KeyError, OSError)):
        check(pages.words(command), monkeypatch)
