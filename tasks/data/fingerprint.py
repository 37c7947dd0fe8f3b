"""The code that a step runs, as one hash: its modules, the project's modules that they import, and the lock.

Read from the sources, nothing is imported, and each file is read once a process: the answer stands for the code that
this process loaded, even if somebody edits a file while it runs.
"""

from __future__ import annotations

import ast
import hashlib
import sys
import sysconfig
from collections.abc import Iterable
from functools import cache
from importlib.machinery import PathFinder
from importlib.metadata import distributions
from pathlib import Path

from infra.errors import RecipeError
from infra.settings.home import checkout

PROJECT = ("tasks", "infra")
_LIBRARIES = tuple({Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def code_fingerprint(module_names: Iterable[str]) -> str:
    """SHA-256 over these modules, be they a library's, all that they import but libraries, and the lock.

    Raises:
        RecipeError: a module has no source file.
    """
    total = hashlib.sha256(_lock().encode())
    for name, file in sorted(modules_used(module_names).items()):
        total.update(f"{name} {_source_hash(file)}\n".encode())
    return total.hexdigest()


def modules_used(module_names: Iterable[str]) -> dict[str, Path]:
    """The modules named, and those they import, directly or not, with their files.

    Another stage's `steps` is left out: steps are named by whoever asks, never followed into.
    """
    named = set(module_names)
    used: dict[str, Path] = {}
    waiting = sorted(named)
    while waiting:
        name = waiting.pop()
        skipped = name in used or (name.endswith(".steps") and name not in named)
        file = None if skipped else module_file(name)
        if file is not None and (name in named or not _is_library(file)):
            used[name] = file
            waiting += _imports(name, file)
    for name in named - used.keys():
        raise RecipeError(
            f"module {name!r}", found="no source file", allowed="a Python module on the path", action="Check its name."
        )
    return used


@cache
def module_file(name: str) -> Path | None:
    """The source file of a module, found without importing it or its package."""
    top, *rest = name.split(".")
    folders = [str(checkout())] if top in PROJECT else ["", *sys.path]
    spec = PathFinder.find_spec(top, [folder or str(Path.cwd()) for folder in folders])
    if spec is None or not spec.has_location or spec.origin is None:
        return None
    if not rest:
        return Path(spec.origin)
    place = Path(spec.origin).parent.joinpath(*rest)
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.exists()), None)


def _is_library(file: Path) -> bool:
    """Whether it is Python's or an installed package's, for which the lock speaks."""
    return any(file.is_relative_to(folder) for folder in _LIBRARIES)


@cache
def _source_hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@cache
def _imports(name: str, file: Path) -> tuple[str, ...]:
    """Every name that could be a module, wherever in the file it is imported; the packages above are run too.

    A string that spells a module of the project counts: launchers start workers by such a name.
    """
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    found = {name.rpartition(".")[0]} - {""}
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found.update([base, *(f"{base}.{alias.name}" for alias in node.names)])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _spells_module(node.value):
            found.add(node.value)
    return tuple(sorted(found))


def _spells_module(text: str) -> bool:
    parts = text.split(".")
    return len(parts) > 1 and parts[0] in PROJECT and all(part.isidentifier() for part in parts)


@cache
def _lock() -> str:
    """The lock of a checkout; where the project came as a wheel, what is installed beside it."""
    lock = checkout() / "requirements.lock"
    if lock.exists():
        return lock.read_text(encoding="utf-8")
    return "\n".join(sorted({f"{found.name}=={found.version}" for found in distributions()}))
