"""Reading and writing the files of a run: atomic, deterministic, with their schema checked.

A file appears under its name only when it is whole: it is written beside it and renamed, so that a killed job
leaves nothing that looks finished.
"""

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from flat.errors import ArtefactError
from flat.files import foreign
from flat.files.failures import of_reading, of_storage, open_once
from flat.files.parts import part_of, remove, remove_parts, sole_writer

if TYPE_CHECKING:  # most jobs write no tensors
    from torch import Tensor


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary name beside ``path``; on success rename it to ``path``, on failure remove it.

    Where it became a folder, the file of ``path``'s name in it is what was written.

    Raises:
        ArtefactError: the disk is full, the folder cannot be written to, or another process writes ``path``.
    """
    path = Path(path)
    temporary = part_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with sole_writer(path):
            remove_parts(path)
            yield temporary
            os.replace(temporary / path.name if temporary.is_dir() else temporary, path)
    except Exception as error:
        known = of_storage(error, path)
        if known is None:
            raise
        raise known from error
    finally:
        with suppress(OSError):
            remove(temporary)


def write_tensors(path: str | Path, tensors: Mapping[str, "Tensor"], header: Mapping[str, str]) -> None:
    """Tensors by name as a safetensors file, whole or not at all, readable for whom other files are.

    safetensors writes under a temporary name of its own choice, for the owner alone: it does so in a folder of ours,
    which is found again after a kill.
    """
    from safetensors.torch import save_file  # for cost

    with atomic(path) as part:
        part.mkdir()
        file = part / Path(path).name
        save_file(dict(tensors), file, metadata=dict(header))
        file.chmod(part.stat().st_mode & 0o666)


def write_text(path: str | Path, text: str) -> None:
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: object) -> None:
    """Canonical JSON: sorted keys, so that equal values give equal bytes."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def write_csv(path: str | Path, rows: Sequence[Mapping[str, object]], columns: Sequence[str] | None = None) -> None:
    """Rows as csv with these columns (None: those of the first row); equal rows give equal bytes."""
    with atomic(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns or list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(foreign.cells, rows))


def read_json(path: str | Path) -> dict:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ArtefactError(str(path), "no such file", "run the rule that makes it: snakemake <this path>") from None
    except OSError as error:
        raise of_reading(error, path) or error from None
    except ValueError as error:  # not JSON, or not text at all
        raise ArtefactError(str(path), f"not JSON ({error})", "delete the file and run snakemake again") from None


def write_table(path: str | Path, frame, schema=None) -> None:
    """Write a pandas frame as parquet. ``schema`` (a pyarrow schema) is enforced: names, order and types."""
    import pyarrow as pa  # for cost
    import pyarrow.parquet as pq  # for cost

    if schema is not None:
        missing = [name for name in schema.names if name not in frame.columns]
        extra = [name for name in frame.columns if name not in schema.names]
        if missing or extra:
            raise ArtefactError(
                str(path), f"columns missing {missing}, unknown {extra}", "this is a defect of the pipeline: report it"
            )
        frame = frame[schema.names]
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    # pandas' own metadata names library versions; without it equal rows give equal bytes
    table = table.replace_schema_metadata(None)
    with atomic(path) as part:
        pq.write_table(table, part, compression="zstd", write_page_checksum=True)


def read_table(path: str | Path, columns: list[str] | None = None):
    """Read a parquet file as a pandas frame.

    Raises:
        ArtefactError: the file is absent, closed to this user, truncated, or lacks one of ``columns``.
    """
    import pyarrow as pa  # for cost
    import pyarrow.parquet as pq  # for cost

    try:
        # not pandas' own reader: it goes by way of Arrow's data sets, whose import takes as long as ten files
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            absent = sorted(set(columns or ()) - set(file.schema_arrow.names))
            if absent:
                raise ArtefactError(
                    str(path), f"lacks the columns {', '.join(absent)}", "delete the file and run snakemake again"
                )
            return file.read(columns, use_pandas_metadata=True).to_pandas()
    except FileNotFoundError:
        raise ArtefactError(str(path), "no such file", "run the rule that makes it: snakemake <this path>") from None
    except (pa.ArrowException, OSError) as error:
        raise of_reading(error, path) or ArtefactError(
            str(path), f"not a readable parquet file ({error})", "delete the file and run snakemake again"
        ) from None


def read_arrays(path: str | Path) -> dict:
    """Read a safetensors file as NumPy arrays by name.

    Raises:
        ArtefactError: the file is absent, truncated or not safetensors.
    """
    from safetensors.numpy import load_file  # for cost

    return _read_safetensors(path, load_file)


def read_tensors(path: str | Path) -> dict[str, "Tensor"]:
    """As ``read_arrays``, as tensors on the CPU."""
    from safetensors.torch import load_file  # for cost

    return _read_safetensors(path, load_file)


def _read_safetensors(path: str | Path, load: Callable[[str | Path], dict]) -> dict:
    from safetensors import SafetensorError  # for cost

    try:
        open_once(path)
        return load(path)
    except FileNotFoundError:
        raise ArtefactError(str(path), "no such file", "run the rule that makes it: snakemake <this path>") from None
    except (SafetensorError, ValueError, OSError) as error:
        raise of_reading(error, path) or ArtefactError(
            str(path), f"not a whole safetensors file ({error})", "delete the file and run snakemake again"
        ) from None


def rows(frame, names: Iterable[str]) -> Iterator[tuple]:
    """A frame's rows, each as a tuple of these columns.

    By way of arrays: pandas itself takes several times as long to hand out a column of text value by value.
    """
    return zip(*(frame[name].to_numpy(dtype=object).tolist() for name in names), strict=True)


def records(frame) -> list[dict]:
    """A frame's rows as dicts, as ``frame.to_dict("records")`` gives them."""
    names = list(frame.columns)
    return [dict(zip(names, row, strict=True)) for row in rows(frame, names)]
