"""The entities of a crate, collected with ro-crate-py and written in one order."""

from pathlib import PurePosixPath
from urllib.parse import quote

from flat.errors import FlatError

LIBRARY = "rocrate==0.16.0"
METADATA = "ro-crate-metadata.json"
TERMS = "https://w3id.org/ro/terms/workflow-run/context"  # sha256 among others, which RO-Crate 1.1 does not define
MEDIA = {  # the standard library's table is extended by the machine's own, which differ
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".npz": "application/zip",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".safetensors": "application/octet-stream",
    ".tex": "application/x-tex",
    ".yaml": "application/yaml",
}


class Graph:
    """A crate of RO-Crate 1.1 with references to files: ro-crate-py is never asked to read or copy one."""

    def __init__(self):
        try:
            from rocrate.rocrate import ROCrate  # for cost
        except ImportError as error:
            raise FlatError(
                "the library rocrate", f"cannot be imported ({error})", f"pip install {LIBRARY}, or make setup"
            ) from None
        self.crate = ROCrate(version="1.1")
        self.crate.metadata.extra_contexts.append(TERMS)

    def add(self, id_: str, type_: str, **properties):
        """An entity that is no file of the crate; one that is known under this id stays as it is."""
        from rocrate.model.contextentity import ContextEntity  # for cost

        id_ = quote(id_, safe="/#:+@")
        return self.crate.get(id_) or self.crate.add(
            ContextEntity(self.crate, id_, properties={"@type": type_} | properties)
        )

    def file(self, path: str, **properties):
        """A file of the crate, by its path below the crate's root."""
        media = {"encodingFormat": MEDIA.get(PurePosixPath(path).suffix, "text/plain")}
        return self.crate.add_file(dest_path=path, properties=media | properties)

    def metadata(self) -> dict:
        """The crate's JSON-LD: the descriptor and the root first, then every entity by its id, lists of them too."""
        document = self.crate.metadata.generate()
        first = {METADATA: 0, "./": 1}
        document["@graph"].sort(key=lambda entity: (first.get(entity["@id"], len(first)), entity["@id"]))
        for entity in document["@graph"]:
            for name, value in entity.items():
                if isinstance(value, list) and all(isinstance(item, dict) for item in value):
                    ordered = sorted(value, key=lambda item: item["@id"])
                    entity[name] = ordered if len(ordered) > 1 else ordered[0]  # RO-Crate writes one as itself
        return document


def compact(**properties) -> dict:
    """What is known of these properties."""
    return {name: value for name, value in properties.items() if value is not None}
