"""One look for every chart, in light and dark.

Ink (text, gridlines, hover box, font) and series colours come from config.toml and are painted in the browser: right in
both themes, and at once when the theme changes, without the server knowing which one is shown. Set here is what the
theme does not know: size, margins, legend, number format, and five colours with a meaning, mid-tones that are seen on
both backgrounds (PAST 3.0 : 1 on white, the others 3.5 and more).

Amounts come in as Decimals (or integers for counts). The float that plotly needs only places the mark; labels and hover
texts are made from the exact value.
"""

import base64
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import plotly.graph_objects as go
import streamlit as st

Exact = Decimal | int

UP, DOWN, TOTAL, PAST, LIMIT = "#1B9A84", "#D4641C", "#4578DF", "#8A93A1", "#D9483B"
AXIS = "rgba(138,147,161,.55)"
CONFIG = {"displayModeBar": False, "scrollZoom": False}
SMALL = {"size": 11}
DAY = timedelta(days=1)
NAME_MOST = 24  # letters of a name beside a bar
FIGURES = {"tickformat": "~s", "tickformatstops": [{"dtickrange": [None, 0.999], "value": "~f"}]}  # 2k; 0.5, no 500m
NO_TITLE = {"text": "", "standoff": 0}  # the theme keeps 18 to 21 px for an axis title, even for an empty one


def figure(height: int = 260, *, legend: bool = True, unified: bool = True) -> go.Figure:
    """An empty figure with the house layout. Leave series colours alone: the theme gives them in order."""
    fig = go.Figure()
    fig.update_layout(
        height=height,
        margin={"l": 0, "r": 4, "t": 24 if legend else 8, "b": 0, "pad": 2},
        showlegend=legend,
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "xanchor": "left",
            "yanchor": "bottom",
            "font": SMALL,
            "traceorder": "normal",
        },
        hovermode="x unified" if unified else "closest",
        separators=".,",
        bargap=0.3,
        barcornerradius=2,
        dragmode=False,
    )
    axis = {
        "title": NO_TITLE,
        "zeroline": False,
        "ticks": "",
        "tickfont": SMALL,
        "automargin": True,
        "fixedrange": True,
    }
    fig.update_xaxes(**axis, showgrid=False, showline=True, linecolor=AXIS, hoverformat="%a %-d %b %Y")
    fig.update_yaxes(**axis, nticks=5, showline=False, **FIGURES)
    return fig


def days_axis(fig: go.Figure, start: date, end: date) -> None:
    """The days of [start, end) as one axis: each bar whole, also the first and the last."""
    fig.update_xaxes(range=[f"{start - DAY} 12:00", f"{end - DAY} 12:00"], tickformat="%-d %b")


def exact(values: Sequence[Exact], unit: str = "", *, signed: bool = False) -> list[str]:
    """Hover and label text from the Decimals themselves; the float that plotly needs only places the mark."""
    plus = "+" if signed else ""
    return [f"{'−' if v < 0 else plus if v > 0 else ''}{abs(v):,f}{' ' + unit if unit else ''}" for v in values]


def bars(fig: go.Figure, x: Sequence, values: Sequence[Exact], name: str, unit: str = "", **style) -> None:
    fig.add_bar(
        x=x,
        y=[float(v) for v in values],
        name=name,
        customdata=exact(values, unit),
        hovertemplate="%{customdata}",
        **style,
    )


def line(fig: go.Figure, x: Sequence, values: Sequence[Exact], name: str, unit: str = "", **style) -> None:
    style = {"mode": "lines", "line": {"width": 2}} | style
    fig.add_scatter(
        x=x,
        y=[float(v) for v in values],
        name=name,
        customdata=exact(values, unit),
        hovertemplate="%{customdata}",
        **style,
    )


def heat(
    fig: go.Figure, across: Sequence[str], down: Sequence[str], cells: Sequence[Sequence[Exact | None]], unit: str
) -> None:
    """A triangle or matrix with its numbers printed; None stays empty. Colours: the theme's sequential scale."""
    fig.add_heatmap(
        x=across,
        y=down,
        z=[[None if v is None else float(v) for v in row] for row in cells],
        text=[["" if v is None else f"{v:,f}" for v in row] for row in cells],
        texttemplate="%{text}",
        textfont=SMALL,
        showscale=False,
        xgap=2,
        ygap=2,
        hoverongaps=False,
        hovertemplate=f"%{{y}} → %{{x}}: %{{text}} {unit}<extra></extra>",
    )
    fig.update_xaxes(side="top", showline=False, dtick=1)
    fig.update_yaxes(autorange="reversed", showgrid=False, nticks=None, dtick=1)
    fig.update_layout(margin_t=22, hovermode="closest")


