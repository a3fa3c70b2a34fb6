"""docs/licences.md lists every locked package and every resource, with the licence that its metadata states."""

import re

import pytest
from env_scripts import module_of

from flat.resources.catalogue import load_catalogue


@pytest.fixture(scope="module")
def licences(repository):
    return module_of(repository / "envs/licences.py")


@pytest.fixture(scope="module")
def sections(repository) -> dict[str, list[str]]:
    """The rows of the page by the first words of their section."""
    parts = (repository / "docs/licences.md").read_text().split("\n## ")[1:]
    return {re.split(r"[:\n]", part)[0]: part.strip().split("\n")[4:] for part in parts}


@pytest.mark.parametrize("lock", ["bootstrap.lock", "cpu.lock", "cuda-packages.lock", "no-deps.lock"])
def test_the_page_has_every_locked_package_in_its_version(licences, sections, lock):
    listed = [tuple(row.strip("| ").split(" | ")[:2]) for row in sections[f"envs/{lock}"]]
    assert listed == licences.pins(lock) != [], "run: bash envs/lock.sh, or python envs/licences.py"


def test_the_page_says_what_the_installed_packages_say(licences, sections):
    compared = 0
    for lock in licences.LOCKS:
        for (name, version), row in zip(licences.pins(lock), sections[f"envs/{lock}"], strict=True):
            if licence := licences.of_installed(name, version):
                assert row == licences.row(name, version, licence)
                compared += 1
    assert compared > 100


def test_the_page_has_every_resource(licences, sections):
    assert sections["Resources"] == licences.resource_rows()
    assert len(sections["Resources"]) == len(load_catalogue())


def test_every_row_that_needs_a_mark_has_it(licences, sections):
    rows = [row.strip("|").split(" | ") for part in sections.values() for row in part]
    assert all(row[3].strip() == licences.marks(row[2]) for row in rows)
    marked = {row[0].strip(): row[3].strip() for row in rows if row[3].strip()}
    assert (
        marked.items() >= {"certifi": "copyleft", "nvidia-cublas": "proprietary", "bbc-news": "terms of others"}.items()
    )


@pytest.mark.parametrize(
    ("metadata", "file", "licence", "mark"),
    [
        ({"license_expression": "MIT OR GPL-2.0-only", "license": "other"}, "", "MIT OR GPL-2.0-only", "copyleft"),
        ({"license": "LGPLv3+"}, "", "LGPLv3+", "copyleft"),
        ({"license": "MIT", "classifier": ["License :: OSI Approved :: MIT License"]}, "", "MIT", ""),
        (
            {"license": "MIT", "classifier": ["License :: OSI Approved :: Apache Software License"]},
            "",
            "MIT; classifier: Apache Software License",
            "",
        ),
        (
            {"license": "Copyright\n" * 20, "classifier": ["License :: OSI Approved :: BSD License"]},
            "",
            "BSD License",
            "",
        ),
        ({}, "\n  MIT License\n\nPermission is …", "MIT License (its licence file)", ""),
        ({"classifier": ["Programming Language :: Python"]}, "", "not stated", "unknown"),
        ({"license": "NVIDIA Proprietary Software"}, "", "NVIDIA Proprietary Software", "proprietary"),
    ],
)
def test_a_licence_is_read_from_the_metadata_and_marked(licences, metadata, file, licence, mark):
    assert licences.stated(metadata, file) == licence
    assert licences.marks(licence) == mark
