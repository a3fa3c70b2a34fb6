"""What a run was made with and by: Snakemake, packages, rules, authors, the paper, licences, profiles."""

from flat.provenance.crate.graph import Graph, compact
from flat.provenance.crate.run import Run, own_file

FLAT = "flat-robustness"  # our distribution
PROFILES = {
    "process": ("https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5"),
    "workflow": ("https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5"),
    "provenance": ("https://w3id.org/ro/wfrun/provenance/0.5", "Provenance Run Crate", "0.5"),
    "wroc": ("https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate", "1.0"),
}


def profiles(graph: Graph, jobs: bool) -> list:
    """The profiles that the crate conforms to; with its jobs, Provenance Run Crate too."""
    wanted = [entry for key, entry in PROFILES.items() if jobs or key != "provenance"]
    return [graph.add(url, "CreativeWork", name=name, version=version) for url, name, version in wanted]


def citation(graph: Graph) -> tuple:
    """(licence of the code, its authors, the paper), from CITATION.cff."""
    import yaml  # for cost

    cited = yaml.safe_load(own_file("CITATION.cff"))
    licence = graph.add(f"https://spdx.org/licenses/{cited['license']}", "CreativeWork", name=cited["license"])
    authors = [graph.add(f"#author/{a['name']}", "Organization", name=a["name"]) for a in cited["authors"]]
    paper = cited["preferred-citation"]
    names = [f"{author['given-names']} {author['family-names']}" for author in paper["authors"]]
    article = graph.add(
        "#paper",
        "ScholarlyArticle",
        name=paper["title"],
        author=[graph.add(f"#author/{name}", "Person", name=name) for name in names],
        datePublished=str(paper["year"]),
        isPartOf=graph.add("#proceedings", "CreativeWork", name=paper["collection-title"]),
    )
    return licence, authors, article


def packages(graph: Graph, passport: dict) -> dict:
    """Python and the packages of the run, by name."""
    python, _, version = passport["environment"]["python"].rpartition(" ")
    page = "https://www.python.org/"
    found = {"python": graph.add(page, "SoftwareApplication", name=python, softwareVersion=version, url=page)}
    for name, version in sorted(passport["environment"]["packages"].items()):
        if version is None:
            continue
        # a local build (2.13.0+cpu) has no page of its own on the index, FLAT itself has none
        page = f"https://pypi.org/project/{name}/{version.partition('+')[0]}/" if name != FLAT else None
        properties = compact(name=name, softwareVersion=version, url=page)
        found[name] = graph.add(page or "#flat", "SoftwareApplication", **properties)
    for key, about in passport.get("plugins", {}).items():
        # a file has no version but its digest
        version = about["version"] or about["digest"]
        properties = {"name": f"{key} of {about['module']}", "softwareVersion": version}
        found[key] = graph.add(f"#plugin/{key}", "SoftwareApplication", **properties)
    return found


def rules(graph: Graph, run: Run) -> dict:
    """The rules that jobs ran, as the tools that the workflow orchestrated."""
    version = run.passport["environment"]["packages"].get(FLAT)
    return {
        rule: graph.add(f"#rule/{rule}", "SoftwareApplication", **compact(name=rule, softwareVersion=version))
        for rule in sorted({record["rule"] for record in run.jobs.values()})
    }


def code_of(passport: dict) -> str:
    """The code of the run, in words."""
    code = passport["environment"]["code"]
    if not code["commit"]:
        return "code outside a checkout: no commit is known"
    return f"commit {code['commit']}" + (" with changes that were not committed" if code["changed"] else "")
