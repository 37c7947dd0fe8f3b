"""Connected components of a graph that is spread over files.

Edges are contracted to stars where they lie, and then by turns of large-star and small-star (Kiveris, Lattanzi,
Mirrokni, Rastogi and Vassilvitskii, Connected Components in MapReduce and Beyond, 2014), until nothing changes: then
each row is linked to the smallest of its component.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from tasks.clean.near.hashing import Int64, finish
from tasks.clean.near.stages import Pairs, Saved, Stages, distinct, load_pairs, save_pairs

Files = tuple[Path, ...]
Star = Callable[[Pairs], Pairs]
_EDGES = 1 << 22  # that one task holds: 64 MB, and some times that while it sorts


def contract(edges: Pairs) -> Pairs:
    """Stars with the same components: (row, smallest row of its component) for every other row."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(edges):
        return edges
    rows, places = np.unique(edges, return_inverse=True)
    left, right = places.reshape(edges.shape).T
    graph = coo_array((np.ones(len(edges), bool), (left, right)), shape=(len(rows), len(rows)))
    _, labels = connected_components(graph, directed=False)
    _, smallest = np.unique(labels, return_index=True)
    roots = smallest[labels]
    others = np.flatnonzero(roots != np.arange(len(rows)))
    return np.stack([rows[others], rows[roots[others]]], axis=1)


def large_star(arcs: Pairs) -> Pairs:
    """Link the larger neighbours of every row to its smallest neighbour, or itself. Arcs go both ways."""
    centres, smallest = _smallest(arcs)
    smallest = np.minimum(smallest, centres)
    larger = arcs[:, 1] > arcs[:, 0]
    return distinct(np.stack([arcs[larger, 1], smallest[larger]], axis=1))


def small_star(arcs: Pairs) -> Pairs:
    """Link every row, and its smaller neighbours, to the smallest of these. Arcs go from larger to smaller."""
    centres, smallest = _smallest(arcs)
    links = np.concatenate([np.stack([arcs[:, 1], smallest], axis=1), np.stack([centres, smallest], axis=1)])
    return distinct(links[links[:, 0] != links[:, 1]])


def components(stages: Stages, files: Sequence[Path], count: int, edges_per_task: int = _EDGES) -> list[Files]:
    """Components of the graph whose `count` edges lie in files, as groups of files; see `members`.

    No component is in two groups, and no task holds more than about `edges_per_task`, or one component.
    """
    places = count // edges_per_task + 1
    if places == 1:
        return _by_place(stages.run(1, partial(_contract_files, (tuple(files),), 1, stages.folder / "arcs")), 1)
    spread = stages.run(
        len(files), partial(_contract_files, [(file,) for file in files], places, stages.folder / "arcs")
    )
    arcs, before = _by_place(spread, places), -1
    while True:
        large = stages.run(places, partial(_star, large_star, arcs, stages.folder / "large"))
        arcs_down = _by_place([sent.files for sent in large], places)
        small = stages.run(places, partial(_star, small_star, arcs_down, stages.folder / "small"))
        arcs = _by_place([sent.files for sent in small], places)
        after = sum(sent.checksum for sent in small) % 2**64
        if after == before:
            return arcs
        before = after


def members(arcs: Pairs) -> Pairs:
    """(smallest row, other row) of the components in one of the groups of `components`."""
    return arcs[arcs[:, 0] < arcs[:, 1]]


@dataclass(frozen=True)
class Sent:
    """What a task handed on: files by place, and a sum over all links that tells whether something changed."""

    files: list[Saved]
    checksum: int


def _star(star: Star, arcs: Sequence[Files], folder: Path, place: int) -> Sent:
    links = star(load_pairs(arcs[place]))
    checksum = finish(links[:, 0].astype(np.uint64) ^ finish(links[:, 1].astype(np.uint64))).sum(dtype=np.uint64)
    return Sent(_send(links, star is small_star, len(arcs), folder), int(checksum))


def _contract_files(groups: Sequence[Files], places: int, folder: Path, group: int) -> list[Saved]:
    return _send(contract(load_pairs(groups[group])), True, places, folder)


def _send(links: Pairs, both_ways: bool, places: int, folder: Path) -> list[Saved]:
    """Each link to the place of its first row, and the other way round to that of its second."""
    arcs = np.concatenate([links, links[:, ::-1]]) if both_ways else links
    return save_pairs(arcs, arcs[:, 0] % places, folder)


def _by_place(saved: Sequence[Sequence[Saved]], places: int) -> list[Files]:
    files = defaultdict(list)
    for place, file, _ in chain.from_iterable(saved):
        files[place].append(file)
    return [tuple(files[place]) for place in range(places)]


def _smallest(arcs: Pairs) -> tuple[Int64, Int64]:
    """For each arc its own centre, and the centre's smallest neighbour. Arcs are sorted."""
    centres, begins, lengths = np.unique(arcs[:, 0], return_index=True, return_counts=True)
    return np.repeat(centres, lengths), np.repeat(arcs[begins, 1], lengths)
