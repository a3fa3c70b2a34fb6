"""Provenance: right inside a checkout, silent outside one, and never in the way."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flat.files.digests import checksums, digest_of
from flat.provenance import passport as provenance

GIT_FREE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def git(folder, *arguments):
    names = {f"GIT_{who}_{what}": "test@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | GIT_FREE | names)
    return done.stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_commit_and_whether_files_differ_from_it(tmp_path):
    git(tmp_path, "init", "-q")
    assert provenance.commit(tmp_path)["commit"] is None  # nothing committed yet
    (tmp_path / "a.txt").write_text("1")
    git(tmp_path, "add", "a.txt")
    git(tmp_path, "commit", "-q", "-m", "first")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert provenance.commit(tmp_path) == {"commit": head, "changed": False}
    (tmp_path / "a.txt").write_text("2")
    assert provenance.commit(tmp_path) == {"commit": head, "changed": True}
    with pytest.MonkeyPatch.context() as patch:  # as git sees a checkout that another user owns
        patch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        assert provenance.commit(tmp_path)["commit"] == head
    # a copy of the code inside another repository has not that repository's commit
    (tmp_path / "inner").mkdir()
    assert provenance.commit(tmp_path / "inner") == {"commit": None, "changed": None}


def test_outside_a_checkout_nothing_is_claimed(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.commit(tmp_path) == {"commit": None, "changed": None}


def test_without_git_and_driver_the_environment_is_still_told(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    found = provenance.environment()
    assert found["code"] == {"commit": None, "changed": None}
    assert found["machine"]["gpus"] == []
    assert found["machine"]["cores"] >= 1
    assert found["packages"]["numpy"].count(".") >= 1
    json.dumps(found)  # plain data


def test_a_hanging_tool_is_given_up(monkeypatch):
    assert provenance._answer(sys.executable, "-c", "raise SystemExit(3)") is None
    assert provenance._answer(sys.executable, "-c", "print(' yes ')") == "yes"
    monkeypatch.setattr(provenance, "PATIENCE_S", 0.2)
    assert provenance._answer(sys.executable, "-c", "import time; time.sleep(30)") is None


def test_unknown_packages_are_null():
    assert provenance.packages(["no-such-package-here"]) == {"no-such-package-here": None}


def test_asking_imports_nothing_heavy():
    code = (
        "import sys, flat.provenance.passport as p; p.environment(); "
        "print(sorted({'torch', 'pandas', 'numpy', 'transformers', 'matplotlib', 'textattack'} & set(sys.modules)))"
    )
    source = str(Path(provenance.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": source},
    )
    assert done.stdout.strip() == "[]"


def test_checksums_are_those_of_sha256(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "abc").write_bytes(b"abc")
    found = checksums([tmp_path / "empty", tmp_path / "abc"])
    assert list(found) == [str(tmp_path / "abc"), str(tmp_path / "empty")]
    assert found[str(tmp_path / "abc")] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert found[str(tmp_path / "empty")] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_digest_does_not_depend_on_the_order_of_keys():
    assert digest_of({"a": 1, "b": [1, 2]}) == digest_of({"b": [1, 2], "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})


def test_passport_counts_ledgers_by_lock(tmp_path):
    locks = []
    for cell, attack, lock in (("1", "pwws", {"n": 1}), ("2", "pwws", {"n": 1}), ("3", "pwws", {"n": 2})):
        path = tmp_path / cell / attack / "lock.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(lock))
        locks.append((attack, path))
    (tmp_path / "sst2").mkdir()
    (tmp_path / "sst2" / "summary.json").write_text('{"classes": 2}')
    study = {"name": "demo", "title": "Demo", "seed": 1, "seeds": [0], "device": "cpu", "rounds": {"count": 3}}
    found = provenance.study_passport(study, locks=locks, summaries={"sst2": tmp_path / "sst2" / "summary.json"})
    assert sorted((entry["ledgers"], entry["lock"]["n"]) for entry in found["attacks"]) == [(1, 2), (2, 1)]
    assert all(entry["attack_hash"] == digest_of(entry["lock"]) for entry in found["attacks"])
    assert found["data"] == {"sst2": {"classes": 2}}
    assert found["study"]["digest"] == digest_of(study)
    changed = provenance.study_passport(study | {"rounds": {"count": 4}})
    assert changed["study"]["digest"] != found["study"]["digest"]


def test_passport_lists_the_seeds_that_ran():
    study = {"name": "demo", "title": "Demo", "seed": 1, "seeds": [0], "device": "cpu"}
    assert provenance.study_passport(study)["study"]["seeds"] == [0]
    overrides = [{"where": {}, "seeds": [0, 2, 1]}, {"where": {}, "seeds": None}]
    assert provenance.study_passport(study | {"overrides": overrides})["study"]["seeds"] == [0, 1, 2]
    groups = [{"seeds": [0, 4], "cells": "CNN", "count": 3}, {"seeds": [0], "cells": "the other cells", "count": 1}]
    found = provenance.study_passport(study | {"overrides": overrides}, seed_groups=groups)["study"]
    assert found["seeds"] == [0, 4] and found["seed_groups"] == groups
