"""Charts as inline SVG, drawn by hand: no library, no script, colours by class from base.css."""

from collections.abc import Sequence

from markupsafe import Markup


def arrivals(times: Sequence[float], marked: Sequence[float] = ()) -> Markup:
    """A strip with one tick an event at the moment of its arrival: a burst is seen at once."""
    end = max((*times, 1e-9))
    plain = "".join(f"M{x}v12" for x in dict.fromkeys(_place(t, end) for t in times))
    wrong = "".join(f"M{x}v16" for x in dict.fromkeys(_place(t, end) for t in marked))
    return Markup(
        '<svg class="arrivals" viewBox="0 0 1000 16" preserveAspectRatio="none" role="img"'
        ' aria-label="{label}"><path class="ticks" d="{plain}"/><path class="wrong" d="{wrong}"/></svg>'
    ).format(label=f"{len(times)} events over {end:,.0f} ms", plain=plain, wrong=wrong)


def _place(time: float, end: float) -> int:
    return round(2 + 996 * max(0.0, time) / end)
