"""Charts as inline SVG, drawn by hand: no library, no script, colours by class from base.css.

Each function takes plain numbers and gives one <svg>. A gap in the data is None and stays a gap:
a line never runs over seconds in which nothing was measured.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from reports.ticks import Scale, decades, label, nice, spanning

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 50, 20, 32, 40
COLOURS: Final = 8
NINES: Final = (0.0, 50.0, 90.0, 99.0, 99.9, 99.99, 99.999)

Point = tuple[float, float | None]
Series = Mapping[str, Sequence[Point]]


@dataclass(frozen=True)
class Words:
    """What stands at the chart: its title, its axes with their units, a limit line with its name."""

    title: str
    x: str = ""
    y: str = ""
    limit: float | None = None
    limit_name: str = ""
    read: bool = False  # whether its values go along, for the page's script


def line(
    series: Series, words: Words, *, log: bool = False, area: bool = False, marked: bool = False
) -> Markup:
    """Lines over a straight x axis; `log` for the y axis, `area` to fill beneath, `marked` for a dot a point."""
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points if y is not None]
    if not ys:
        return _empty(words)
    top = max([*ys, *([words.limit] if words.limit is not None else [])])
    y_ticks = decades(min(ys), top) if log else nice(min(0.0, *ys), top)
    x_ticks = nice(min(xs), max(xs), 8)
    x, y = Scale(min(xs), max(xs), LEFT, WIDTH - RIGHT), _upwards(y_ticks, log=log)
    x_ticks = [tick for tick in x_ticks if min(xs) <= tick <= max(xs)]
    if all(at == int(at) for at in xs):  # counted things have no half
        x_ticks = [tick for tick in x_ticks if tick == int(tick)] or x_ticks
    parts = [_axes(x, y, [(t, label(t)) for t in x_ticks], y_ticks, words)]
    for n, points in enumerate(series.values()):
        parts += [_run(run, n, y.start, area) for run in _runs(points, x, y)]
        if marked:
            parts += [_dot(n, *at) for run in _runs(points, x, y) if len(run) > 1 for at in run]
    return _svg(parts, words, list(series), _values(series, x, y, label, words))


def percentiles(series: Mapping[str, Sequence[tuple[float, float]]], words: Words) -> Markup:
    """Latency by percentile; the axis is logarithmic in what lies above, so that the tail has room."""
    points = [point for curve in series.values() for point in curve if point[0] < 100]
    if not points:
        return _empty(words)
    highest = max(percentile for percentile, _ in points)
    shown = [nine for nine in NINES if nine <= highest] or [0.0]
    end = _tail(max(highest, 90.0))
    x = Scale(0.0, end, LEFT, WIDTH - RIGHT)
    values = [value for _, value in points]
    y_ticks = decades(min(values), max([*values, words.limit or 0.0]))
    y = _upwards(y_ticks, log=True)
    marks = [(_tail(nine), f"p{nine:g}") for nine in shown]
    parts = [_axes(x, y, marks, y_ticks, words)]
    for n, curve in enumerate(series.values()):
        placed = [(_tail(p), value) for p, value in curve if p < 100]
        parts += [_run(run, n, y.start, area=False) for run in _runs(placed, x, y)]
    below = {name: [(p, value) for p, value in curve if p < 100] for name, curve in series.items()}
    read = _values(below, lambda p: x(_tail(p)), y, lambda p: f"p{p:g}", words)
    return _svg(parts, words, list(series), read)


def bars(stacks: Mapping[str, Mapping[str, float]], words: Words) -> Markup:
    """A stacked column for each label; the parts keep their colour by name over all columns."""
    names = list(dict.fromkeys(name for stack in stacks.values() for name in stack))
    totals = [sum(stack.values()) for stack in stacks.values()]
    if not totals or max(totals) <= 0:
        return _empty(words)
    y_ticks = nice(0.0, max(totals))
    y = _upwards(y_ticks)
    slot = (WIDTH - LEFT - RIGHT) / len(stacks)
    x = Scale(0.0, len(stacks), LEFT, WIDTH - RIGHT)
    every = math.ceil(len(stacks) / 16)
    marks = [(n + 0.5, name) for n, name in enumerate(stacks) if n % every == 0]
    parts = [_axes(x, y, marks, y_ticks, words)]
    for n, stack in enumerate(stacks.values()):
        height = 0.0
        for name, value in stack.items():
            low, height = height, height + max(0.0, value)
            left, width = x(n) + slot * 0.15, max(1.0, slot * 0.7)
            parts.append(
                Markup(
                    '<rect class="block s{}" x="{:.1f}" y="{}" width="{:.1f}" height="{:.1f}">'
                    "<title>{}: {}</title></rect>"
                ).format(
                    names.index(name) % COLOURS,
                    left,
                    y(height),
                    width,
                    y(low) - y(height),
                    name,
                    label(value),
                )
            )
    columns = {name: [(float(n), stack.get(name)) for n, stack in enumerate(stacks.values())] for name in names}  # fmt: skip
    labels = list(stacks)
    read = _values(columns, lambda n: x(n + 0.5), y, lambda n: labels[int(n)], words)
    return _svg(parts, words, names, read)


def arrivals(times: Sequence[float], marked: Sequence[float] = ()) -> Markup:
    """A strip with one tick an event at the moment of its arrival: a burst is seen at once."""
    end = max((*times, 1e-9))
    plain = "".join(f"M{x} 0v16" for x in dict.fromkeys(_place(t, end) for t in times))
    wrong = "".join(f"M{x} 0v16" for x in dict.fromkeys(_place(t, end) for t in marked))
    return Markup(
        '<svg class="arrivals" viewBox="0 0 1000 16" preserveAspectRatio="none" role="img"'
        ' aria-label="{}"><path class="ticks" d="{}"/><path class="wrong" d="{}"/></svg>'
    ).format(f"{len(times)} events over {end:,.0f} ms", plain, wrong)


def _place(time: float, end: float) -> int:
    return round(2 + 996 * max(0.0, time) / end)


def _tail(percentile: float) -> float:
    return -math.log10(1 - min(percentile, 99.9999) / 100)


def _upwards(ticks: Sequence[float], *, log: bool = False) -> Scale:
    return spanning(ticks, HEIGHT - BOTTOM, TOP, log=log)


def _runs(points: Sequence[Point], x: Scale, y: Scale) -> Iterator[list[tuple[float, float]]]:
    """The stretches without a gap, on the plane."""
    run: list[tuple[float, float]] = []
    for at, value in points:
        if value is None or not math.isfinite(value):
            if run:
                yield run
            run = []
        else:
            run.append((x(at), y(value)))
    if run:
        yield run


def _run(run: list[tuple[float, float]], colour: int, floor: float, area: bool) -> Markup:
    shade = f"s{colour % COLOURS}"
    if len(run) == 1:
        return _dot(colour, *run[0])
    path = "M" + "L".join(f"{px:g},{py:g}" for px, py in run)
    drawn = Markup('<path class="line {}" d="{}"/>').format(shade, path)
    if not area:
        return drawn
    closed = f"{path}L{run[-1][0]:g},{floor:g}L{run[0][0]:g},{floor:g}Z"
    return Markup('<path class="area {}" d="{}"/>').format(shade, closed) + drawn


def _dot(colour: int, px: float, py: float) -> Markup:
    dot = Markup('<circle class="dot s{}" cx="{}" cy="{}" r="2.2"/>')
    return dot.format(colour % COLOURS, px, py)


def _values(
    series: Series, x: Callable[[float], float], y: Scale, name: Callable[[float], str], words: Words
) -> str:  # fmt: skip
    """What the script reads: places and values of each series at each x; empty where none is to be read."""
    if not words.read:
        return ""
    xs = sorted({at for points in series.values() for at, _ in points})
    found = []
    for title, points in series.items():
        values = {at: value for at, value in points if value is not None and math.isfinite(value)}
        found.append({
            "name": title,
            "v": [label(float(f"{values[at]:.4g}")) if at in values else None for at in xs],
            "y": [y(values[at]) if at in values else None for at in xs],
        })  # fmt: skip
    return json.dumps({"at": [x(at) for at in xs], "x": [name(at) for at in xs], "top": TOP, "floor": y.start, "series": found}, separators=(",", ":"))  # fmt: skip


def _axes(
    x: Scale, y: Scale, marks: Sequence[tuple[float, str]], y_ticks: Sequence[float], words: Words
) -> Markup:
    parts = []
    for tick in y_ticks:
        at = y(tick)
        grid = Markup(
            '<path class="grid" d="M{},{}H{}"/><text x="{}" y="{}" text-anchor="end">{}</text>'
        )
        parts.append(grid.format(LEFT, at, WIDTH - RIGHT, LEFT - 6, at + 4, label(tick)))
    for place, name in marks:
        text = Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>')
        parts.append(text.format(x(place), HEIGHT - BOTTOM + 16, name))
    parts.append(Markup('<path class="axis" d="M{},{}H{}"/>').format(LEFT, y.start, WIDTH - RIGHT))
    if words.limit is not None and y.low <= words.limit <= y.high:
        limit = Markup(
            '<path class="limit" d="M{},{}H{}"/><text x="{}" y="{}" text-anchor="end">{}</text>'
        )
        at = y(words.limit)
        parts.append(limit.format(LEFT, at, WIDTH - RIGHT, WIDTH - RIGHT, at - 4, words.limit_name))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(
        Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
            middle, HEIGHT - 6, words.x
        )
    )
    return Markup("").join(parts)


def _svg(parts: Sequence[Markup], words: Words, names: Sequence[str], read: str = "") -> Markup:
    """The frame: title and unit on the left, the legend on the right."""
    legend, right = Markup(""), float(WIDTH - RIGHT)
    if len(names) > 1:
        for n, name in reversed(list(enumerate(names))):
            right -= 6.3 * len(name) + 22
            entry = Markup('<rect class="block s{}" x="{:.1f}" y="5" width="9" height="9"/><text x="{:.1f}" y="14">{}</text>')  # fmt: skip
            legend += entry.format(n % COLOURS, right, right + 13, name)
    unit = Markup('<tspan class="unit" dx="6">{}</tspan>').format(words.y) if words.y else ""
    values = Markup(' tabindex="0" data-read="{}"').format(read) if read else Markup("")
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}"{}>'
        '<text class="title" x="0" y="14">{}{}</text>{}{}</svg>'
    ).format(WIDTH, HEIGHT, words.title, values, words.title, unit, legend, Markup("").join(parts))


def _empty(words: Words) -> Markup:
    text = Markup('<text x="{}" y="{}" text-anchor="middle">no data</text>')
    return _svg([text.format(WIDTH / 2, HEIGHT / 2)], words, [])
