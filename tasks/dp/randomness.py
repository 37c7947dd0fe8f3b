"""Where the random numbers of private training come from: the operating system, anew for every step.

Each use in each step has a generator of its own, Philox 4x64 (Salmon et al. 2011), whose key of 128 bits is drawn from
the operating system and kept nowhere. So no checkpoint holds a state from which samples or noise could be told, and a
step that is taken again after a kill has fresh ones.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Literal

import numpy as np

Use = Literal["rows", "noise", "count", "dropout"]
_KEY_BITS = 128


@dataclass(frozen=True)
class Randomness:
    """Gives generators.

    Attributes:
        seed: for tests: keys follow from it, and from step and use. None: from the operating system.
    """

    seed: int | None = None

    def of(self, step: int, use: Use) -> np.random.Generator:
        """The generator for one use in one step; with a seed the same each time it is asked for."""
        return np.random.Generator(np.random.Philox(key=self._key(step, use)))

    def _key(self, step: int, use: Use) -> int:
        if self.seed is None:
            return secrets.randbits(_KEY_BITS)
        digest = hashlib.sha256(f"{self.seed} {step} {use}".encode()).digest()
        return int.from_bytes(digest[: _KEY_BITS // 8], "little")
