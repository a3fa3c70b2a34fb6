"""A run as the entities of a Workflow Run Crate: the root, the workflow, the run, its inputs and results, its jobs."""

import hashlib
from pathlib import Path

from flat.provenance import passport as provenance
from flat.provenance.crate import software
from flat.provenance.crate.graph import Graph, compact
from flat.provenance.crate.run import Made, Run, span_of

SNAKEFILE, STUDY = "workflow/Snakefile", "workflow/study.yaml"  # in the crate: they lie outside the results
TERMS_KEPT = "The licence is that of the code; texts and resources keep their own terms, named with each of them."
NOT_PACKED = (
    "Weights, texts and what is made of texts example by example are not in this package, since they are not ours to "
    "redistribute: they are described with their checksums, by ids that begin with #."
)


def describe(run: Run, copies: dict[str, bytes], packed: frozenset[str] | None = None, jobs: bool = False) -> dict:
    """The crate's metadata as JSON-LD.

    Args:
        run: the finished study.
        copies: content of the workflow and the study by path in the crate.
        packed: paths of the results that the crate holds; None: the results folder is the crate and holds them all.
        jobs: tell each job's run too (Provenance Run Crate).
    """
    graph = Graph()
    passport, start, end = run.passport, *run.times
    licence, authors, paper = software.citation(graph)
    packages = software.packages(graph, passport)
    results = {path: _result(graph, run, made, packed) for path, made in run.made.items()}
    snakefile = _workflow(graph, run, copies[SNAKEFILE], packages, licence, authors)
    study = graph.file(STUDY, name="the study, its defaults written out", **_state(copies[STUDY]))
    inputs = _inputs(graph, run)
    action = graph.crate.add_action(
        snakefile,
        f"#run/{run.made[provenance.FILE].sha256[:16]}",
        object=[study, *{entity.id: entity for entity in [*inputs.values(), *_datasets(graph, run)]}.values()],
        result=list(results.values()),
        properties={
            "name": f"Run of the study {run.study.name}",
            "description": f"{len(run.jobs)} jobs of Snakemake, {software.code_of(passport)}, "
            f"on {passport['environment']['machine']['system']}; from the first job's start to the last one's end",
            "startTime": start,
            "endTime": end,
            "actionStatus": "http://schema.org/CompletedActionStatus",
        },
    )
    if "snakemake" in packages:
        action["agent"] = packages["snakemake"]
    actions = [action, *(_jobs(graph, run, snakefile, results, inputs) if jobs else ())]
    lead = f"{len(run.made)} files of {len(run.jobs)} jobs of FLAT: models trained, attacked and explained."
    root = {
        "name": run.study.title,
        "description": " ".join([lead, TERMS_KEPT, *([NOT_PACKED] if packed is not None else [])]),
        "datePublished": end,
        "license": licence,
        "author": authors,
        "citation": paper,
        "mainEntity": snakefile,
        "mentions": actions,
        "conformsTo": software.profiles(graph, jobs),
    }
    for name, value in root.items():
        graph.crate.root_dataset[name] = value
    urls = ["https://w3id.org/ro/crate/1.1", software.PROFILES["wroc"][0]]
    graph.crate.metadata["conformsTo"] = [{"@id": url} for url in urls]
    return graph.metadata()


def _state(content: bytes) -> dict:
    return {"sha256": hashlib.sha256(content).hexdigest(), "contentSize": str(len(content))}


def _workflow(graph: Graph, run: Run, content: bytes, packages: dict, licence, authors):
    version = run.passport["environment"]["packages"].get(software.FLAT)
    return graph.crate.add_workflow(
        dest_path=SNAKEFILE,
        main=True,
        lang="snakemake",
        lang_version=run.passport["environment"]["packages"].get("snakemake"),
        properties=_state(content)
        | compact(version=version)
        | {
            "name": "FLAT's workflow",
            "description": "The Snakefile, copied when the crate was written; its rules and library are not in the "
            f"crate. The run was of {software.code_of(run.passport)}.",
            "encodingFormat": "text/plain",
            "license": licence,
            "author": authors,
            "softwareRequirements": list(packages.values()),
        },
    )


