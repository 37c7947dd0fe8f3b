"""Points that are sent while nobody waits, and a server that is away for a while."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from tasks.train.curves import Point
from tasks.train.outbox import Outbox


def points(*steps: int) -> list[Point]:
    return [Point("loss", step, 0.0, 0) for step in steps]


class Server:
    """Takes points, once it is up."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.got: list[int] = []
        self.sizes: list[int] = []
        self.told = threading.Event()

    def __call__(self, sent: Sequence[Point]) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("connection refused")
        self.got += [point.step for point in sent]
        self.sizes.append(len(sent))
        self.told.set()


def test_points_arrive_while_the_training_goes_on() -> None:
    server = Server()
    outbox = Outbox(server, seconds_between=0.01)
    outbox.put(points(1, 2))
    assert server.told.wait(10)
    assert server.got == [1, 2]
    outbox.put(points(3))
    outbox.close()
    assert server.got == [1, 2, 3]


def test_a_server_that_was_away_misses_nothing_and_gets_nothing_twice() -> None:
    server = Server(failures=3)
    outbox = Outbox(server, seconds_between=0.01)
    outbox.put(points(1))
    outbox.put(points(2))
    assert server.told.wait(10)
    outbox.close()
    assert server.got == [1, 2]


def test_many_points_go_in_several_calls() -> None:
    server = Server()
    outbox = Outbox(server, seconds_between=60)
    outbox.put(points(*range(2500)))
    outbox.close()  # it does not wait for the minute to pass
    assert server.got == list(range(2500))
    assert server.sizes == [1000, 1000, 500]


def test_what_could_not_be_sent_in_the_end_is_an_error() -> None:
    outbox = Outbox(Server(failures=9), seconds_between=60)
    outbox.put(points(1))
    with pytest.raises(OSError, match="connection refused"):
        outbox.close()
