"""A study of the user's own, run from his folder: the repository stays untouched, his files are inputs as a whole."""

import os
import shutil
from pathlib import Path

import pytest

from tests.workflow import own_folder
from tests.workflow.conftest import Checkout, copy_to
from tests.workflow.own_folder import LEDGER, TOY, WORD, recorded

pytestmark = pytest.mark.workflow
TARGETS = [WORD, TOY, LEDGER]
ENCODER, VECTORS, FILLER = "encoders/toy", "lexicon/my vectors", "lexicon/mlm"


class Own(Checkout):
    """Snakemake in a folder of the user's, with a repository that lies elsewhere."""

    def __init__(self, folder: Path, repository: Path, resources: Path):
        super().__init__(folder, resources)
        self.repository = repository
        self.environment |= {"PYTHONPATH": str(repository / "src"), "PYTHONDONTWRITEBYTECODE": "1"}

    def call(self, *arguments: str, **keywords) -> str:
        options = ("-s", str(self.repository / "Snakefile"), "--configfile", "own.yaml", "--cores", "2")
        return self.run(*options, *arguments, **keywords)

    def planned(self, *options: str) -> set[str]:
        """Rules that a dry run for the three targets would start."""
        out = self.call("--dry-run", "--quiet", "rules", *options, "--", *TARGETS)
        rows = (line.split() for line in out.split("Job stats:")[-1].splitlines()) if "Job stats:" in out else ()
        return {row[0] for row in rows if len(row) == 2 and row[1].isdigit()} - {"total"}


def below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if "__pycache__" not in path.parts}


@pytest.fixture(scope="module")
def own(tmp_path_factory, repository, resources):
    """Run to two base models and an attack."""
    place = tmp_path_factory.mktemp("own")
    copy_to(place / "repository", repository)
    own_folder.write(place / "mine", repository, resources)
    run = Own(place / "mine", place / "repository", resources)
    before = below(run.repository)
    run.call("--", *TARGETS)
    assert below(run.repository) == before
    return run


@pytest.fixture
def files(own):
    """The user's folder, put back afterwards as it was."""
    kept = own.folder.with_name("kept")
    names = ("data", "lexicon", "encoders")
    for name in names:
        shutil.copytree(own.folder / name, kept / name)
    yield own.folder
    for name in names:
        shutil.rmtree(own.folder / name)
        shutil.move(kept / name, own.folder / name)
    shutil.rmtree(kept)


def flip(file: Path) -> None:
    """Change a byte, and keep the time and size, as a copy that keeps times may."""
    state, content = file.stat(), bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))


def test_from_a_folder_of_ones_own_the_whole_study_is_planned_and_runs(own):
    assert own.planned() == set()
    whole = own.call("--dry-run", "--quiet", "rules", "--", "all")
    assert "write_report" in whole and "judge_claims" in whole
    assert "all as recorded" in own.call("--", "verify")
    assert recorded(own.folder, TOY)["folders"] == ["./encoders/toy/"]
    assert f"{ENCODER}/model.safetensors" in recorded(own.folder, TOY)["inputs"]
    assert f"{FILLER}/tokenizer.json" in recorded(own.folder, LEDGER)["inputs"]


def test_the_default_study_is_found_from_elsewhere(own):
    out = own.run("-s", str(own.repository / "Snakefile"), "-n", "--quiet", "rules", "--cores", "2", "--", "tables")
    assert "make_table" in out


# as the profile has them: Snakemake's own would start anew what is older than a script
WITHOUT_PROFILE = ("--workflow-profile", "none", "--rerun-triggers", "mtime", "params", "input", "software-env")


@pytest.mark.parametrize("options", [(), WITHOUT_PROFILE], ids=["profile", "no profile"])
def test_new_times_and_the_same_bytes_plan_nothing(own, files, options):
    for path in [*files.rglob("*.*")]:
        if path.is_file() and "out" not in path.parts and ".snakemake" not in path.parts:
            path.touch()
    (files / ENCODER / "README.md").write_text("a card")
    assert own.planned(*options) == set()


def test_times_count_where_a_call_leaves_params_out(own, files):
    (files / "data/mine.csv").touch()
    assert "preprocess" in own.planned("--rerun-triggers", "mtime", "--max-checksum-file-size", "1")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"])
def test_each_edited_file_of_an_encoder_trains_again_and_is_named(own, files, name):
    flip(files / ENCODER / name)
    assert own.planned() == {"train_base"}
    out = own.call("--retries", "0", "--", "verify", ok=False)
    assert f"{ENCODER}/{name}: has the SHA-256" in out and "1 findings" in out


def test_added_and_removed_files_of_an_encoder_train_again_and_are_named(own, files):
    (files / ENCODER / "added_tokens.json").write_text("{}")
    assert own.planned() == {"train_base"}
    (files / ENCODER / "tokenizer_config.json").unlink()
    assert own.planned() == {"train_base"}
    out = own.call("--retries", "0", "--", "verify", ok=False)
    assert f"{ENCODER}/added_tokens.json: was added" in out and f"{ENCODER}/tokenizer_config.json: is gone" in out


def test_vectors_are_looked_up_again(own, files):
    (files / VECTORS / "licence.txt").write_text("added")
    assert own.planned() == {"look_up_vectors", "train_base", "attack_test"}


def test_a_masked_language_model_attacks_again(own, files):
    flip(files / FILLER / "model.safetensors")
    assert own.planned() == {"attack_test"}


def test_data_are_read_again(own, files):
    flip(files / "data/mine.csv")
    assert {"preprocess", "train_base", "attack_test"} <= own.planned()


@pytest.mark.parametrize(
    "damage, rule, said",
    [
        (lambda mine: (mine / ENCODER / "config.json").unlink(), "train_base", "holds no config.json"),
        (
            lambda mine: (mine / ENCODER / "model.safetensors").rename(mine / ENCODER / "pytorch_model.bin"),
            "train_base",
            "python -m flat.resources convert encoders/toy",
        ),
        (
            lambda mine: (mine / FILLER / "model.safetensors").rename(mine / FILLER / "pytorch_model.bin"),
            "attack_test",
            "python -m flat.resources convert lexicon/mlm",
        ),
        (lambda mine: (mine / VECTORS / "vectors.txt").unlink(), "look_up_vectors", "the folder holds no file"),
    ],
    ids=["no config", "pickled", "pickled filler", "no vectors"],
)
def test_what_no_job_can_read_is_planned_and_refused_before_any_job(own, files, damage, rule, said):
    damage(files)
    assert rule in own.planned()
    out = own.call("--", *TARGETS, ok=False)
    assert said in out and "remedy" in out and "Traceback" not in out and f"rule {rule}" not in out
    assert "is gone" in own.call("--retries", "0", "--", "verify", ok=False)


def test_an_absent_folder_is_told_and_no_job_is_started(own, files):
    shutil.rmtree(files / ENCODER)
    for options in ((), ("--config", "name=new")):
        target = TOY.replace("/own/", "/new/") if options else TOY
        out = own.call(*options, "--", target, ok=False)
        assert "models.Toy.checkpoint: ./encoders/toy/: the study names it, but there is no such file or folder" in out
        assert "remedy: correct the path" in out and "Traceback" not in out and "Execute" not in out
    assert "encoders/toy/config.json: is gone" in own.call("--retries", "0", "--", "verify", ok=False)
