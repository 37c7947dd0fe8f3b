"""From the raw version to the clean one: the recipe's rules, in order, on any engine, with equal results."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa

from infra.errors import DataError, LeptonError, RecipeError
from tasks.clean.columns import frame_columns
from tasks.clean.config import CleanOptions
from tasks.clean.engines import Engine
from tasks.clean.rules import find_rule
from tasks.clean.rules.rule import Rule
from tasks.clean.settle import Settled, settle
from tasks.data.canonical import arrow_schema, canonical_table, column_types
from tasks.data.digest import final_digest
from tasks.data.fingerprint import code_fingerprint
from tasks.data.manifest import Manifest, options_hash
from tasks.data.parts import part_files
from tasks.data.references import DatasetRef
from tasks.data.reserved import REFUSED, RESERVED
from tasks.data.version import open_version, writing
from tasks.options import Options

_MARKED = "marked"


def clean(options: CleanOptions, raw: DatasetRef, into: Path, engine: Engine) -> DatasetRef:
    """Write the clean version of `raw` into the data set's folder `into`.

    Raises:
        RecipeError: a rule is unknown, fails, or loses rows.
        DataError: no row is left.
        MachineError: `into` can't be written.
    """
    rules = [find_rule(name) for name in options.rules]
    version = open_version(raw)
    with writing(into) as draft:
        frame = engine.read(version.rows)
        frame = frame.with_columns(nw.lit(None).cast(nw.String).alias(REFUSED))
        for rule in rules:
            frame = _apply(rule, _options_of(rule, options), frame, engine)
        columns = frame_columns(frame)
        _compute(frame, draft.path / _MARKED, engine, options.rules)
        files = part_files(draft.path / _MARKED)
        settled = sum(engine.map_files(partial(settle, version=draft.path, columns=columns), files), Settled())
        shutil.rmtree(draft.path / _MARKED)
        _check(settled, raw, options.rules)
        kept = {name: kind for name, kind in columns.items() if name != REFUSED}
        manifest = Manifest(
            digest=final_digest(kept, [settled.digest]),
            columns=kept,
            rows_in=raw.rows_out,
            rows_out=settled.digest.count,
            quarantined=dict(sorted(settled.reasons.items())),
            recipe_hash=options_hash(options),
            code_hash=code_fingerprint([__name__, *options.modules()]),
            parents=(raw.digest,),
            engine=engine.name,
        )
        return draft.publish(manifest)


def _options_of(rule: Rule, options: CleanOptions) -> Options:
    """The recipe's options of a rule. A user's own rule has its defaults."""
    given: Options | None = getattr(options.options, rule.name, None)
    return given or rule.options()


def _apply(rule: Rule, options: Options, frame: nw.LazyFrame[Any], engine: Engine) -> nw.LazyFrame[Any]:
    try:
        frame = rule.function(frame, options) if rule.kind == "frame" else _apply_batch(rule, options, frame, engine)
        names = frame.collect_schema().names()
    except LeptonError:
        raise
    except Exception as error:  # a rule is anybody's code
        raise _failure([rule.name], error) from error
    lost = [name for name in RESERVED if name not in names]
    if lost:
        raise RecipeError(
            f"cleaning rule {rule.name!r}",
            found=f"a frame without {', '.join(lost)}",
            allowed="rules that keep the reserved columns",
            action="Let the rule keep all columns that it does not own.",
        )
    return frame


def _apply_batch(rule: Rule, options: Options, frame: nw.LazyFrame[Any], engine: Engine) -> nw.LazyFrame[Any]:
    """A run on no rows tells the columns that the rule gives."""
    empty = arrow_schema(frame_columns(frame)).empty_table()
    columns = column_types(canonical_table(rule.function(empty, options)).schema)
    return engine.map_batches(frame, partial(_run_batch, rule, options, arrow_schema(columns)), columns)


def _run_batch(rule: Rule, options: Options, schema: pa.Schema, batch: pa.Table) -> pa.Table:
    return canonical_table(rule.function(batch, options)).cast(schema)


def _compute(frame: nw.LazyFrame[Any], folder: Path, engine: Engine, rules: Sequence[str]) -> None:
    try:
        engine.write(frame, folder)
    except (LeptonError, OSError):
        raise
    except Exception as error:  # engines are lazy: what a rule asked for may fail only here
        raise _failure(rules, error) from error


def _check(settled: Settled, raw: DatasetRef, rules: Sequence[str]) -> None:
    found = settled.digest.count + settled.reasons.total()
    if found != raw.rows_out:
        raise RecipeError(
            f"cleaning rules {', '.join(rules)}",
            found=f"{found} rows where {raw.rows_out} came in",
            allowed="rules that mark rows and never remove or add one",
            action="Use refuse() of tasks.clean.rules.refusal in place of a filter.",
        )
    if not settled.digest.count:
        raise DataError(
            f"cleaning rules {', '.join(rules)}",
            found=f"every row refused: {dict(settled.reasons.most_common(3))}",
            allowed="at least one row left",
            action="Look into the raw data, or loosen clean.options.",
        )


def _failure(rules: Sequence[str], error: Exception) -> RecipeError:
    lines = str(error).strip().splitlines() or [""]
    return RecipeError(
        f"cleaning rule{'s' if len(rules) > 1 else ''} {', '.join(rules)}",
        found=f"{type(error).__name__}: {lines[0]}",
        allowed="rules that run on this data",
        action="Mend the rule or its options.",
    )
