"""From the raw version to the clean one: the recipe's rules, in order, on any engine, with equal results."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw

from infra.errors import DataError, LeptonError, RecipeError
from tasks.clean.chain import Chain, FramePass, failure
from tasks.clean.columns import frame_columns
from tasks.clean.config import CleanOptions
from tasks.clean.engines import Engine
from tasks.clean.rules import find_rule
from tasks.clean.rules.rule import Rule
from tasks.clean.settle import Settled, settle
from tasks.data.canonical import Columns
from tasks.data.digest import final_digest
from tasks.data.fingerprint import code_fingerprint
from tasks.data.manifest import Manifest, options_hash
from tasks.data.parts import remove_strays
from tasks.data.references import DatasetRef
from tasks.data.reserved import MARKS
from tasks.data.version import QUARANTINE, ROWS, open_version, writing
from tasks.options import Options

if TYPE_CHECKING:
    import polars as pl

_SCRATCH = "scratch"
_NOTHING: dict[str, str | float] = {"string": "", "float64": 0.0}


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
        frame = _unmarked(engine.read(version.rows))
        chain = Chain(frame, frame_columns(frame), draft.path / _SCRATCH)
        for rule in rules:
            chain = chain.apply(rule, _options_of(rule, options), engine)
        settled = _compute(chain, draft.path, engine, options.rules)
        _check(settled, raw, options.rules)
        shutil.rmtree(draft.path / _SCRATCH, ignore_errors=True)
        kept = {name: kind for name, kind in chain.columns.items() if name not in MARKS}
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


def _unmarked(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """With a null in every mark. Not a literal null with a cast: Dask has no such number."""
    never = nw.col("row_id").is_null()
    marks = {name: nw.when(never).then(nw.lit(_NOTHING[kind])) for name, kind in MARKS.items()}
    return frame.with_columns(mark.alias(name) for name, mark in marks.items())


def _options_of(rule: Rule, options: CleanOptions) -> Options:
    """The recipe's options of a rule. A user's own rule has its defaults."""
    given: Options | None = getattr(options.options, rule.name, None)
    return given or rule.options()


def _compute(chain: Chain, draft: Path, engine: Engine, rules: list[str]) -> Settled:
    try:
        settled = sum(
            engine.map_frames(chain.frame, partial(_settle, chain.run_frame, draft, chain.columns)), Settled()
        )
    except (LeptonError, OSError):
        raise
    except Exception as error:  # engines are lazy: what a rule asked for may fail only here
        raise failure(rules, error) from error
    for name in (ROWS, QUARANTINE):
        remove_strays(draft / name, settled.parts)
    return settled


def _settle(run: FramePass, draft: Path, columns: Columns, part: str, batches: Iterable[pl.DataFrame]) -> Settled:
    return settle(part, map(run, batches), draft, columns)


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
