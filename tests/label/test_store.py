"""Questions and answers are kept, whatever happens to the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.settings.home import checkout
from tasks.label.store import Answer, LabelStore, Merged, Question, open_store

ONE, TWO = Question("r1", "i1", "yes"), Question("r2", "i2", "")


def answer(item: str, label: str, annotator: str = "ann") -> Answer:
    return Answer(item, f"r{item[1:]}", annotator, label)


def test_a_batch_is_found_by_its_name_and_waits_until_it_is_handed_out(store: LabelStore) -> None:
    batch = store.ask("run", "margin", 2, [ONE, TWO])
    assert batch.questions == (ONE, TWO)
    assert store.waiting() == store.batch("run") == batch
    store.hand_out(batch)
    assert store.waiting() is None
    assert store.batch("other") is None
    assert store.asked() == ({"r1", "r2"}, {"i1", "i2"})
    assert store.questions() == [(ONE, 2), (TWO, 2)]


def test_no_row_is_asked_about_twice(store: LabelStore) -> None:
    store.ask("first", "margin", 1, [ONE])
    with pytest.raises(Exception, match="UNIQUE"):
        store.ask("second", "margin", 1, [TWO, ONE])
    assert store.batch("second") is None
    assert store.asked() == ({"r1"}, {"i1"})


def test_a_file_merged_twice_adds_nothing(store: LabelStore) -> None:
    answers = [answer("i1", "yes"), answer("i2", "no")]
    assert store.merge(answers, "file") == Merged(2, 0, 0)
    assert store.merge(answers, "file") == Merged(0, 0, 2)
    assert store.merge(answers, "saved again") == Merged(0, 0, 2)
    assert store.answers() == answers


def test_the_last_answer_of_a_person_counts_and_an_old_file_does_not_come_back(store: LabelStore) -> None:
    store.merge([answer("i1", "yes")], "first")
    assert store.merge([answer("i1", "no"), answer("i1", "yes", "bob")], "second") == Merged(1, 1, 0)
    assert store.merge([answer("i1", "yes")], "first") == Merged(0, 0, 1)
    assert store.answers() == [answer("i1", "no"), answer("i1", "yes", "bob")]


def test_rows_are_known_by_their_questions_and_answers(store: LabelStore) -> None:
    store.ask("run", "margin", 1, [ONE])
    store.merge([answer("i3", "yes")], "file")
    assert store.items_of(["r1", "r3", "r9"]) == {"r1": "i1", "r3": "i3"}


def test_a_kill_at_any_time_loses_no_merge_that_returned_and_halves_none(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tasks.label.store import Answer, open_store\n"
        "with open_store(Path(sys.argv[1])) as store:\n"
        "    for n in range(100000):\n"
        "        store.merge([Answer(f'i{n}-{k}', 'r', 'a', 'x') for k in range(50)], str(n)); print(n, flush=True)\n"
    )
    file = tmp_path / "labels.sqlite"
    child = subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE, text=True, cwd=checkout())
    assert child.stdout is not None
    last = [int(child.stdout.readline()) for _ in range(5)][-1]
    os.kill(child.pid, signal.SIGKILL)
    last = max([last, *(int(line) for line in child.stdout.read().split())])
    child.wait()
    child.stdout.close()
    with open_store(file) as store:
        found = len(store.answers())
    assert found % 50 == 0
    assert found // 50 in (last + 1, last + 2)  # the one being merged may be there, as a whole
