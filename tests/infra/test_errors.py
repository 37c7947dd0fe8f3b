from __future__ import annotations

import json
import pickle

import pytest

from infra.errors import ERRORS, LeptonError, SourceError, from_dict


def test_every_class_has_an_exit_code_of_its_own() -> None:
    codes = [kind.exit_code for kind in ERRORS]
    assert len(set(codes)) == len(codes)
    assert set(codes).isdisjoint({0, 1, 2, 70, 130})


def test_all_classes_are_listed() -> None:
    assert {kind for kind in LeptonError.__subclasses__() if kind.__module__ == "infra.errors"} == set(ERRORS)


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_crosses_a_process_boundary(kind: type[LeptonError]) -> None:
    error = kind("path", found="nothing", allowed="a file", action="Name one.")
    for copy in (from_dict(json.loads(json.dumps(error.to_dict()))), pickle.loads(pickle.dumps(error))):
        assert type(copy) is kind
        assert str(copy) == "path: found nothing; allowed: a file. Name one."


def test_the_text_is_one_line() -> None:
    assert "\n" not in str(SourceError("a\nb", found="c\n\td", allowed="e", action="f"))
