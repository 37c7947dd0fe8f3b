"""What a step's code is: its modules, what they import, wherever they do; and not more."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from infra.errors import RecipeError
from tasks.data import fingerprint
from tasks.data.fingerprint import code_fingerprint, module_file, modules_used


def package(root: Path, files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.syspath_prepend(str(root))
    module_file.cache_clear()


RULES = {
    "acme/__init__.py": "",
    "acme/rules.py": "def strip(frame, options):\n    from .words import spaces\n    return frame\n",
    "acme/words.py": "from acme import letters\nspaces = ' '\n",
    "acme/letters.py": "vowels = 'aeiou'\n",
    "acme/unused.py": "x = 1\n",
}


def test_a_change_in_a_helper_of_a_helper_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path / "one", RULES, monkeypatch)
    before = code_fingerprint(["acme.rules"])
    package(tmp_path / "two", {**RULES, "acme/letters.py": "vowels = 'aeiouy'\n"}, monkeypatch)
    assert code_fingerprint(["acme.rules"]) != before


def test_a_change_elsewhere_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path / "one", RULES, monkeypatch)
    before = code_fingerprint(["acme.rules"])
    package(tmp_path / "two", {**RULES, "acme/unused.py": "x = 2\n"}, monkeypatch)
    assert code_fingerprint(["acme.rules"]) == before


def test_nothing_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, {**RULES, "acme/letters.py": "raise SystemExit('imported')\n"}, monkeypatch)
    assert {"acme", "acme.rules", "acme.words", "acme.letters"} <= modules_used(["acme.rules"]).keys()


def test_a_module_of_an_installed_package_counts_where_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprint, "_LIBRARIES", (tmp_path,))
    package(tmp_path, RULES, monkeypatch)
    assert list(modules_used(["acme.rules"])) == ["acme.rules"]


def test_a_module_named_in_a_string_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, {"acme/__init__.py": "", "acme/run.py": "worker = 'tasks.data.split'\n"}, monkeypatch)
    assert "tasks.data.split" in modules_used(["acme.run"])


def test_steps_are_not_followed_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, {"acme/__init__.py": "", "acme/run.py": "import tasks.ingest.steps\n"}, monkeypatch)
    assert "tasks.ingest.steps" not in modules_used(["acme.run"])
    assert "tasks.ingest.steps" in modules_used(["tasks.ingest.steps"])


def test_cleaning_depends_on_every_rule_and_not_on_ingest() -> None:
    used = modules_used(["tasks.clean.clean"])
    assert {"tasks.clean.rules.text", "tasks.clean.rules.refusal", "tasks.data.digest", "infra.errors"} <= used.keys()
    assert not [name for name in used if name.startswith(("tasks.ingest", "tasks.train"))]


def test_the_order_of_names_does_not_count() -> None:
    names = ["tasks.data.split", "tasks.data.digest"]
    assert code_fingerprint(names) == code_fingerprint(reversed(names))


def test_it_is_quick() -> None:
    start = time.perf_counter()
    code_fingerprint(["tasks.clean.clean", "tasks.ingest.ingest"])
    assert time.perf_counter() - start < 1.0  # 0.05 s on an idle machine


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(RecipeError, match=r"module 'acme_gone.rules': found no source file"):
        code_fingerprint(["acme_gone.rules"])
