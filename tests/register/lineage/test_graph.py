"""What can be reached, on graphs small enough to draw, and on any graph against matrices."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasks.register.lineage.graph import Edge, Graph, Node

_ORDER = 7


def graph(*edges: tuple[int, int], nodes: int = _ORDER) -> Graph:
    made = {f"run:{n}": Node("run", f"run:{n}", str(n)) for n in range(nodes)}
    return Graph(made, tuple(Edge(f"run:{a}", f"run:{b}", "learned") for a, b in edges))


def ids(*numbers: int) -> set[str]:
    return {f"run:{n}" for n in numbers}


pairs = st.lists(st.tuples(st.integers(0, _ORDER - 1), st.integers(0, _ORDER - 1)), max_size=14)


def closure(edges: list[tuple[int, int]]) -> np.ndarray:
    """Which node leads to which: Warshall's algorithm (JACM 9(1), 1962)."""
    leads = np.zeros((_ORDER, _ORDER), bool)
    for a, b in edges:
        leads[a, b] = True
    for k in range(_ORDER):
        leads |= np.outer(leads[:, k], leads[k])
    return leads


def test_a_diamond_is_reached_once_and_from_both_sides() -> None:
    diamond = graph((0, 1), (0, 2), (1, 3), (2, 3), (4, 3))
    assert diamond.upstream("run:3") == ids(0, 1, 2, 4)
    assert diamond.downstream("run:0") == ids(1, 2, 3)
    assert diamond.upstream("run:0") == diamond.downstream("run:3") == ids()
    assert set(diamond.part(["run:1"]).nodes) == ids(0, 1, 3)
    assert set(diamond.part(["run:1"], up=False).nodes) == ids(1, 3)
    assert [(edge.from_, edge.to) for edge in diamond.part(["run:1"], down=False).edges] == [("run:0", "run:1")]
    assert not diamond.cycles()


def test_what_names_itself_is_told_and_what_comes_after_it_is_not() -> None:
    looped = graph((0, 1), (1, 2), (2, 1), (2, 3), (5, 5))
    assert looped.cycles() == ("run:1", "run:2", "run:5")
    assert looped.upstream("run:3") == ids(0, 1, 2)


@given(pairs)
def test_reach_is_the_transitive_closure(edges: list[tuple[int, int]]) -> None:
    made, leads = graph(*edges), closure(edges)
    for n in range(_ORDER):
        assert made.downstream(f"run:{n}") == ids(*np.flatnonzero(leads[n]))
        assert made.upstream(f"run:{n}") == ids(*np.flatnonzero(leads[:, n]))
    assert set(made.cycles()) == ids(*np.flatnonzero(leads.diagonal()))


@given(pairs, st.sets(st.integers(0, _ORDER - 1), min_size=1))
def test_a_part_answers_as_the_whole_does(edges: list[tuple[int, int]], asked: set[int]) -> None:
    made = graph(*edges)
    part = made.part(ids(*asked))
    for id_ in ids(*asked):
        assert part.upstream(id_) == made.upstream(id_)
        assert part.downstream(id_) == made.downstream(id_)
