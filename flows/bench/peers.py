"""The job of the benchmark `clean` as one would write it by hand for each library: from csv to a folder of Parquet."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SHORTEST = 3
_COLUMNS = ("text", "label", "side", "amount", "visits", "known")


def jobs(file: Path, folder: Path) -> dict[str, Callable[[], Path]]:
    """A job for each library, each writing into a folder of its own below `folder`."""
    made = {"Polars": _polars, "DuckDB": _duckdb, "pandas": _pandas, "Dask": _dask, "PySpark": _pyspark}

    def job(name: str) -> Callable[[], Path]:
        def run() -> Path:
            place = folder / name
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            made[name](file, place)
            return place

        return run

    return {name: job(name) for name in made}


def _polars(file: Path, folder: Path) -> None:
    import polars as pl

    types = {"text": pl.String, "label": pl.String, "amount": pl.Float64, "visits": pl.Int64, "known": pl.Boolean}
    text = pl.col("text").str.replace_all(r"\s+", " ").str.strip_chars()
    rows = pl.scan_csv(file, schema_overrides=types).with_columns(text)
    kept = rows.filter(pl.col("amount").is_not_null(), pl.col("text").str.len_chars() >= SHORTEST)
    kept.sink_parquet(folder / "rows.parquet")


def _duckdb(file: Path, folder: Path) -> None:
    import duckdb

    types = "{'text': 'VARCHAR', 'label': 'VARCHAR', 'side': 'VARCHAR', 'amount': 'DOUBLE', 'visits': 'BIGINT', "
    types += "'known': 'BOOLEAN'}"
    duckdb.sql(
        f"""
        COPY (
            SELECT * FROM (
                SELECT trim(regexp_replace(text, '\\s+', ' ', 'g')) AS text, label, side, amount, visits, known
                FROM read_csv('{file}', header = true, columns = {types})
            )
            WHERE amount IS NOT NULL AND length(text) >= {SHORTEST}
        ) TO '{folder}/rows.parquet' (FORMAT parquet, COMPRESSION zstd)
        """
    )


def _cleaned(rows: pd.DataFrame) -> pd.DataFrame:
    text = rows["text"].str.replace(r"\s+", " ", regex=True).str.strip()
    return rows.assign(text=text)[rows["amount"].notna() & (text.str.len() >= SHORTEST).fillna(False)]


def _pandas(file: Path, folder: Path) -> None:
    import pandas as pd

    types = {"text": "string[pyarrow]", "label": "string[pyarrow]", "side": "string[pyarrow]"}
    _cleaned(pd.read_csv(file, dtype=types, engine="c")).to_parquet(folder / "rows.parquet", compression="zstd")


def _dask(file: Path, folder: Path) -> None:
    import dask.dataframe as dd

    types = {"text": "string[pyarrow]", "label": "string[pyarrow]", "side": "string[pyarrow]"}
    rows = dd.read_csv(file, dtype=types)
    rows.map_partitions(_cleaned).to_parquet(folder, compression="zstd", write_index=False)


def _pyspark(file: Path, folder: Path) -> None:
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as f

    session = SparkSession.getActiveSession() or SparkSession.builder.getOrCreate()
    types = "text string, label string, side string, amount double, visits bigint, known boolean"
    rows = session.read.csv(str(file), schema=types, header=True, escape='"', multiLine=False)
    cleaned = rows.withColumn("text", f.trim(f.regexp_replace("text", r"\s+", " ")))
    kept = cleaned.filter(f.col("amount").isNotNull() & (f.length("text") >= SHORTEST))
    kept.write.mode("overwrite").option("compression", "zstd").parquet(str(folder))
