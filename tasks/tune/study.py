"""A study: its trials in a database, the sampler that draws them, and the pruner that stops them early."""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.errors import LeptonError, MachineError, RecipeError, ServerError
from infra.extras import import_extra
from tasks.options import Options
from tasks.tune.config import TuneOptions
from tasks.tune.space import highest

if TYPE_CHECKING:
    from optuna import Study
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.storages import RDBStorage
    from sqlalchemy.engine import URL

IDENTITY = "lepton.identity"
BEAT_SECONDS = 10
GRACE_SECONDS = 60
EPOCHS = "train.epochs"
_REMOVE = "Remove that folder, or give another --study."
_ACTIONS = {
    "not a database": _REMOVE,
    "malformed": _REMOVE,
    "locked": "Wait until the program that holds it is done, or end it; the same command goes on.",
    "full": "Free some space on its disk; the same command goes on.",
    "readonly": "Let this user write to it; the same command goes on.",
    "unable to open": "Let this user read and write that folder; the same command goes on.",
}
"""What to do about a database in a file, by words of SQLite's error."""
_ACTION = "Check its disk, or give another --study."


@dataclass(frozen=True)
class StudyPlan:
    """What a study is of.

    Attributes:
        url: of the database; empty: a file below `folder`.
        identity: SHA-256 of all that makes values of trials comparable.
        epochs: the longest that a trial may train.
    """

    name: str
    url: str = field(repr=False)  # it may hold a password
    folder: Path
    identity: str
    options: TuneOptions
    epochs: int

    @property
    def is_local(self) -> bool:
        """Whether nobody else can see the study."""
        return not self.url


def identity_of(options: TuneOptions, train: Options, inputs: Sequence[str]) -> str:
    """SHA-256 of what a trial's value depends on beside its point: digests of inputs, and the options not searched.

    Options as they are by default are left out, so that a new one does not part a study from its trials.
    """
    searched = [one.option for one in options.space]
    said = train.model_dump(mode="json", exclude_defaults=True)
    kept = sorted(f"{name}={value}" for name, value in _flat("train", said) if not _is_within(name, searched))
    text = "\n".join([*inputs, options.model_dump_json(exclude_defaults=True), *kept])
    return hashlib.sha256(text.encode()).hexdigest()


def open_study(plan: StudyPlan) -> tuple[Study, RDBStorage]:
    """The study of that name, which is made where there is none, and the database that it is in.

    Raises:
        MachineError: the extra `tune`, or the database's driver, is not installed.
        ServerError: the database does not answer, or refuses.
        RecipeError: the study of that name is of something else, or the URL is none.
    """
    optuna = import_extra("optuna", "tune")
    optuna.logging.disable_default_handler()
    logging.getLogger("optuna").setLevel(logging.WARNING)
    with _telling(plan):
        storage = _storage(plan)
        study: Study = optuna.create_study(
            storage=storage,
            study_name=plan.name,
            direction="maximize" if plan.options.maximizes else "minimize",
            pruner=_pruner(plan),
            load_if_exists=True,
        )
        known = study.user_attrs.get(IDENTITY)
        if known is None:
            study.set_user_attr(IDENTITY, plan.identity)
    if known not in (None, plan.identity):
        raise RecipeError(
            f"study {plan.name}",
            found="trials on other data, or with other options",
            allowed="a study whose trials can be compared",
            action="Give another --study; without it each search has a name of its own.",
        )
    return study, storage


def sampler_of(options: TuneOptions, number: int) -> BaseSampler:
    """What draws trial `number`: by its seed and the trials before it only, so that a search can go on as it began.

    The tree-structured Parzen estimator of Bergstra et al. (2011), "Algorithms for hyper-parameter optimization".
    """
    optuna = import_extra("optuna", "tune")
    seed = int.from_bytes(hashlib.sha256(f"{options.seed} {number}".encode()).digest()[:4], "big")
    sampler: BaseSampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=options.random_trials)
    return sampler


def _pruner(plan: StudyPlan) -> BasePruner:
    """Hyperband, of Li et al. (2018), whose brackets halve as trials come in (ASHA, of Li et al., 2020)."""
    pruners = import_extra("optuna", "tune").pruners
    pruner: BasePruner
    if plan.options.pruner == "none":
        pruner = pruners.NopPruner()
    else:
        most = highest(plan.options.space, EPOCHS, plan.epochs)
        pruner = pruners.HyperbandPruner(
            min_resource=min(plan.options.first_epochs, most),
            max_resource=most,
            reduction_factor=plan.options.reduction_factor,
        )
    return pruner


def _storage(plan: StudyPlan) -> RDBStorage:
    storages = import_extra("optuna", "tune").storages
    plan.folder.mkdir(parents=True, exist_ok=True)
    url = _url(plan.url) if plan.url else f"sqlite:///{plan.folder / 'study.db'}"
    text = url if isinstance(url, str) else url.render_as_string(hide_password=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", import_extra("optuna", "tune").exceptions.ExperimentalWarning)
        storage: RDBStorage = storages.RDBStorage(
            text.replace("{", "{{").replace("}", "}}"),  # it is a template
            heartbeat_interval=None if plan.is_local else BEAT_SECONDS,
            grace_period=None if plan.is_local else GRACE_SECONDS,
        )
    return storage


def _url(text: str) -> URL:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    allowed = "a URL such as postgresql://user@host/database"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # it is not shown: it may hold a password
        raise RecipeError(
            "--storage", found="text that is no URL", allowed=allowed, action="Correct it, or LEPTON_TUNING_STORAGE."
        ) from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise RecipeError(
            "--storage",
            found=f"a database of kind {url.get_backend_name()}",
            allowed=allowed,
            action="Leave it out for SQLite below the home.",
        )
    return url.set(drivername="postgresql+psycopg")


@contextmanager
def _telling(plan: StudyPlan) -> Iterator[None]:
    """What the database says, in one line and without the password."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except LeptonError:
        raise
    except ImportError as error:
        if plan.is_local:
            raise
        raise MachineError(
            "--storage",
            found=f"no package for PostgreSQL ({error.__cause__ or error})",
            allowed="the packages of the extra `postgres`",
            action="Install them: pip install 'lepton[postgres]'.",
        ) from error
    except (SQLAlchemyError, import_extra("optuna", "tune").exceptions.StorageInternalError) as error:
        cause = error.__cause__ if error.__cause__ else error
        reason = next(iter(str(getattr(cause, "orig", None) or cause).strip().splitlines()), type(cause).__name__)
        if plan.is_local:
            raise MachineError(
                f"study {plan.folder / 'study.db'}",
                found=reason,
                allowed="a database that can be read and written",
                action=next((do for words, do in _ACTIONS.items() if words in reason), _ACTION),
            ) from None
        raise ServerError(
            "--storage",
            found=f"an error of the database: {_without_password(reason, plan.url)}",
            allowed="a PostgreSQL database that answers and that this user may write to",
            action="Check the URL, and whether the database runs.",
        ) from None


def _without_password(reason: str, url: str) -> str:
    password = _url(url).password
    return reason.replace(str(password), "***") if password else reason


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict | list):
        yield prefix, value
        return
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _flat(f"{prefix}.{name}", inner)


def _is_within(name: str, options: Sequence[str]) -> bool:
    """Whether it is one of the options, or an element of one that is a list."""
    return any(name == option or name.startswith(f"{option}.") for option in options)


def owner_of(home: Path) -> str:
    """Who runs trials: this machine's home, which one search at a time holds."""
    return f"{os.uname().nodename}:{home}"
