"""An explanation of one row as a page that needs nothing else."""

from __future__ import annotations

from html import escape

from tasks.evaluate.explain.wording import faithful_words, shade
from tasks.reports.explanation import Contribution, LocalExplanation

_STYLE = """
body { font: 16px/1.6 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1c2530; }
table { border-collapse: collapse; } td, th { padding: .2rem .8rem .2rem 0; text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; } mark { padding: .1rem .2rem; color: inherit; }
.doubt { border-left: 4px solid #c8553d; padding-left: .8rem; }
"""


def page(found: LocalExplanation, model: str) -> str:
    """HTML of an explanation of a row by `model`."""
    most = max((abs(part.weight) for part in found.contributions), default=0.0)
    body = _words(found, most) + _table(found, most) if found.is_text else _table(found, most)
    doubt = "" if found.faithfulness is not None and found.faithfulness.is_faithful else ' class="doubt"'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(model)}: {escape(found.explained)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(found.explained)} {found.output:.4f}</h1>"
        f"<p>{escape(model)}, explained by {escape(found.method)}. From {found.base:.4f}, with nothing known of the "
        "row; blue adds, red takes away.</p>"
        f"<p{doubt}>{escape(faithful_words(found.faithfulness))}</p>{body}</body></html>\n"
    )


def _words(found: LocalExplanation, most: float) -> str:
    marks = (
        f'<mark style="background:{shade(part.weight, most)}" title="{part.weight:+.4f}">{escape(part.part)}</mark>'
        for part in found.contributions
    )
    return f"<p>{' '.join(marks)}</p>"


def _table(found: LocalExplanation, most: float) -> str:
    ranked = sorted(found.contributions, key=lambda part: -abs(part.weight))
    rows = "".join(_row(part, most) for part in ranked)
    rest = f"<tr><td>not explained</td><td></td><td class=number>{found.unexplained:+.4f}</td></tr>"
    return f"<table><tr><th>part</th><th>value</th><th>contribution</th></tr>{rows}{rest}</table>"


def _row(part: Contribution, most: float) -> str:
    colour = shade(part.weight, most)
    return (
        f"<tr><td>{escape(part.part)}</td><td>{escape(part.value)}</td>"
        f'<td class=number style="background:{colour}">{part.weight:+.4f}</td></tr>'
    )
