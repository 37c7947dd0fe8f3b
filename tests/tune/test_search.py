"""The search on real studies, its trials trained by processes that are as fast as can be."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.errors import DataError, MachineError, RecipeError, TrainingError
from infra.processes import Event
from tasks.tune.running import Limits
from tasks.tune.search import FAILURES, REFUSALS, Search
from tasks.tune.trials import CUT, OWNER, REASON, RETRY_OF, SAME_AS, Draw, Trials, has_ended
from tests.tune.conftest import EPOCHS, Log, Searching, Training, open_trials, quality, trains, tune_options

RATE = "train.optimizer.learning_rate"
OWN: dict[str, float | int | str] = {RATE: 1e-5, "train.encoder.frozen_layers": 4, "train.batch_size": "32"}
ALL = "none"  # of the pruners: all trials come to their end


def states(book: Trials) -> list[str]:
    return [trial.state.name for trial in book.all()]


def test_it_begins_with_the_recipes_own_options_and_finds_better_ones(searching: Searching) -> None:
    book, log, finished = searching(tune_options(pruner=ALL, random_trials=5), trials=16, own=OWN)
    assert finished
    assert states(book) == ["COMPLETE"] * 16
    assert book.all()[0].params == OWN
    assert book.own() == book.all()[0]
    best = book.best()
    assert best is not None and best.value is not None
    assert best.value == max(trial.value or 0 for trial in book.all())
    assert best.value > 0.9 > 0.7 > (book.all()[0].value or 0)
    assert sorted(log.said)[:16] == [("ended", number) for number in range(16)]


def test_less_of_a_loss_is_better(searching: Searching) -> None:
    def events(values: Mapping[str, str]) -> list[Event]:
        measured = {"val_loss": 1 - quality(values)}
        return [{"metrics": {"step": 1, **measured}}, {"result": measured}]

    book, _, _ = searching(tune_options(metric="val_loss", pruner=ALL), trials=5, events=events)
    best = book.best()
    assert best is not None
    assert best.value == min(trial.value or 9 for trial in book.all())


def test_the_same_seed_gives_the_same_trials_also_where_the_search_was_stopped_between(
    searching: Searching, folder: Path
) -> None:
    whole, _, _ = searching(tune_options(random_trials=2), trials=8)
    for trials in (3, 4, 8):
        book = open_trials(folder / "in-parts", tune_options(random_trials=2))
        book.begin({})
        Search(book, lambda draw, _: Training(trains(draw.values)), [], Limits(trials, 1, 60)).run()
    assert [(one.params, one.state, one.value) for one in book.all()] == [
        (one.params, one.state, one.value) for one in whole.all()
    ]


def test_a_trial_that_falls_behind_is_stopped_at_once(searching: Searching) -> None:
    book, log, finished = searching(trials=12)
    pruned = [trial for trial in book.all() if trial.state.name == "PRUNED"]
    assert finished and len(pruned) >= 3
    for trial in pruned:
        assert 1 <= len(trial.intermediate_values) < 4
        assert log.processes[trial.number].stopped
        assert log.said.count(("measured", trial.number)) == len(trial.intermediate_values)
    best = book.best()
    assert best is not None and len(best.intermediate_values) == 4


def test_a_trial_that_is_behind_after_its_last_epoch_came_to_its_end(searching: Searching) -> None:
    def events(values: Mapping[str, str]) -> list[Event]:
        measured = {"val_accuracy": quality(values)}
        progress = {"progress": {"done": 40, "total": 40, "text": ""}}
        return [progress, {"metrics": {"step": 40, **measured}}, {"result": measured}]

    book, _, _ = searching(events=events, trials=6)
    assert states(book) == ["COMPLETE"] * 6


def test_so_many_run_at_a_time_and_no_more(folder: Path) -> None:
    book, slots, most = open_trials(folder, tune_options()), set[int](), 0

    class Counting(Log):
        def started(self, draw: Draw) -> None:
            nonlocal most
            most = max(most, book.counts()[1])

    def start(draw: Draw, slot: int) -> Training:
        slots.add(slot)
        return Training(trains(draw.values))

    Search(book, start, [Counting()], Limits(7, 3, 60)).run()
    assert book.counts()[0] == 7
    assert slots == {0, 1, 2} and most == 3


def test_more_trials_go_on_with_the_study(searching: Searching) -> None:
    searching(trials=2)
    book, log, _ = searching(trials=5)
    assert len(book.all()) == 5
    assert sorted(log.processes) == [2, 3, 4]
    _, log, finished = searching(trials=5)
    assert finished and log.said == []


def test_the_same_values_are_not_trained_twice(searching: Searching) -> None:
    space = [{"option": "train.batch_size", "choices": ["16", "32"]}]
    options = tune_options(space=space, pruner=ALL)

    def events(values: Mapping[str, str]) -> list[Event]:
        measured = {"val_accuracy": 1 / int(values["train.batch_size"])}
        return [{"metrics": {"step": 1, **measured}}, {"result": measured}]

    book, log, finished = searching(options, events=events, trials=8)
    assert finished and len(log.processes) == 2
    repeated = [trial for trial in book.all() if SAME_AS in trial.user_attrs]
    assert len(repeated) == 6
    assert all(trial.value == book.all()[trial.user_attrs[SAME_AS]].value for trial in repeated)


def test_the_same_values_wait_for_the_ones_that_are_being_trained(folder: Path) -> None:
    space = [{"option": "train.batch_size", "choices": ["16", "32"]}]
    book, begun = open_trials(folder, tune_options(space=space, pruner=ALL)), Counter[str]()

    class Slow(Training):
        def read(self) -> Any:
            time.sleep(0.2)
            yield from super().read()

    def start(draw: Draw, slot: int) -> Training:
        size = draw.values["train.batch_size"]
        begun[size] += 1
        return Slow([{"result": {"val_accuracy": 1 / int(size)}}])

    assert Search(book, start, [], Limits(9, 3, 60)).run()
    assert begun == {"16": 1, "32": 1} and states(book) == ["COMPLETE"] * 9
    assert [trial.value for trial in book.all()] == [1 / int(one.params["train.batch_size"]) for one in book.all()]


def test_what_waits_for_the_same_values_is_cut_off_with_them_and_goes_on_later(folder: Path) -> None:
    class Endless(Training):
        def read(self) -> Any:
            while not self.stopped:
                time.sleep(0.01)
            yield from ()

    space = [{"option": "train.batch_size", "choices": ["16", "32"]}]
    book = open_trials(folder, tune_options(space=space, pruner=ALL))
    assert not Search(book, lambda draw, _: Endless([]), [], Limits(6, 3, 0.5)).run()
    assert all(trial.user_attrs.get(CUT) for trial in book.all())
    book.begin({})
    done: list[Event] = [{"result": {"val_accuracy": 0.5}}]
    assert Search(book, lambda draw, _: Training(done), [], Limits(6, 3, 60)).run()
    assert book.counts() == (6, 0)


def test_a_search_without_time_has_not_finished(searching: Searching) -> None:
    assert not searching(trials=1, seconds=0)[2]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_listener_that_breaks_is_a_process_that_is_lost(folder: Path) -> None:
    class Broken(Training):
        def read(self) -> Any:
            raise TypeError("its pipe")

    book = open_trials(folder, tune_options())
    with pytest.raises(TrainingError, match="trials in a row whose process was killed"):
        Search(book, lambda draw, _: Broken([]), [], Limits(20, 1, 20)).run()


def test_when_time_is_up_all_stop_and_a_later_search_goes_on_with_them(searching: Searching) -> None:
    class Endless(Training):
        def read(self) -> Any:
            yield {"metrics": {"step": 1, "val_accuracy": 0.5}}
            while not self.stopped:
                time.sleep(0.01)

    def search(book: Trials, kind: type[Training], seconds: float) -> float:
        book.begin({})
        began = time.monotonic()
        Search(book, lambda draw, _: kind(trains(draw.values)), [], Limits(3, 2, seconds)).run()
        return time.monotonic() - began

    book, _, _ = searching(tune_options(pruner=ALL), trials=1)
    assert 1.0 < search(book, Endless, 1.0) < 5.0  # it would go on for ever
    cut = [trial for trial in book.all() if trial.user_attrs.get(CUT)]
    assert [trial.state.name for trial in cut] == ["PRUNED", "PRUNED"]
    assert book.counts()[0] == 1
    search(book, Training, 60)
    retried = {trial.user_attrs[RETRY_OF]: trial for trial in book.all() if RETRY_OF in trial.user_attrs}
    assert {number: trial.params for number, trial in retried.items()} == {one.number: one.params for one in cut}
    assert all(has_ended(trial) for trial in retried.values())
    assert book.counts()[0] == 3 and len(book.all()) == 5


def test_what_a_kill_left_running_is_failed_and_done_again_with_its_values(folder: Path) -> None:
    book = open_trials(folder, tune_options())
    left = [book.ask(), book.ask()]
    again = open_trials(folder, tune_options())
    again.begin({})
    again.begin({})  # killed once more before it did anything
    assert states(again) == ["FAIL", "FAIL", "WAITING", "WAITING"]
    Search(again, lambda draw, _: Training(trains(draw.values)), [], Limits(3, 1, 60)).run()
    assert [trial.user_attrs.get(RETRY_OF) for trial in again.all()] == [None, None, 0, 1, None]
    assert [trial.params for trial in again.all()[2:4]] == [again.all()[one.number].params for one in left]
    assert again.counts()[0] == 3


def test_what_is_killed_every_time_counts_as_failed_in_the_end(folder: Path) -> None:
    for _ in range(3):
        book = open_trials(folder, tune_options())
        book.begin({})
        book.ask()
    book = open_trials(folder, tune_options())
    book.begin({})
    assert states(book) == ["FAIL"] * 3
    assert book.counts()[0] == 1


def test_a_process_that_is_killed_is_tried_again_and_not_for_ever(searching: Searching) -> None:
    with pytest.raises(TrainingError, match=r"5 trials in a row whose process was killed; its log ends: its last line"):
        searching(events=lambda values: [])
    book, _, _ = searching(trials=3)
    assert book.counts()[0] == 3


def test_a_training_that_fails_is_a_failed_trial(searching: Searching) -> None:
    failing = TrainingError("loss", found="nan", allowed="a number", action="Lower the rate.").to_dict()

    def events(values: Mapping[str, str]) -> list[Event]:
        return [failing] if values["train.batch_size"] == "16" else trains(values)

    book, _, finished = searching(tune_options(pruner=ALL), events=events, trials=8)
    failed = [trial for trial in book.all() if trial.state.name == "FAIL"]
    assert finished and 0 < len(failed) < 8
    assert {trial.params["train.batch_size"] for trial in failed} == {"16"}
    assert {trial.user_attrs[REASON] for trial in failed} == {"loss: found nan; allowed: a number. Lower the rate."}


def test_where_nothing_can_be_trained_the_search_ends_with_the_reason(searching: Searching) -> None:
    failing = TrainingError("loss", found="nan", allowed="a number", action="Lower the rate.").to_dict()
    with pytest.raises(TrainingError, match="loss: found nan"):
        searching(events=lambda values: [failing], trials=20)
    book, _, _ = searching(trials=1)
    assert states(book) == ["FAIL"] * FAILURES


def test_what_no_point_would_mend_ends_the_search_at_once(searching: Searching) -> None:
    broken = MachineError("disk", found="no room", allowed="some", action="Free some.").to_dict()
    with pytest.raises(MachineError, match="disk: found no room"):
        searching(events=lambda values: [broken], trials=20)
    book, _, finished = searching(trials=2)  # once there is room
    assert finished and [trial.user_attrs.get(RETRY_OF) for trial in book.all()] == [None, 0, None]


def test_a_value_that_is_no_number_is_a_failed_trial(searching: Searching) -> None:
    nan = [{"metrics": {"step": 1, "val_accuracy": 0.5}}, {"result": {"val_accuracy": float("nan")}}]
    book, _, _ = searching(tune_options(pruner=ALL), events=lambda values: nan, trials=1)
    assert book.all()[0].user_attrs[REASON].startswith("val_accuracy: found nan; allowed: a finite number.")


def test_values_that_are_no_numbers_end_the_search_like_other_failures(searching: Searching) -> None:
    with pytest.raises(TrainingError, match="val_accuracy: found nan"):
        searching(events=lambda values: [{"result": {"val_accuracy": float("nan")}}], trials=20)


def behind(folder: Path) -> Trials:
    """A study whose trials are all behind that measure less than nothing."""
    from optuna.pruners import ThresholdPruner

    book = open_trials(folder, tune_options())
    book.study.pruner = ThresholdPruner(lower=0.0)
    return book


def test_only_failures_in_a_row_end_a_search_and_a_pruned_trial_is_none(folder: Path) -> None:
    failing = TrainingError("loss", found="nan", allowed="a number", action="Lower the rate.").to_dict()
    bad: Event = {"metrics": {"step": 1, "val_accuracy": -9.0}}
    book = behind(folder)

    def start(draw: Draw, slot: int) -> Training:  # by turns four that fail, and one behind
        return Training([bad] if draw.number % 5 == 4 else [failing])

    assert Search(book, start, [], Limits(10, 1, 60)).run()
    assert states(book) == [*["FAIL"] * 4, "PRUNED"] * 2


def test_what_is_too_much_for_the_machine_fails_its_trial_only(searching: Searching) -> None:
    large = MachineError("train.batch_size", found="32, no memory", allowed="less", action="Lower it.").to_dict()

    def events(values: Mapping[str, str]) -> list[Event]:
        return [large] if values["train.batch_size"] == "32" else trains(values)

    book, _, finished = searching(tune_options(pruner=ALL), events=events, trials=6)
    failed = {trial.params["train.batch_size"] for trial in book.all() if trial.state.name == "FAIL"}
    assert finished and failed == {"32"}


def test_the_recipes_own_trial_comes_to_its_end_though_it_is_behind(folder: Path) -> None:
    book = behind(folder)
    book.begin(OWN)
    bad: list[Event] = [{"metrics": {"step": step, "val_accuracy": -9.0}} for step in range(1, EPOCHS + 1)]
    Search(book, lambda draw, _: Training([*bad, {"result": {"val_accuracy": -9.0}}]), [], Limits(2, 1, 60)).run()
    assert states(book) == ["COMPLETE", "PRUNED"]


def test_a_trial_that_goes_on_has_the_measures_of_the_one_that_was_killed(folder: Path) -> None:
    book = open_trials(folder, tune_options())
    killed = book.ask()
    assert not book.report(killed.trial, 0.5, 1) and not book.report(killed.trial, 0.6, 2)
    again = open_trials(folder, tune_options())
    again.begin({})
    progress = {"progress": {"done": 1, "total": 40, "text": ""}}
    measured: list[Event] = [{"metrics": {"step": step, "val_accuracy": step / 50}} for step in (20, 30, 40)]
    events = [progress, *measured, {"result": {"val_accuracy": 0.8}}]  # its last checkpoint is of epoch 1
    Search(again, lambda draw, _: Training(events), [], Limits(1, 1, 60)).run()
    retried = again.all()[1]
    assert retried.intermediate_values == {1: 0.5, 2: 0.6, 3: 0.6, 4: 0.8}
    rungs = {name: value for name, value in retried.system_attrs.items() if name.startswith("completed_rung")}
    assert rungs.get("completed_rung_0", 0.5) == 0.5, "its first rung is epoch 1, not where it went on"


def test_a_space_in_which_every_point_is_refused_is_told_with_the_last_reason(folder: Path) -> None:
    book = open_trials(folder, tune_options())

    def start(draw: Draw, slot: int) -> Training:
        raise RecipeError("train.batch_size", found=draw.values["train.batch_size"], allowed="64", action="Set it.")

    with pytest.raises(RecipeError, match=rf"tune.space: found {REFUSALS} points .* train.batch_size: found (16|32);"):
        Search(book, start, [], Limits(3, 2, 60)).run()
    assert book.counts()[0] == 0


def test_points_that_are_refused_count_as_no_trials(folder: Path) -> None:
    book = open_trials(folder, tune_options())

    def start(draw: Draw, slot: int) -> Training:
        if draw.values["train.batch_size"] == "16":
            raise RecipeError("train.batch_size", found="16", allowed="32", action="Set it.")
        return Training(trains(draw.values))

    assert Search(book, start, [], Limits(6, 1, 60)).run()
    assert book.counts()[0] == 6 < len(book.all())


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([{"metrics": {"step": 1, "val_loss": 0.1, "val_mrr": 1.0}}], "allowed: val_loss, val_mrr"),
        ([{"metrics": {"step": 1, "loss": 0.1}}, {"result": {}}], "rows that it does not learn from: none were"),
    ],
)
def test_a_metric_that_is_not_measured_is_told_with_those_that_are(
    searching: Searching, events: list[Event], text: str
) -> None:
    with pytest.raises(
        RecipeError, match=r"tune\.metric: found val_accuracy, which training does not measure"
    ) as error:
        searching(events=lambda values: events)
    assert text in str(error.value)


def test_a_measure_that_comes_twice_after_a_restart_counts_once(searching: Searching) -> None:
    def events(values: Mapping[str, str]) -> list[Event]:
        measured = [(5, 0.5), (10, 0.6), (5, 0.9), (10, 0.8), (15, 0.7)]
        metrics: list[Event] = [{"metrics": {"step": step, "val_accuracy": value}} for step, value in measured]
        return [*metrics, {"result": {"val_accuracy": 0.7}}]

    book, _, _ = searching(tune_options(pruner=ALL), events=events, trials=1)
    assert book.all()[0].intermediate_values == {1: 0.5, 2: 0.6, 3: 0.7}


def test_measures_within_an_epoch_do_not_count_as_epochs(searching: Searching) -> None:
    def events(values: Mapping[str, str]) -> list[Event]:  # 4 epochs of 10 steps, measured every 4
        progress = {"progress": {"done": 1, "total": 40, "text": ""}}
        measured: list[Event] = [{"metrics": {"step": step, "val_accuracy": step / 100}} for step in range(4, 41, 4)]
        return [progress, *measured, {"result": {"val_accuracy": 0.35}}]  # not the last weights: the best, an average

    book, _, _ = searching(tune_options(pruner=ALL), events=events, trials=1)
    assert book.all()[0].intermediate_values == {1: 0.12, 2: 0.2, 3: 0.32, 4: 0.4}
    assert book.all()[0].value == 0.35


def test_a_study_of_other_options_is_refused(searching: Searching, folder: Path) -> None:
    searching(trials=1)
    with pytest.raises(RecipeError, match="study s: found trials on other data, or with other options"):
        open_trials(folder, tune_options(seed=8))


def test_a_broken_database_is_told_in_one_line(folder: Path) -> None:
    (folder / "study.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(MachineError, match=r"study .*study.db: found file is not a database.* Remove that folder"):
        open_trials(folder, tune_options())


@pytest.mark.parametrize(
    ("cause", "text"),
    [("database is locked", "Wait until the program"), ("", "found OperationalError.* Check its disk")],
)
def test_a_database_that_fails_otherwise_is_not_to_be_removed(
    monkeypatch: pytest.MonkeyPatch, folder: Path, cause: str, text: str
) -> None:
    import sqlite3

    from sqlalchemy.exc import OperationalError

    def refuse(plan: object) -> None:
        raise OperationalError("SELECT 1", {}, sqlite3.OperationalError(cause))

    monkeypatch.setattr("tasks.tune.study._storage", refuse)
    with pytest.raises(MachineError, match=text) as error:
        open_trials(folder, tune_options())
    assert "Remove" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "text"),
    [("nonsense", "text that is no URL"), ("mysql://u:secret@h/d", "a database of kind mysql")],
)
def test_a_storage_that_is_none_is_told_without_its_password(folder: Path, url: str, text: str) -> None:
    with pytest.raises(RecipeError, match=f"--storage: found {text}") as error:
        open_trials(folder, tune_options(), url=url)
    assert "secret" not in str(error.value)


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MachineError, match=r"pip install 'lepton\[tune\]'"):
        open_trials(folder, tune_options())


def test_data_that_cant_be_learned_ends_the_search(searching: Searching) -> None:
    empty = DataError("train split", found="0 rows", allowed="two", action="Give more.").to_dict()
    with pytest.raises(DataError, match="train split: found 0 rows"):
        searching(events=lambda values: [empty])
    book, _, _ = searching(trials=1)
    assert OWNER in book.all()[0].user_attrs
