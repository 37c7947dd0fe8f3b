from __future__ import annotations

import urllib.request
from pathlib import Path

from infra.environment import configure
from infra.servers.embedded import embedded_prefect
from infra.servers.server import responds


def test_it_answers_its_own_page_only_while_the_block_runs_and_begins_its_log_anew(home: Path) -> None:
    log = home / "logs" / "prefect-embedded.log"
    log.parent.mkdir()
    log.write_text("of an earlier run")
    configure()
    with embedded_prefect() as address:
        request = urllib.request.Request(f"{address}/health", headers={"Origin": "https://elsewhere.example"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] is None
        assert "of an earlier run" not in log.read_text()
    assert not responds(f"{address}/health")
