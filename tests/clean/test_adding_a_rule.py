"""docs/adding-a-task.md, done to the letter on a copy of the code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from infra.settings.home import checkout

PROGRAM = """
import sys
from pathlib import Path
from tasks.clean.clean import clean
from tasks.clean.config import CleanOptions
from tasks.clean.engines.polars import PolarsEngine
from tasks.data.version import open_version
from tasks.ingest.config import IngestOptions
from tasks.ingest.ingest import ingest
from tasks.ingest.sources.sources import resolve
import pyarrow.parquet as pq

columns = {"text": "text", "label": "label"}
options = IngestOptions(path="data.csv", columns=columns, contract=[{"name": "text"}, {"name": "label"}])
raw = ingest(options, resolve(options), Path("raw"))
cleaning = CleanOptions(rules=["trim", "drop_shouting"], options={"drop_shouting": {"columns": ["text"]}})
version = open_version(clean(cleaning, raw, Path("clean"), PolarsEngine()))
print(dict(version.manifest.quarantined), pq.read_table(version.quarantine)["text"].to_pylist())
"""


def test_the_page_s_rule_works_with_one_function_and_one_line(tmp_path: Path) -> None:
    page = (checkout() / "docs" / "adding-a-task.md").read_text(encoding="utf-8")
    function, line = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[:2]
    assert len(function.splitlines()) + len(line.splitlines()) < 15
    for package in ("tasks", "infra"):
        shutil.copytree(checkout() / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(checkout() / "requirements.lock", tmp_path / "requirements.lock")
    rules = tmp_path / "tasks" / "clean" / "rules"
    with (rules / "text.py").open("a", encoding="utf-8") as file:
        file.write("\n\n" + function)
    listed = (rules / "__init__.py").read_text(encoding="utf-8")
    end_of_rules = listed.index(")\n", listed.index("RULES:"))
    (rules / "__init__.py").write_text(listed[:end_of_rules] + line + listed[end_of_rules:], encoding="utf-8")

    rows = "".join(f"{'HELP ME' if number == 3 else f'question {number}'},{'ab'[number % 2]}\n" for number in range(40))
    (tmp_path / "data.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "LEPTON_HOME": str(tmp_path / "home")}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.stdout.strip() == "{'drop_shouting': 1} ['HELP ME']", ended.stderr
