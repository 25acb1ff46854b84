"""The page that a demo application delivers: one HTML file that needs no network."""

from collections import defaultdict
from html import escape

from marketplace.demo.products import HONEST_EN, HONEST_ZH, Product
from marketplace.demo.rows import Field, Row

BARS_MAX = 16
TABLE_ROWS_MAX = 400
_WIDTH, _LEFT, _LINE = 760, 150, 26
_STYLE = """
body{font:16px/1.6 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",
sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2733}
h1{line-height:1.25;margin-bottom:.2em}h1 small{display:block;font-size:.6em;
font-weight:400;color:#5b6774}.notice{background:#fff6e0;border-left:4px solid #d99a1b;
padding:.6em 1em}.scroll{overflow-x:auto}table{border-collapse:collapse;
width:100%;font-variant-numeric:tabular-nums}caption{text-align:left;
font-weight:600;padding:.5em 0}
th,td{padding:.35em .6em;border-bottom:1px solid #dde3ea;text-align:left}
td.n,th.n{text-align:right}svg{max-width:100%;height:auto}rect{fill:#24607f}
text{font-size:13px;fill:#1d2733}
"""


def report(product: Product, fields: list[Field], rows: list[Row]) -> str:
    """Return the report on *rows* as a self-contained page in both languages."""
    zh, en = product.title
    summary = "".join(f"<p>{escape(text)}</p>" for text in product.summary)
    return (
        '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(zh)} · {escape(en)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(zh)}<small>{escape(en)}</small></h1>{summary}"
        f'<p class="notice">{escape(HONEST_ZH)}<br>{escape(HONEST_EN)}</p>'
        f"{_chart(fields, rows)}{_table(fields, rows)}</main></body></html>\n"
    )


def _chart(fields: list[Field], rows: list[Row]) -> str:
    """Return bars of the first number's mean by the first text, highest first."""
    by = next(field for field in fields if field.type == "string")
    of = next(field for field in fields if field.type in ("number", "integer"))
    values: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        values[str(row[by.name])].append(float(row[of.name]))
    means = {name: sum(found) / len(found) for name, found in values.items()}
    best = sorted(means, key=lambda name: -means[name])[:BARS_MAX]
    top = max(means[best[0]], 1e-9)
    bars = "".join(
        _bar(index, name, means[name], top) for index, name in enumerate(best)
    )
    title = f"{of.zh}（均值） · {of.en} (mean)"
    return (
        f"<h2>{escape(title)}</h2><svg role='img' viewBox='0 0 {_WIDTH} "
        f"{_LINE * len(best)}' aria-label='{escape(title, quote=True)}'>{bars}</svg>"
    )


def _bar(index: int, name: str, value: float, top: float) -> str:
    y, width = index * _LINE, (_WIDTH - _LEFT - 90) * max(value, 0) / top
    return (
        f"<text x='0' y='{y + 17}'>{escape(name[:12])}</text>"
        f"<rect x='{_LEFT}' y='{y + 4}' width='{width:.1f}' height='{_LINE - 8}'/>"
        f"<text x='{_LEFT + width + 6:.1f}' y='{y + 17}'>{value:,.1f}</text>"
    )


def _table(fields: list[Field], rows: list[Row]) -> str:
    numeric = [field.type in ("number", "integer") for field in fields]
    head = "".join(
        f'<th scope="col"{_N if n else ""}>{escape(field.zh)}'
        f"<br>{escape(field.en)}</th>"
        for field, n in zip(fields, numeric, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{_N if n else ''}>{escape(str(row[field.name]))}</td>"
            for field, n in zip(fields, numeric, strict=True)
        )
        + "</tr>"
        for row in rows[:TABLE_ROWS_MAX]
    )
    shown = min(len(rows), TABLE_ROWS_MAX)
    return (
        f'<h2>明细 · Details</h2><div class="scroll" role="region" tabindex="0"'
        f' aria-label="明细 · Details"><table><caption>{shown} / {len(rows)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


_N = ' class="n"'