def bridge(
    fig: go.Figure,
    opening: tuple[str, Exact],
    moves: Sequence[tuple[str, Exact]],
    closing: tuple[str, Exact],
    unit: str = "",
) -> None:
    """Opening, movements, closing. Every bar carries its amount, so the value axis is hidden and may start above zero:
    say so in the title."""
    level, seen = opening[1], [opening[1]]
    for _, v in moves:
        level += v
        seen.append(level)
    if level != closing[1]:
        raise ValueError(f"the bridge does not tie: {level} is not {closing[1]}")
    label = [*exact([opening[1]]), *exact([v for _, v in moves], signed=True), *exact([closing[1]])]
    fig.add_waterfall(
        x=[opening[0], *(n for n, _ in moves), closing[0]],
        y=[float(v) for v in (opening[1], *(v for _, v in moves), closing[1])],
        measure=["absolute", *["relative"] * len(moves), "total"],
        text=label,
        textposition="outside",
        textfont=SMALL,
        customdata=[f"{t} {unit}".strip() for t in label],
        hovertemplate="%{x}: %{customdata}<extra></extra>",
        increasing={"marker": {"color": UP}},
        decreasing={"marker": {"color": DOWN}},
        totals={"marker": {"color": TOTAL}},
        connector={"line": {"color": PAST, "width": 1}},
    )
    low, high = float(min(seen)), float(max(seen))
    room = (high - low or high or 1.0) * 0.55
    fig.update_yaxes(visible=False, range=[low - room, high + room * 0.55])


def curve(
    fig: go.Figure, points: Sequence[tuple[Fraction, Decimal, str]], mark: tuple[Fraction, Decimal, str] | None = None
) -> None:
    """An amount over a quantity, (quantity, amount, what the pointer reads) a point; `mark` is the one that was asked for."""
    fig.add_scatter(
        x=[float(x) for x, _, _ in points],
        y=[float(y) for _, y, _ in points],
        customdata=[text for _, _, text in points],
        hovertemplate="%{customdata}<extra></extra>",
        mode="lines",
        line={"width": 2},
    )
    if mark:
        x, y, text = mark
        fig.add_scatter(
            x=[float(x)],
            y=[float(y)],
            customdata=[text],
            text=[text],
            hovertemplate="%{customdata}<extra></extra>",
            mode="markers+text",
            textposition="top left" if x > points[-1][0] / 2 else "bottom right",
            textfont=SMALL,
            cliponaxis=False,
            marker={"size": 10, "color": DOWN},
        )
        for shape in ({"x1": float(x), "y0": 0, "y1": float(y)}, {"x0": 0, "x1": float(x), "y1": float(y)}):
            ends = {"x0": float(x), "y0": float(y)} | shape
            fig.add_shape(type="line", line={"color": PAST, "width": 1, "dash": "dot"}, **ends)
    fig.update_xaxes(**FIGURES, rangemode="tozero")
    fig.update_yaxes(rangemode="tozero")


def differences(fig: go.Figure, names: Sequence[str], values: Sequence[Exact], unit: str) -> None:
    """A bar beside each name, more and less in their colours, in the order given from above."""
    fig.add_bar(
        x=[float(v) for v in values],
        y=list(range(len(names))),
        orientation="h",
        customdata=[f"{name}: {said}" for name, said in zip(names, exact(values, unit, signed=True), strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
        marker={"color": [UP if v > 0 else DOWN for v in values]},
    )
    short = [name if len(name) <= NAME_MOST else f"{name[: NAME_MOST - 1]}…" for name in names]
    fig.update_yaxes(autorange="reversed", tickvals=list(range(len(names))), ticktext=short, nticks=None, tickformat="")
    fig.update_xaxes(**FIGURES, showgrid=True, showline=False)


def scatter(
    fig: go.Figure,
    points: Sequence[tuple[Fraction, Decimal, str]],
    even: Sequence[tuple[Fraction, Decimal, str]],
    said: str,
) -> None:
    """(x, y, what the pointer reads) a point, and the line on which both sides are even."""
    fig.add_scatter(
        x=[float(x) for x, _, _ in points],
        y=[float(y) for _, y, _ in points],
        customdata=[text for _, _, text in points],
        hovertemplate="%{customdata}<extra></extra>",
        mode="markers",
        name="Customers",
        marker={"size": 7, "opacity": 0.7},
    )
    fig.add_scatter(
        x=[float(x) for x, _, _ in even],
        y=[float(y) for _, y, _ in even],
        customdata=[text for _, _, text in even],
        hovertemplate="%{customdata}<extra></extra>",
        mode="lines",
        name=said,
        line={"width": 2, "color": DOWN},
    )
    fig.update_xaxes(**FIGURES, rangemode="tozero")
    fig.update_yaxes(rangemode="tozero")


def show(fig: go.Figure, alt: str, *, key: str | None = None) -> None:
    """Draw it with the theme's colours. `alt` says in a sentence what the chart shows."""
    st.plotly_chart(fig, theme="streamlit", config=CONFIG, width="stretch", key=key, alt=alt)


def sparkline(now: Sequence[Exact], past: Sequence[Exact] = (), *, width: int = 240, height: int = 44) -> str:
    """A picture for `st.html`, as `<img>` (an inline svg is dropped there): history grey and thin, now blue."""
    top = max([1, *now, *past])

    def path(values: Sequence[Exact], colour: str, stroke: str) -> str:
        step = width / max(1, len(values) - 1)
        rise = (height - 4) / float(top)
        points = " ".join(f"{i * step:.1f},{height - 2 - float(v) * rise:.1f}" for i, v in enumerate(values))
        look = f'fill="none" stroke="{colour}" stroke-width="{stroke}" stroke-linejoin="round"'
        return f'<polyline {look} points="{points}"/>'

    lines = (path(past, PAST, "1.2") if past else "") + path(now, TOTAL, "1.8")
    frame = f'viewBox="0 0 {width} {height}" preserveAspectRatio="none"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {frame}>{lines}</svg>'
    code = base64.b64encode(svg.encode()).decode()
    return f'<img class="spark" style="height:{height}px" alt="" src="data:image/svg+xml;base64,{code}">'
