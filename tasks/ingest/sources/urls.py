"""What is common to everything that may lie behind a URL: what to show of it, and how its failures are told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from infra.errors import LeptonError, MachineError, SourceError

_USERINFO = re.compile(r"://[^/?#\s]*@")
_SIGNATURE = re.compile(
    r"([?&](?:x-(?:amz|goog|oss)-(?:signature|security-token|credential)|signature|sig|\w*token|\w*secret"
    r"|(?:api|access|subscription)[_-]?key|passw(?:or)?d|pwd)=)[^&#\s]+",
    re.IGNORECASE,
)
_CONNECT_SECONDS, _READ_SECONDS = 10, 60
_EXTRAS = {"s3": "lepton[s3]", "s3a": "lepton[s3]"}
_PACKAGES = {"gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "abfss": "adlfs", "az": "adlfs"}


def is_url(path: str) -> bool:
    """Whether fsspec has to open it."""
    return "://" in path


def is_web(path: str) -> bool:
    """Whether it is a page of the web: there are no directories, and `?` begins a query there."""
    return urlsplit(path).scheme in ("http", "https")


def without_userinfo(text: str) -> str:
    """A text for people: no URL in it tells a user's name or password, nor the signature or token of a signed one."""
    return _SIGNATURE.sub(r"\1***", _USERINFO.sub("://", text))


def storage_options(url: str) -> dict[str, Any]:
    """How fsspec is to open a URL; credentials and endpoints come from the environment, never from a recipe."""
    if not is_web(url):
        return {}
    from aiohttp import ClientTimeout

    return {"client_kwargs": {"timeout": ClientTimeout(sock_connect=_CONNECT_SECONDS, sock_read=_READ_SECONDS)}}


def source_error(path: str, found: str, allowed: str, action: str) -> SourceError:
    """What is wrong with a file or URL."""
    subject, found = without_userinfo(f"source {path}"), without_userinfo(found)
    return SourceError(subject, found=found, allowed=allowed, action=action)


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Tell what went wrong with a file in one line, whichever library met it."""
    try:
        yield
    except (LeptonError, UnicodeError):
        raise
    except FileNotFoundError as error:
        cause = _root_cause(error)
        if isinstance(cause, FileNotFoundError) or _is_absent(cause):
            raise source_error(path, "no such file", "a file that is there", "Check ingest.path.") from error
        raise _no_answer(path, cause) from error  # fsspec takes a server that is down for a missing file
    except PermissionError as error:
        raise source_error(path, "a file that may not be read", "a readable file", "Change its permissions.") from error
    except ImportError as error:
        raise _no_package(path, error) from error
    except Exception as error:  # each file system has errors of its own
        if not is_url(path):
            raise
        raise _no_answer(path, error) from error


def _root_cause(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _is_absent(error: BaseException) -> bool:
    """Whether a server answered that there is no such thing."""
    response = getattr(error, "response", None)  # botocore's
    of_s3 = response.get("ResponseMetadata", {}).get("HTTPStatusCode") if isinstance(response, dict) else None
    return 404 in (getattr(error, "status", None), of_s3)


def _no_package(path: str, error: ImportError) -> MachineError:
    scheme = urlsplit(path).scheme
    package = _EXTRAS.get(scheme) or _PACKAGES.get(scheme)
    return MachineError(
        without_userinfo(f"source {path}"),
        found=f"no package for {scheme}:// ({str(error).splitlines()[0]})",
        allowed="URLs of installed file systems",
        action=f'Install it: pip install "{package}".' if package else "Install the package that fsspec names.",
    )


def _no_answer(path: str, error: BaseException) -> SourceError:
    reason = str(error) or type(error).__name__
    return source_error(path, f"no answer: {reason}", "a URL that can be reached", "Check the address and the network.")
