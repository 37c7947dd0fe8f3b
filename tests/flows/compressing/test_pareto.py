from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flows.compressing.pareto import Entrant, dominates, front, pick
from flows.compressing.target import Figures, parse_target

COORDINATES = st.integers(0, 4).map(float)
POINTS = st.lists(st.tuples(COORDINATES, COORDINATES, COORDINATES), max_size=12)


def entrant(name: str, size: float, latency: float = 1.0, loss: float = 0.0, passed: bool = True) -> Entrant:
    return Entrant(name, Figures(gzip_mb=size, size_mb=size, latency_ms=latency, loss=loss), passed)


def test_a_front_by_hand() -> None:
    points = [(4.0, 4.0, 0.0), (2.0, 2.0, 1.0), (2.0, 3.0, 1.0), (1.0, 5.0, 2.0), (2.0, 2.0, 1.0)]
    assert front(points) == [True, True, False, True, True]


@given(POINTS)
def test_who_is_off_the_front_is_dominated_by_one_on_it_and_nobody_on_it_by_any(
    points: list[tuple[float, ...]],
) -> None:
    on = front(points)
    best = [point for point, is_on in zip(points, on, strict=True) if is_on]
    assert bool(best) == bool(points)
    for point, is_on in zip(points, on, strict=True):
        assert is_on == (not any(dominates(other, point) for other in best))


@given(POINTS, st.randoms(use_true_random=False))
def test_the_front_does_not_depend_on_the_order(points: list[tuple[float, ...]], random: object) -> None:
    shuffled = points.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    kept = [
        sorted(point for point, is_on in zip(some, front(some), strict=True) if is_on) for some in (points, shuffled)
    ]
    assert kept[0] == kept[1]


def test_the_smallest_within_the_target_is_picked_then_the_fastest() -> None:
    children = [
        entrant("big", 3.0),
        entrant("slow", 2.0, 5.0),
        entrant("fast", 2.0, 3.0),
        entrant("bad", 1.0, loss=0.1),
    ]
    picked = pick(children, parse_target("size=4MB,max_loss=0.01"))
    assert picked is not None and picked.name == "fast"
    without_bounds = pick(children, parse_target(""))
    assert without_bounds is not None and without_bounds.name == "bad"


def test_one_that_passed_the_gate_goes_before_a_smaller_one_that_did_not() -> None:
    children = [entrant("small", 1.0, passed=False), entrant("passed", 2.0), entrant("far", 0.1, 9.0)]
    target = parse_target("latency_ms=3")
    picked = pick(children, target)
    assert picked is not None and picked.name == "passed"
    failed = pick([children[0], children[2]], target)
    assert failed is not None and failed.name == "small"


def test_if_none_keeps_the_target_the_closest_is_named() -> None:
    children = [entrant("two-missed", 1.1, 9.0), entrant("nearer", 1.2, 1.0), entrant("further", 1.5, 1.0)]
    picked = pick(children, parse_target("size=1MB,latency_ms=2"))
    assert picked is not None and picked.name == "nearer"
    assert pick([], parse_target("size=1MB")) is None
