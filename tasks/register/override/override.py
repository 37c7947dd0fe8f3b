"""A signed override of a verdict, and whether it still holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Statement(BaseModel):
    """What an approver signs.

    Attributes:
        package: digest of the version's files.
        verdict: digest of what the gate said of it.
        when: time in UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    version: str
    package: str
    verdict: str
    who: str
    when: str
    reason: str

    def signed_bytes(self) -> bytes:
        """What the signature is over: JSON with its names in order and no spaces, in UTF-8."""
        return json.dumps(self.model_dump(), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Override(BaseModel):
    """A statement with its Ed25519 signature and the key to verify it by, both in hex."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    statement: Statement
    public_key: str
    signature: str


class Subject(BaseModel):
    """What an override must be about to hold: names as in `Statement`."""

    model_config = ConfigDict(frozen=True)

    model: str
    version: str
    package: str
    verdict: str


def sign(statement: Statement, key: Ed25519PrivateKey) -> Override:
    """The override that says this."""
    return Override(
        statement=statement,
        public_key=key.public_key().public_bytes_raw().hex(),
        signature=key.sign(statement.signed_bytes()).hex(),
    )


def objection(override: Override, subject: Subject, trusted: str) -> str:
    """Why an override does not hold, in words; empty: it does.

    Args:
        trusted: the public key that is believed, in hex.
    """
    said = override.statement
    if not _is_signed(override):
        return "the signature does not fit: it was changed after it was signed"
    if override.public_key != trusted:
        return f"signed by the key {override.public_key[:16]}, which is not this home's"
    if (said.model, said.version) != (subject.model, subject.version):
        return f"signed for {said.model}/{said.version}"
    if said.package != subject.package:
        return "signed for other files"
    if said.verdict != subject.verdict:
        return "signed for an earlier verdict: the gate has judged anew since"
    return ""


def _is_signed(override: Override) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(override.public_key))
        key.verify(bytes.fromhex(override.signature), override.statement.signed_bytes())
    except (InvalidSignature, ValueError):
        return False
    return True
