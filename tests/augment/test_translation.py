"""Translators that a recipe names. Those here belong to the test: they turn words round, and translate nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.errors import RecipeError
from tasks.augment.config import TranslatorOptions
from tasks.augment.translation import find_translator, there_and_back

STUBS = """
class Rotates:
    def translate(self, texts, source, target):
        return [" ".join([*text.split()[1:], text.split()[0]]) for text in texts]

class Fails:
    def translate(self, texts, source, target):
        raise TimeoutError("no answer")

class Loses:
    def translate(self, texts, source, target):
        return texts[1:]

class Mumbles:
    def translate(self, texts, source, target):
        return [None for text in texts]

class Breaks:
    def __init__(self):
        raise OSError("no model")

made = Rotates()
nothing = 3
"""


@pytest.fixture
def stubs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of translators in the working directory."""
    (tmp_path / "stub_translators.py").write_text(STUBS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "stub_translators", raising=False)
    return "stub_translators"


def back(name: str, texts: Sequence[str]) -> Sequence[str]:
    return there_and_back(find_translator(name), TranslatorOptions(name=name), "de", texts)


@pytest.mark.parametrize("name", ["Rotates", "made"])
def test_texts_go_there_and_back(stubs: str, name: str) -> None:
    assert back(f"{stubs}:{name}", ["a b c", "d"]) == ["c a b", "d"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("gone", "module 'stub_translators' has no attribute 'gone'"),
        ("nothing", "found int without a method translate"),
        ("Breaks", "found OSError: no model"),
        ("Fails", r"found TimeoutError: no answer \(from en to de\)"),
        ("Loses", "found 1 results for 2 texts"),
        ("Mumbles", "or some that are no text"),
    ],
)
def test_a_translator_that_is_not_there_or_breaks_the_agreement(stubs: str, name: str, found: str) -> None:
    with pytest.raises(RecipeError, match=found):
        back(f"{stubs}:{name}", ["a", "b"])


def test_a_module_that_is_not_there() -> None:
    with pytest.raises(RecipeError, match=r"translator 'acme_gone:Translator': found .*No module named 'acme_gone'"):
        find_translator("acme_gone:Translator")
