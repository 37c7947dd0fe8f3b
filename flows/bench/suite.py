"""The benchmarks by name, and the page that all of them make."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from flows.bench.report import Report, Row, make_report
from infra.environment import configure
from infra.errors import MachineError, RecipeError

_PACKAGES = ("lepton", "polars", "duckdb", "pandas", "pyspark", "dask", "pyarrow", "narwhals", "datasketch", "rensa")
_TRAINING_PACKAGES = ("lepton", "tensorflow", "tensorflow-model-optimization", "scikit-learn")
_PRIVACY_PACKAGES = ("lepton", "tensorflow", "tensorflow-privacy")
_TRAINING = ("quality", "scaling", "recovery", "compress")
_UNITS = {"": 1, "k": 1_000, "m": 1_000_000}
_CLEAN_ROWS, _GROWTH_ROWS, _BASE_ROWS = 1_000_000, 10_000_000, 1_000_000
_REPEATS = 5


def run_benchmark(name: str, rows: str, repeats: int, engines: Sequence[str], data: str = "") -> Report:
    """Run one benchmark; no rows and no repeats mean its own numbers. `data` is a file, where it needs one.

    Raises:
        RecipeError: the rows are no number, an engine is unknown, or a file is not named.
        MachineError: a peer is not installed.
    """
    from flows.bench.clean import ENGINES

    unknown = [engine for engine in engines if engine not in ENGINES]
    if unknown:
        raise RecipeError("--engines", found=", ".join(unknown), allowed=", ".join(ENGINES), action="Correct it.")
    try:
        return make_report(name, _rows(name, parse_rows(rows), repeats, engines, data), _packages(name))
    except ModuleNotFoundError as error:
        raise MachineError(
            f"benchmark {name}",
            found=f"no package {error.name}",
            allowed="all packages that it measures or compares with",
            action=f"Install it: python -m pip install {str(error.name).partition('.')[0]}",
        ) from error


def _packages(name: str) -> Sequence[str]:
    """Those whose versions the report tells."""
    if name == "dp-speed":
        return _PRIVACY_PACKAGES
    return _TRAINING_PACKAGES if name in _TRAINING else _PACKAGES


def parse_rows(text: str) -> int:
    """A number of rows such as `200k` or `1.5M`; nothing is 0.

    Raises:
        RecipeError: it is none.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([km]?)", text.lower().replace(",", "").replace("_", ""))
    if not found and text:
        raise RecipeError("--rows", found=repr(text), allowed="a number such as 200k, 1M or 10M", action="Correct it.")
    return int(float(found[1]) * _UNITS[found[2]]) if found else 0


def write_page(reports: Sequence[Report], folder: Path) -> None:
    """Write `benchmarks.json`, and the same as `benchmarks.md`."""
    content = [report.model_dump(mode="json") for report in reports]
    (folder / "benchmarks.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    (folder / "benchmarks.md").write_text(_PAGE + "\n".join(map(_section, reports)), encoding="utf-8")


_PAGE = """# Benchmarks

`make bench` writes this page. Each row is a ratio to a peer that ran in turn with ours, on the same machine and input:
the median, and the range of single runs. *Ahead* says whether the ratio reaches its bar; *limit* is what is thought to
be possible. Absolute figures say little beyond this machine.
"""


def _rows(name: str, rows: int, repeats: int, engines: Sequence[str], data: str) -> list[Row]:
    if name == "quality":
        from flows.bench import quality

        return quality.run(data)
    if name == "compress":
        from flows.bench import compress

        return compress.run(data, repeats or compress.REPEATS)
    if name == "scaling":
        from flows.bench import scaling

        return scaling.run(rows or scaling.ROWS, repeats or scaling.REPEATS)
    if name == "recovery":
        from flows.bench import recovery

        return recovery.run(rows or recovery.ROWS, repeats or recovery.REPEATS)
    if name == "dp-speed":
        from flows.bench import dp_speed

        return dp_speed.run(repeats or dp_speed.REPEATS)
    if name == "dedupe":
        from flows.bench import dedupe

        return dedupe.run(rows or dedupe.ROWS, repeats or dedupe.REPEATS)
    if name == "growth":
        from flows.bench import growth

        return growth.run(rows or _GROWTH_ROWS, _BASE_ROWS, engines)
    from flows.bench import clean

    return clean.run(rows or _CLEAN_ROWS, repeats or _REPEATS, engines)


def _section(report: Report) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    head = "| case | peer | ours | theirs | ratio | range | bar | limit | ahead | same output |\n" + "|---" * 10 + "|\n"
    return f"\n## {report.name}\n\n{report.machine}; {versions}.\n\n{head}" + "".join(map(_line, report.rows))


def _line(row: Row) -> str:
    numbers = f"{row.ours:.3g} | {row.theirs:.3g} | {row.ratio:.2f} | {row.low:.2f} to {row.high:.2f}"
    verdicts = f"{row.bar_ahead:g} | {row.bar_limit:g} | {_word(row.ahead)} | {_word(row.same_output)}"
    return f"| {row.case} | {row.peer} | {numbers} | {verdicts} |\n"


def _word(is_so: bool) -> str:
    return "yes" if is_so else "no"


if __name__ == "__main__":
    configure()
    names = sys.argv[2:] or ["clean", "dedupe", "growth", "scaling", "recovery", "compress", "dp-speed"]
    write_page([run_benchmark(name, "", 0, ("polars", "dask", "spark")) for name in names], Path(sys.argv[1]))
