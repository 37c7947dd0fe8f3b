"""Where things stand in the picture, and that nobody's name becomes part of the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tasks.register.lineage.assembly import Records, assemble
from tasks.register.lineage.graph import Edge, Graph, Node
from tasks.register.lineage.layout import BOX, depths, draw
from tasks.register.lineage.page import page
from tests.register.lineage.home import RAW, manifest, records, write_version

_MANY = 9
pairs = st.lists(st.tuples(st.integers(0, _MANY - 1), st.integers(0, _MANY - 1)), max_size=16)


def graph(edges: list[tuple[int, int]]) -> Graph:
    nodes = {str(n): Node("run", str(n), str(n)) for n in range(_MANY)}
    return Graph(nodes, tuple({Edge(str(a), str(b), "learned") for a, b in edges}))


@given(pairs)
def test_boxes_do_not_overlap_and_lie_within_the_picture(edges: list[tuple[int, int]]) -> None:
    drawing = draw(graph(edges))
    assert len(drawing.boxes) == _MANY and len(drawing.curves) == len(set(edges))
    for place, one in enumerate(drawing.boxes):
        assert BOX[0] / 2 <= one.x <= drawing.width - BOX[0] / 2
        assert BOX[1] / 2 <= one.y <= drawing.height - BOX[1] / 2
        for other in drawing.boxes[:place]:
            assert abs(one.x - other.x) >= BOX[0] or abs(one.y - other.y) >= BOX[1]


@given(pairs)
def test_what_came_of_something_is_below_it(edges: list[tuple[int, int]]) -> None:
    forwards = [(a, b) for a, b in edges if a < b]
    depth = depths(graph(forwards))
    assert all(depth[str(a)] < depth[str(b)] for a, b in forwards)


def test_a_page_names_all_and_runs_nothing(tmp_path: Path) -> None:
    home = records(tmp_path)
    evil = '<script>alert("1")</script>.csv'
    odd = write_version(tmp_path, "x", manifest("d" * 64, {evil: "e" * 64}, RAW))
    made = assemble(replace(home, versions=(*home.versions, odd)))
    text = page(made, "m", ["models:/m/1"], ["a < b"])
    assert "<script" not in text and "&lt;script&gt;" in text and "a &lt; b" in text
    assert all(f">{node.label}<" in text for node in made.nodes.values() if node.label != evil)
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert text.count("marker-end") == len(made.edges)


def test_too_many_are_listed_and_not_drawn() -> None:
    many = {str(n): Node("run", str(n), f"run {n}") for n in range(300)}
    text = page(Graph(many, ()), "all", [])
    assert "<svg" not in text and "run 299" in text


def test_an_empty_home_has_an_empty_page() -> None:
    assert "0 things" in page(assemble(Records(())), "nothing", [])
