"""How large a model is."""

from __future__ import annotations

import zlib
from pathlib import Path

from tasks.runtime.package import model_files, package_bytes

_GZIP = 16 + zlib.MAX_WBITS
_CHUNK = 1 << 20


def size_metrics(package: Path) -> dict[str, float]:
    """The model itself in megabytes of a million bytes, as it is and by gzip at its usual level 6."""
    compressed = sum(gzip_bytes(file) for file in model_files(package))
    return {"size_mb": package_bytes(package) / 1e6, "gzip_mb": compressed / 1e6}


def gzip_bytes(file: Path) -> int:
    """How many bytes gzip would write for a file."""
    compressor, total = zlib.compressobj(6, zlib.DEFLATED, _GZIP), 0
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            total += len(compressor.compress(chunk))
    return total + len(compressor.flush())
