"""A dictionary in WordNet's format that one can read at a glance."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.features.thesaurus.wordnet import WordNet

# Two senses of `big`; `large` and `great` have the first one, but `great` mostly means another; `ample` was never met.
FILES = {
    "index.noun": "  1 licence\ncar n 1 0 1 5 00000001  \nautomobile n 1 0 1 1 00000001  \nhelp n 1 0 1 2 00000002  \n",
    "data.noun": "00000001 06 n 02 car 0 automobile 0 000 | a vehicle  \n00000002 04 n 01 help 0 000 | an act  \n",
    "index.adj": "big a 2 0 2 2 00000010 00000011  \nlarge a 1 0 1 1 00000010  \n"
    "great a 2 0 2 2 00000011 00000010  \nample a 1 0 1 0 00000010  \n",
    "data.adj": "00000010 00 s 05 big 0 large(a) 0 large 0 great 0 ample 0 000 | of size  \n"
    "00000011 00 a 02 great 1 big 1 000 | of note  \n",
    "index.verb": "help v 1 0 1 9 00000020  \naid v 1 0 1 3 00000020  \n"
    "go v 1 0 1 9 00000021  \nwalk v 1 0 1 2 00000021  \n",
    "data.verb": "00000020 41 v 02 help 0 aid 0 000 00 | assist  \n00000021 38 v 02 go 0 walk 0 000 00 | move  \n",
    "index.adv": "",
    "data.adv": "",
    "noun.exc": "men man\n",
    "verb.exc": "went go\ngone go\n",
    "cntlist.rev": "car%1:06:00:: 1 5\nautomobile%1:06:00:: 1 1\nhelp%1:04:00:: 1 2\nhelp%2:41:00:: 1 9\n"
    "aid%2:41:00:: 1 3\nbig%5:00:00:size:00 1 8\nlarge%3:00:00:: 1 6\ngreat%3:00:00:: 1 7\ngo%2:38:00:: 1 9\n"
    "walk%2:38:00:: 1 2\n",
}


@pytest.fixture
def dictionary(tmp_path: Path) -> WordNet:
    """The dictionary of `FILES`, its lines ended as in the package that WordNet comes in."""
    folder = tmp_path / "wordnet"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\r\n")
    return WordNet(folder)
