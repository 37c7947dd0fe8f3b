"""The key of a home: Ed25519 (RFC 8032), made at its first use, and readable to its owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import MachineError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_FILE, _ROOM = "approver.pem", 0o700


def own_key(folder: Path) -> Ed25519PrivateKey:
    """The private key of a folder of keys.

    Raises:
        MachineError: others can read its file, or it is no such key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    file = folder / _FILE
    if not file.exists():
        _make(file)
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise _refused(file, "a file that others can read or write", f"chmod 600 {file}, or remove it for a new key.")
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise _refused(file, "no Ed25519 key", "Restore it, or remove it for a new key.")
    return key


def public_part(folder: Path) -> str:
    """The public key of a folder in hex; empty: it has no key yet."""
    return own_key(folder).public_key().public_bytes_raw().hex() if (folder / _FILE).exists() else ""


def _make(file: Path) -> None:
    """Written aside and linked, so that of two at once one makes it, and nobody reads half of it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    file.parent.mkdir(mode=_ROOM, parents=True, exist_ok=True)
    draft = file.with_name(f".{_FILE}-{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
        stream.write(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    try:
        file.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _refused(file: Path, found: str, action: str) -> MachineError:
    return MachineError(
        f"key {file}", found=found, allowed="an Ed25519 key that its owner alone can read", action=action
    )
