"""Components over files equal those of the whole graph, however little a task holds."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.clean.engines.polars import PolarsEngine
from tasks.clean.near.components import components, contract, large_star, members, small_star
from tasks.clean.near.stages import Pairs, Stages, distinct, load_pairs, save_pairs

EDGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(lambda edge: edge[0] != edge[1]), max_size=40)


def stars(edges: Pairs) -> set[tuple[int, int]]:
    """(smallest, other) of each component, by joining sets one edge at a time."""
    component = {row: {row} for row in edges.ravel().tolist()}
    for one, other in edges.tolist():
        joined = component[one] | component[other]
        component |= dict.fromkeys(joined, joined)
    return {(min(rows), row) for row, rows in component.items() if row != min(rows)}


def as_pairs(edges: list[tuple[int, int]]) -> Pairs:
    return np.array(edges, np.int64).reshape(-1, 2)


@given(EDGES)
def test_contraction(edges: list[tuple[int, int]]) -> None:
    pairs = as_pairs(edges)
    assert set(map(tuple, contract(pairs)[:, ::-1].tolist())) == stars(pairs)


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(EDGES, st.integers(1, 40))
def test_components_of_edges_in_many_files(edges: list[tuple[int, int]], edges_per_task: int) -> None:
    pairs = as_pairs(edges)
    with tempfile.TemporaryDirectory() as name:
        stages = Stages(PolarsEngine(), Path(name))
        files = [file for _, file, _ in save_pairs(pairs, np.arange(len(pairs)) % 3, stages.folder / "edges")]
        groups = components(stages, files, len(pairs), edges_per_task)
        found = [set(map(tuple, members(load_pairs(group)).tolist())) for group in groups]
    assert set().union(*found) == stars(pairs)
    roots = [{root for root, _ in some} for some in found]
    assert sum(map(len, roots)) == len(set().union(*roots))  # no component is in two groups


def test_a_long_path_takes_few_rounds() -> None:
    """The paper proves log^2 rounds for these turns; a path is the worst that they met."""
    path = np.stack([np.arange(1, 1000), np.arange(999)], axis=1)
    random = np.random.default_rng(0).permutation(1000)
    edges = np.sort(random[path], axis=1)[:, ::-1]
    for _ in range(12):
        edges = small_star(large_star(distinct(np.concatenate([edges, edges[:, ::-1]]))))
    assert (edges[:, 1] == 0).all() and len(edges) == 999
