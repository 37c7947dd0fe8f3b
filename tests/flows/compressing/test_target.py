from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.compressing.target import Figures, Target, parse_target
from infra.errors import RecipeError


def figures(**changed: float | None) -> Figures:
    measured = {"gzip_mb": 2.0, "size_mb": 3.0, "latency_ms": 4.0, "loss": 0.004, "class_loss": 0.05} | changed
    return Figures(**measured)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("", {}),
        ("  ", {}),
        ("size=2MB", {"size": 2.0}),
        ("size=1500kB, file_size=2 MiB", {"size": 1.5, "file_size": 2.097152}),
        ("latency_ms=3,max_loss=0.005,max_class_loss=0", {"latency_ms": 3.0, "max_loss": 0.005, "max_class_loss": 0.0}),
        ("size=1e6B", {"size": 1.0}),
    ],
)
def test_bounds_in_megabytes_milliseconds_and_the_metric(text: str, bounds: dict[str, float]) -> None:
    assert parse_target(text).bounds == pytest.approx(bounds)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("size=2", r"--target size: found '2'; allowed: a number above 0 with one of the units B, kB, KB, MB"),
        ("size=2TB", r"--target size: found '2TB'; allowed: .*units"),
        ("size=-2MB", r"--target size: found '-2MB'; allowed: a number above 0"),
        ("size=0MB", r"--target size: found '0MB'"),
        ("latency_ms=3ms", r"--target latency_ms: found '3ms'; allowed: a number above 0 without a unit"),
        ("latency_ms=0", r"--target latency_ms: found '0'"),
        ("max_loss=-0.1", r"--target max_loss: found '-0\.1'; allowed: a number from 0 without a unit"),
        ("max_loss=nan", r"--target max_loss: found 'nan'"),
        ("max_loss=1e999", r"--target max_loss: found '1e999'"),
        ("max_loss=", r"--target max_loss: found ''"),
        ("speed=3", r"--target: found 'speed=3'; allowed: NAME=VALUE of size, file_size, latency_ms, max_loss, max_cl"),
        ("size", r"--target size: found ''"),
        ("size=1MB,size=2MB", r"--target: found size twice"),
        ("size=1MB,", r"--target: found ''"),
        ("size=1MB;max_loss=0", r"--target size: found '1MB;max_loss=0'"),
    ],
)
def test_a_target_that_is_none_is_told_what_there_is(text: str, told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        parse_target(text)


def test_what_is_missed_is_told_with_its_bound() -> None:
    target = parse_target("size=1MB,file_size=3MB,latency_ms=3.5,max_loss=0.005,max_class_loss=0.02")
    assert target.missed(figures()) == [
        "size 2 MB (at most 1 MB)",
        "latency_ms 4 ms (at most 3.5 ms)",
        "max_class_loss 0.05 (at most 0.02)",
    ]


def test_a_bound_itself_is_kept_and_no_bound_is_kept_by_all() -> None:
    assert parse_target("size=2MB,file_size=3MB,latency_ms=4,max_loss=0.004").missed(figures()) == []
    assert Target().missed(figures(loss=9.0)) == [] and Target().distance(figures()) == (0, 0.0)


@pytest.mark.parametrize("unknown", [None, math.nan])
def test_what_was_not_measured_keeps_no_bound(unknown: float | None) -> None:
    target = parse_target("max_class_loss=1")
    assert target.missed(figures(class_loss=unknown))[0].startswith("max_class_loss n")
    assert target.distance(figures(class_loss=unknown)) == (1, math.inf)


def test_how_far_off_is_relative_to_each_bound_and_no_gain_makes_up_for_it() -> None:
    target = parse_target("size=1MB,latency_ms=8,max_loss=0")
    count, excess = target.distance(figures(loss=0.005))
    assert count == 2 and excess == pytest.approx(1.0 + 0.5)  # twice the size, half a point


@given(st.floats(0.001, 1e6), st.sampled_from(["B", "kB", "MB", "GB"]))
def test_a_size_is_the_same_in_every_unit(megabytes: float, unit: str) -> None:
    factor = {"B": 1e6, "kB": 1e3, "MB": 1.0, "GB": 1e-3}[unit]
    assert parse_target(f"size={megabytes * factor!r}{unit}").bounds["size"] == pytest.approx(megabytes)