def _result(graph: Graph, run: Run, made: Made, packed: frozenset[str] | None):
    """A file that a job made; one that the crate does not hold is no file of it but a work that is spoken of."""
    record = run.jobs[made.job]
    properties = {
        "name": made.path,
        "description": _call(record),
        "sha256": made.sha256,
        "contentSize": str(made.bytes),
    }
    if packed is None or made.path in packed:
        return graph.file(made.path, **properties)
    return graph.add(f"#{made.path}", "CreativeWork", **properties)


def _call(record: dict) -> str:
    """A job in words: train_base dataset=sst2 model=CNN."""
    return " ".join([record["rule"], *(f"{name}={value}" for name, value in sorted(record["wildcards"].items()))])


def _inputs(graph: Graph, run: Run) -> dict:
    """Inputs from outside the study by (path, SHA-256): resources under their names, other files one by one.

    An absolute path tells of the machine's users: such a file is known by its name and checksum.
    """
    resources = {entry["record_sha256"]: name for name, entry in run.passport["resources"].items()}
    found = {}
    for (path, sha256), size in run.outside.items():
        if sha256 in resources:
            found[path, sha256] = _resource(graph, resources[sha256], run.passport["resources"][resources[sha256]])
        else:
            name = Path(path).name if Path(path).is_absolute() else path
            found[path, sha256] = graph.add(
                f"#input/{sha256[:12]}/{name}", "CreativeWork", name=name, sha256=sha256, contentSize=str(size)
            )
    return found


def _resource(graph: Graph, name: str, entry: dict):
    """A resource of the catalogue, with version, licence and the SHA-256 of the list of its files."""
    upstream, stands_for = entry["upstream"], entry.get("stands_for")
    known = {
        "name": name,
        "version": entry["version"],
        "license": entry["licence"],
        "sha256": entry["content_sha256"],
        "url": upstream if upstream.startswith(("http://", "https://")) else None,
        "description": f"upstream: {upstream}" + (f"; stands for {stands_for}" if stands_for else ""),
    }
    return graph.add(f"#resource/{name}", "CreativeWork", **compact(**known))


def _datasets(graph: Graph, run: Run) -> list:
    """The data sets, with what they were taken from; their splits are results, with checksums."""
    found = []
    for name, summary in sorted(run.passport["data"].items()):
        source, written = summary["source"], run.study.datasets[name]
        sizes = ", ".join(f"{count} {split}" for split, count in summary["sizes"].items())
        read = [_resource(graph, key, entry) for key, entry in sorted(source.get("resources", {}).items())]
        origin = " ".join(str(source[key]) for key in ("kind", "corpus", "path") if source.get(key))
        found.append(
            graph.add(
                f"#dataset/{name}",
                "CreativeWork",
                **compact(
                    name=written.title,
                    description=f"{written.stand_in or written.title}: {sizes} texts, from {origin}",
                    version=source.get("revision"),
                    isBasedOn=read or None,
                ),
            )
        )
    return found


def _jobs(graph: Graph, run: Run, snakefile, results: dict, inputs: dict) -> list:
    """Each job's run, its rule the instrument."""
    rules = software.rules(graph, run)
    snakefile["hasPart"] = list(rules.values())
    actions = []
    for job, record in run.jobs.items():
        start, end = span_of(record)
        read = [
            results.get(run.inside(path)) or inputs[path, state["sha256"]] for path, state in record["inputs"].items()
        ]
        actions.append(
            graph.crate.add_action(
                rules[record["rule"]],
                f"#job/{job}",
                object=list({entity.id: entity for entity in read}.values()),
                result=[results[run.inside(path)] for path in record["outputs"]],
                properties={
                    "name": _call(record),
                    "description": f"code {record['code']}, seed {record['seed']}",
                    "startTime": start,
                    "endTime": end,
                    "duration": f"PT{record['seconds']}S",
                },
            )
        )
    return actions
