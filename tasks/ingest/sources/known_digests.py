"""Digests of remote files that were read before, so that a run which looks for new files fetches only those.

They hold as long as the store says, by its own tag of the content, that a file is the same. What is then ingested is
read and checked against its digest anyway.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path

from infra.settings.home import HomeSettings
from tasks.ingest.sources.remote import RemoteFile, content_tag


def known_digest(file: RemoteFile) -> str:
    """The SHA-256 of a file as it lies there now, if it was read as it is; else nothing."""
    note = _note(file)
    if not note.exists():
        return ""
    file.look()
    kept: dict[str, str] = json.loads(note.read_text(encoding="utf-8"))
    return kept["sha256"] if kept["tag"] == content_tag(file.identity) else ""


def remember_digest(file: RemoteFile, digest: str) -> None:
    """Keep the digest of a file that was just read, where its store has a tag for its content."""
    tag = content_tag(file.identity)
    if not tag:
        return
    note = _note(file)
    note.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=".draft-", dir=note.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as content:
        json.dump({"tag": tag, "sha256": digest}, content)
    Path(draft).replace(note)


def _note(file: RemoteFile) -> Path:
    return HomeSettings().root / "digests" / f"{hashlib.sha256(file.url.encode()).hexdigest()}.json"
