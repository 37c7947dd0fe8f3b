"""Each thing that a recipe can name, and each way in which it can be wrong."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.errors import SourceError
from infra.progress import watching
from tasks.ingest.config import ColumnContract, IngestOptions
from tasks.ingest.reading.readers import read_batches
from tasks.ingest.sources import remote
from tasks.ingest.sources.remote import read_blocks
from tasks.ingest.sources.sources import open_source, resolve, source_names, without_userinfo


def options(path: Path | str, **more: Any) -> IngestOptions:
    return IngestOptions(path=str(path), contract=[ColumnContract(name="text")], **more)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "b.csv").write_text("text\nb\n")
    (tmp_path / "data" / "deep" / "a.csv").write_text("text\na\n")
    (tmp_path / "data" / "_SUCCESS").write_text("")
    (tmp_path / "data" / ".b.csv.crc").write_text("")
    (tmp_path / "data" / "notes.txt").write_text("for people")
    return tmp_path / "data"


@pytest.fixture
def web(folder: Path, home: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *_: Any) -> None: ...

    with _serving(Quiet) as url:
        yield url


def test_a_file(folder: Path) -> None:
    source = resolve(options(folder / "b.csv"))
    assert source.files == (str(folder / "b.csv"),)
    assert source.digests == (hashlib.sha256(b"text\nb\n").hexdigest(),)
    assert source.format == "csv"


def test_a_directory_without_what_engines_leave_in_it(folder: Path) -> None:
    assert [Path(file).name for file in resolve(options(folder)).files] == ["b.csv", "a.csv"]


def test_a_glob(folder: Path) -> None:
    assert [Path(file).name for file in resolve(options(folder / "**" / "*.csv")).files] == ["b.csv", "a.csv"]


def test_a_url_over_http(web: str) -> None:
    source = resolve(options(f"{web}/b.csv?version=1"))
    assert source.format == "csv"
    with open_source(source.files[0]) as content:
        assert content.read() == b"text\nb\n"


def test_a_password_in_a_url_is_used_and_never_told(web: str) -> None:
    secret = web.replace("://", "://me:pass@")
    source = resolve(options(f"{secret}/b.csv"))
    (batch,) = read_batches(source, ",", ["text"])
    assert batch.origin(0) == f"{web}/b.csv:2"
    assert source_names(source.files) == [f"{web}/b.csv"]
    for path in (f"{secret}/gone.csv", "http://me:pass@127.0.0.1:9/a.csv", "gopher://me:pass@a/b.csv"):
        with pytest.raises(SourceError) as told:
            resolve(options(path))
        assert "pass" not in str(told.value)


def test_an_at_sign_elsewhere_stays() -> None:
    told = without_userinfo("no answer: simplecache::http://u:p@h/a@b?c@d, s3://lake/me@home")
    assert told == "no answer: simplecache::http://h/a@b?c@d, s3://lake/me@home"


def test_a_url_of_fsspec(folder: Path) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe({"/lake/x.jsonl": b"{}", "/lake/y.jsonl": b"{}"})
    assert len(resolve(options("memory://lake")).files) == 2
    assert len(resolve(options("memory://lake/x*.jsonl")).files) == 1


def test_a_format_that_is_named_takes_any_extension(folder: Path) -> None:
    assert resolve(options(folder / "notes.txt", format="csv")).format == "csv"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("gone.csv", "found no such file"),
        ("none*.csv", "found no file that matches; allowed: .csv, .csv.gz, .*jsonl"),
        ("empty-folder", "found no file that matches"),
        ("notes.txt", "found an unknown extension; allowed: .csv.*ingest.format"),
        ("empty.csv", "found an empty file"),
        ("mixed", "found csv and jsonl files; allowed: one format"),
    ],
)
def test_what_is_wrong_is_named(folder: Path, name: str, found: str) -> None:
    (folder / "empty-folder").mkdir()
    (folder / "empty.csv").write_text("")
    (folder / "mixed").mkdir()
    (folder / "mixed" / "a.csv").write_text("text\na\n")
    (folder / "mixed" / "a.jsonl").write_text("{}\n")
    with pytest.raises(SourceError, match=rf"source .*{name[:4]}.*: {found}"):
        resolve(options(folder / name))


def test_a_page_that_is_not_there(web: str) -> None:
    with pytest.raises(SourceError, match=r"source http://.*/gone\.csv: found no such file"):
        resolve(options(f"{web}/gone.csv"))


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "FIRST_PAUSE_SECONDS", 0.01)
    with pytest.raises(SourceError, match=r"found no answer: .*allowed: a URL that can be reached"):
        resolve(options("http://127.0.0.1:9/a.csv"))


@pytest.mark.parametrize("ranges", [True, False])
def test_a_connection_that_breaks_is_taken_up_where_it_broke(
    home: Path, monkeypatch: pytest.MonkeyPatch, ranges: bool
) -> None:
    """A server that hangs up after a part of what it promised, twice, with and without ranges."""
    monkeypatch.setattr(remote, "FIRST_PAUSE_SECONDS", 0.01)
    content = os.urandom(12 << 20)
    asked: list[int] = []

    class Breaking(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

        def do_HEAD(self) -> None:
            self._answer(b"", len(content), 200)

        def do_GET(self) -> None:
            span = self.headers.get("Range", "") if ranges else ""
            low = int(span.removeprefix("bytes=").removesuffix("-") or 0)
            part = content[low:]
            asked.append(low)
            self._answer(part[: len(part) - 1000] if len(asked) <= 2 else part, len(part), 206 if span else 200, low)

        def _answer(self, part: bytes, promised: int, status: int, low: int = 0) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(promised))
            if ranges:
                self.send_header("Accept-Ranges", "bytes")
            if status == 206:
                self.send_header("Content-Range", f"bytes {low}-{low + promised - 1}/{len(content)}")
            self.end_headers()
            self.wfile.write(part)

    with _serving(Breaking) as url:
        assert b"".join(read_blocks(f"{url}/a.bin")) == content
    assert len(asked) == 3 and [low > 0 for low in asked] == [False, ranges, ranges]


def test_a_connection_that_breaks_for_good(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "FIRST_PAUSE_SECONDS", 0.01)

    class Breaking(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(9 << 20))
            self.end_headers()
            self.wfile.write(bytes(5 << 20) if self.command == "GET" else b"")

        def do_HEAD(self) -> None:
            self.do_GET()

    with (
        _serving(Breaking) as url,
        pytest.raises(SourceError, match=r"after \d+ bytes does not go on: .*4 attempts"),
    ):
        b"".join(read_blocks(f"{url}/a.bin"))


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_scheme_that_nobody_knows() -> None:
    with pytest.raises(SourceError, match=r"source gopher://a/b\.csv: found no answer: Protocol not known: gopher"):
        resolve(options("gopher://a/b.csv"))


def test_what_signs_a_url_is_never_told() -> None:
    """Whoever has it can read the file; what else stands in a query tells one file from another."""
    told = without_userinfo("https://lake/a.csv?id=3&X-Amz-Signature=geheim&X-Amz-Credential=geheim%2Fs3&p=2 is gone")
    assert told == "https://lake/a.csv?id=3&X-Amz-Signature=***&X-Amz-Credential=***&p=2 is gone"
    for name in ("sig", "Signature", "token", "access_token", "api_key", "password", "client_secret"):
        assert without_userinfo(f"https://lake/a.csv?{name}=geheim#x") == f"https://lake/a.csv?{name}=***#x"
    assert without_userinfo("https://lake/a.csv?monkey=1&key=b.csv") == "https://lake/a.csv?monkey=1&key=b.csv"


def test_how_far_a_large_file_was_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_TOLD", 1 << 20)
    (tmp_path / "x.csv").write_bytes(b"a\n" + b"1\n" * (5 << 18))
    told: list[str] = []
    with watching(lambda progress: told.append(progress.text)):
        resolve(options(str(tmp_path / "x.csv")))
        with open_source((tmp_path / "x.csv").as_uri()):
            pass
    assert [text.partition(" of ")[0] for text in told if text.endswith("x.csv read")] == ["1 MiB", "2 MiB", "2 MiB"]
