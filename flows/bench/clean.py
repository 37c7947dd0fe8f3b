"""From csv to Parquet: ours on each engine, beside the same job written by hand on that engine or for DuckDB, pandas.

The job: read with types, one space between words, drop rows that miss a text or an amount and those with a short text.
Ours also checks a contract, hashes, keys and numbers every row, keeps the raw version, and sets refused rows apart.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset

from flows.bench import peers
from flows.bench.documents import write_csv
from flows.bench.report import Row, measure, time_row
from infra.clusters.dask import dask_cluster
from infra.clusters.spark import spark_session
from infra.settings.clusters import ClusterSettings
from tasks.clean.clean import clean
from tasks.clean.config import CleanOptions
from tasks.clean.engines import Engine
from tasks.data.canonical import canonical_table
from tasks.data.digest import PartialDigest, final_digest, partial_digest
from tasks.data.parts import read_parts
from tasks.data.references import DatasetRef
from tasks.data.version import ROWS, open_version
from tasks.ingest.config import IngestOptions
from tasks.ingest.ingest import ingest
from tasks.ingest.sources.sources import resolve

ENGINES = ("polars", "dask", "spark")
PAYLOAD = ("text", "label", "amount", "visits", "known")
_PEERS = {"polars": ("Polars", "DuckDB", "pandas"), "dask": ("Dask",), "spark": ("PySpark",)}
_BARS, _SHARES = (1.1, 1.0), (0.1, 0.05)
_CLEAN = CleanOptions.model_validate(
    {
        "rules": ["trim", "drop_missing", "drop_short"],
        "options": {
            "trim": {"columns": ["text"]},
            "drop_missing": {"columns": ["text", "amount"]},
            "drop_short": {"columns": ["text"], "minimum_characters": peers.SHORTEST},
        },
    }
)
_CONTRACT = [
    {"name": "text", "nullable": True},
    {"name": "label"},
    {"name": "amount", "type": "number", "nullable": True, "minimum": 0},
    {"name": "visits", "type": "integer", "minimum": 0},
    {"name": "known", "type": "boolean"},
]


def run(rows: int, repeats: int, engines: Sequence[str] = ENGINES) -> list[Row]:
    """Compare on `rows` generated rows; the digests of the payload must be the same."""
    with tempfile.TemporaryDirectory(prefix="lepton-bench-") as folder, open_engines(engines) as opened:
        file, place = Path(folder) / "rows.csv", Path(folder) / "out"
        write_csv(file, rows)
        work: dict[str, Callable[[], Path]] = {}
        work |= {name: partial(_alone, place, engine, file) for name, engine in opened.items()}
        by_hand = peers.jobs(file, place / "by-hand")
        work |= {peer: by_hand[peer] for name in engines for peer in _PEERS[name]}
        measured = measure(work, repeats)
        digests = {name: payload_digest(each.output) for name, each in measured.items()}
        shares = _digest_shares(ingested(file, place / "shares" / "raw"), place / "shares", opened, repeats)
    return [
        time_row(
            f"csv to Parquet, {rows:,} rows, {repeats} runs, {name}",
            peer,
            measured[name].seconds,
            measured[peer].seconds,
            _BARS,
            digests[name] == digests[peer],
        )
        for name in engines
        for peer in _PEERS[name]
    ] + shares


def csv_to_version(file: Path, into: Path, engine: Engine) -> Path:
    """Ours: the raw and the clean version of a file; gives the folder of the clean rows."""
    return Path(cleaned(ingested(file, into / "raw"), into / "clean", engine).path) / ROWS


def ingested(file: Path, into: Path) -> DatasetRef:
    """The raw version of a file."""
    options = IngestOptions.model_validate({"path": str(file), "columns": {"split": "side"}, "contract": _CONTRACT})
    return ingest(options, resolve(options), into)


def cleaned(raw: DatasetRef, into: Path, engine: Engine) -> DatasetRef:
    """The clean version of a raw one."""
    return clean(_CLEAN, raw, into, engine)


@contextmanager
def open_engines(names: Sequence[str]) -> Iterator[dict[str, Engine]]:
    """The engines of these names, ready; peers find the same Spark session and the same Dask."""
    settings, engines = ClusterSettings(), dict[str, Engine]()
    with ExitStack() as stack:
        for name in names:
            if name == "spark":
                from tasks.clean.engines.spark import SparkEngine

                engines[name] = SparkEngine(stack.enter_context(spark_session(settings)))
            elif name == "dask":
                from tasks.clean.engines.dask import DaskEngine

                stack.enter_context(dask_cluster(settings))
                engines[name] = DaskEngine()
            else:
                from tasks.clean.engines.polars import PolarsEngine

                engines[name] = PolarsEngine()
        yield engines


def _alone(place: Path, engine: Engine, file: Path) -> Path:
    """Into an empty folder: versions that are there already would stand, and pile up."""
    shutil.rmtree(place / engine.name, ignore_errors=True)
    return csv_to_version(file, place / engine.name, engine)


def _digest_shares(raw: DatasetRef, place: Path, engines: dict[str, Engine], repeats: int) -> list[Row]:
    """The digest of the clean rows, alone in one thread, beside the whole clean: at most its share of the wall time."""
    seconds, digests = list[float](), list[str]()
    versions: dict[str, DatasetRef] = {}

    def clean_with(name: str) -> None:
        shutil.rmtree(place / name, ignore_errors=True)
        versions[name] = cleaned(raw, place / name, engines[name])

    def digest() -> None:
        version = open_version(next(iter(versions.values())))
        took, total = 0.0, PartialDigest()
        for table in read_parts(version.rows):
            start = time.perf_counter()
            total += partial_digest(table)
            took += time.perf_counter() - start
        seconds.append(took)
        digests.append(final_digest(version.manifest.columns, [total]))

    work: dict[str, Callable[[], None]] = {name: partial(clean_with, name) for name in engines}
    measured = measure(work | {"": digest}, repeats)
    return [
        time_row(
            f"digest of {raw.rows_out:,} rows, share of the clean, {repeats} runs, {name}",
            "the clean",
            seconds[1:],  # as `measure` leaves out the first round
            measured[name].seconds,
            _SHARES,
            set(digests) == {versions[name].digest},
        )
        for name in engines
    ]


def payload_digest(folder: Path) -> PartialDigest:
    """The digest of what all jobs write, over the columns that all have."""
    batches = pyarrow.dataset.dataset(folder, format="parquet").to_batches(columns=list(PAYLOAD))
    tables = (canonical_table(pa.Table.from_batches([batch])) for batch in batches)
    return sum(map(partial_digest, tables), PartialDigest())
