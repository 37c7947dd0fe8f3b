"""The search for near-duplicates, stage by stage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow.parquet as pq

from infra.progress import Progress, report
from tasks.clean.near.candidates import candidate_pairs
from tasks.clean.near.components import components, contract
from tasks.clean.near.similarity import similarities
from tasks.clean.near.sketches import Method, Sketches, write_sketches
from tasks.clean.near.stages import Saved, Stages, load_pairs, save_pairs
from tasks.clean.near.survivors import VERDICTS, write_verdicts

_BUCKET_ROWS = 1 << 24  # that one task sorts
_COMPARED_ROWS, _COMPARISONS = 50_000, 256  # rows whose pairs one task compares, and how many tasks at most


def find_near_duplicates(
    frame: nw.LazyFrame[Any], method: Method, threshold: float, stages: Stages, into: Path
) -> None:
    """Write the verdicts into a new folder: a row for each row to refuse, see `survivors.VERDICTS`."""
    sketches = _sketch(frame, method, stages)
    _progress(1, f"{sketches.count} rows sketched")
    candidates = _candidates(sketches, method.bands.count, stages)
    _progress(2, f"{sum(count for _, _, count in candidates)} candidates, some more than once")
    edges = _compare(sketches, candidates, threshold, stages)
    _progress(3, f"{sum(count for _, _, count in edges)} near-duplicates")
    groups = components(stages, [file for _, file, _ in edges], sum(count for _, _, count in edges))
    into.mkdir()
    pq.write_table(VERDICTS.empty_table(), into / "none.parquet")
    stages.run(len(groups), partial(write_verdicts, sketches, groups, into))
    _progress(4, "clusters told apart")


def _sketch(frame: nw.LazyFrame[Any], method: Method, stages: Stages) -> Sketches:
    folder = stages.folder / "sketches"
    folder.mkdir()
    parts = stages.engine.map_parts(frame, partial(write_sketches, method, folder, stages.threads))
    return Sketches(folder, tuple(sorted(parts, key=lambda part: part.name)))


def _candidates(sketches: Sketches, bands: int, stages: Stages) -> list[Saved]:
    turns = sketches.count // _BUCKET_ROWS + 1
    folder = stages.folder / "candidates"
    saved = stages.run(bands * turns, partial(_save_candidates, sketches, turns, folder))
    return [entry for entries in saved for entry in entries]


def _save_candidates(sketches: Sketches, turns: int, folder: Path, task: int) -> list[Saved]:
    pairs = candidate_pairs(sketches, *divmod(task, turns), turns)
    rows = max(_COMPARED_ROWS, sketches.count // _COMPARISONS + 1)
    return save_pairs(pairs, pairs[:, 0] // rows, folder)  # neighbours together: their sketches are in one place


def _compare(sketches: Sketches, candidates: Sequence[Saved], threshold: float, stages: Stages) -> list[Saved]:
    files = defaultdict(list)
    for place, file, _ in candidates:
        files[place].append(file)
    groups = [tuple(files[place]) for place in sorted(files)]
    saved = stages.run(len(groups), partial(_save_edges, sketches, groups, threshold, stages.folder / "edges"))
    return [entry for entries in saved for entry in entries]


def _save_edges(
    sketches: Sketches, groups: Sequence[tuple[Path, ...]], threshold: float, folder: Path, group: int
) -> list[Saved]:
    pairs = load_pairs(groups[group])
    stars = contract(pairs[similarities(sketches, pairs) >= threshold])
    return save_pairs(stars, stars[:, 0] * 0, folder)


def _progress(done: int, text: str) -> None:
    report(Progress("clean", done, 4, f"near-duplicates: {text}"))
