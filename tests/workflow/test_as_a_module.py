"""The workflow from elsewhere: as another one's module, by workflow/Snakefile, and with Snakemake alone installed."""

import os
import re
import subprocess
import sys

import page_snippets as pages
import pytest

from tests.workflow.conftest import Checkout

pytestmark = pytest.mark.workflow
# Run in each process: the package is not installed, nor what its jobs compute with
BARE = """
import sys
from importlib.machinery import PathFinder
from pathlib import Path

sys.path[:] = [folder for folder in sys.path if not Path(folder, "flat/errors.py").exists()]


class Less(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        absent = name.partition(".")[0] in {"pyarrow", "scipy", "textattack", "torch", "transformers"}
        return None if absent else super().find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = Less
"""


class Caller(Checkout):
    """A folder whose Snakefile uses the checkout's workflow as a module, as config/README.md prints it."""

    def __init__(self, folder, checkout, snakefile, renamed=False):
        super().__init__(folder, checkout.environment["FLAT_RESOURCES"])
        self.environment = checkout.environment
        self.demo = str(checkout.folder / "config/demo.yaml")
        self.profile = ("--workflow-profile", str(checkout.folder / "profiles/default"))
        (printed,) = [b.text for b in pages.blocks(pages.ROOT / "config/README.md") if b.language == "snakemake"]
        changed = {"/opt/flat/workflow/Snakefile": str(snakefile), "config/robustness.yaml": self.demo}
        changed |= {} if renamed else {" as robustness_*": ""}
        for before, after in changed.items():
            assert printed.count(before) == 1
            printed = printed.replace(before, after)
        (folder / "Snakefile").write_text(printed)


def test_the_demo_is_planned_as_a_module_from_an_empty_folder(checkout, tmp_path):
    caller = Caller(tmp_path, checkout, checkout.folder / "workflow/Snakefile")
    out = caller.run("-n", *caller.profile)  # no target: the module's own
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", out.partition("Job stats:")[2], re.MULTILINE))
    assert jobs["all"] == "1" and int(jobs["attack_test"]) > 200 and int(jobs["total"]) > 800
    for file in ("config/claims.yaml", "src/flat/attacks/assets/synonyms.json", "src/flat/report/page/templates/"):
        assert f" {checkout.folder}/{file}" in out
    assert sorted(os.listdir(tmp_path)) == [".snakemake", "Snakefile"]  # a plan writes nothing else


def test_renamed_rules_of_a_module_run(checkout, tmp_path):
    caller = Caller(tmp_path, checkout, checkout.folder / "Snakefile", renamed=True)
    target = "results/demo/data/trec/examples.json"
    ran = caller.run("--cores", "1", *caller.profile, "--", target)
    assert "rule robustness_preprocess" in ran and "rule robustness_draw_examples" in ran
    assert "Nothing to be done" in caller.run("-n", *caller.profile, "--", target)


def test_a_module_by_a_git_address_is_held_to_the_installed_release(checkout, tmp_path):
    """Snakemake fetches file by file; it finds none beside a Snakefile at the top of a local clone, so: one below."""
    clone, here = tmp_path / "clone", tmp_path / "here"
    (clone / "flat").mkdir(parents=True)
    here.mkdir()

    def git(script):
        who = "-c user.name=a -c user.email=a@b.c"
        subprocess.run(["bash", "-euc", script.replace("git ", f"git {who} ")], cwd=clone, check=True)

    copied = f"{checkout.folder}/Snakefile {checkout.folder}/rules {checkout.folder}/workflow {checkout.folder}/envs"
    git(f"git init -q; cp -r {copied} flat; git add -A; git commit -qm one; git tag one")
    git("echo '# of another release' >> flat/rules/common.smk; git commit -qam two; git tag two")
    found = {}
    for tag in ("one", "two"):
        caller = Caller(here, checkout, f"git+file://{clone}/flat/workflow/Snakefile@{tag}")
        asked = ("-n", *caller.profile, "--", "results/demo/data/trec/train.parquet")
        found[tag] = caller.run(*asked, ok=tag == "one")
    assert "rule preprocess" in found["one"]
    assert "rules of another release" in found["two"] and "remedy: name the tag" in found["two"]


def test_both_snakefiles_agree_on_a_finished_study(finished):
    """Digests of code are params: another one would run its rule again."""
    assert finished.plan() == {}
    assert finished.plan("--snakefile", "workflow/Snakefile") == {}
    forced = finished.plan("--forceall")
    assert finished.plan("--forceall", "--snakefile", "workflow/Snakefile") == forced and forced["all"] == 1


@pytest.fixture
def bare(checkout, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(BARE)
    alone = Checkout(checkout.folder, checkout.environment["FLAT_RESOURCES"])
    alone.environment = checkout.environment | {"PYTHONPATH": str(tmp_path)}
    probe = [sys.executable, "-c", "import flat.errors"]
    assert subprocess.run(probe, env=alone.environment, cwd=tmp_path, capture_output=True).returncode
    return alone


def test_snakemake_alone_can_lint(bare):
    assert "your workflow is in a good condition" in bare.run("--lint", cold=True)


def test_snakemake_alone_is_told_what_jobs_need(bare):
    target = "results/demo/data/ag/train.parquet"
    out = bare.run("--configfile", "config/demo.yaml", "--cores", "1", "--", target, ok=False, cold=True)
    assert "jobs need packages that are not installed" in out and "torch, transformers" in out
    assert "remedy: make setup" in out and "Traceback" not in out
    assert not os.path.exists(bare.folder / "results/demo/data/ag")
