"""The answers that count in a run: a file named by what it holds, so a step that used it is found again."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from infra.errors import NotFoundError
from tasks.data.references import Reference
from tasks.label.store import Answer


class AnswersRef(Reference):
    """Answers of people, in JSON lines; `digest` is that of the file."""


def freeze_answers(answers: Sequence[Answer], folder: Path) -> AnswersRef:
    """Write answers to a file of `folder`; equal ones to the same."""
    rows = sorted([one.item, one.row_id, one.annotator, one.label] for one in answers)
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    digest = hashlib.sha256(content).hexdigest()
    target = folder / f"answers-{digest[:16]}.jsonl"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".answers-", delete=False) as draft:
            draft.write(content)
        Path(draft.name).replace(target)
    return AnswersRef(path=str(target), digest=digest)


def read_answers(ref: AnswersRef) -> list[Answer]:
    """The answers that a reference names.

    Raises:
        NotFoundError: the file is gone.
    """
    try:
        lines = Path(ref.path).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise NotFoundError(
            "answers", found=f"nothing at {ref.path}", allowed="a file of this home", action="Run it again."
        ) from None
    return [Answer(*json.loads(line)) for line in lines]
