"""Bar charts as PNG pictures, drawn by matplotlib without its global state (a `Figure` on an Agg canvas, no pyplot).

A picture names no person and is never the only carrier of what it shows.
"""

import asyncio
import io
import unicodedata
from collections.abc import Sequence

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from bot.core.cards import Chart
from bot.core.texts import plain, shorten

WIDTH, HEIGHT = 1000, 420  # pixels; chats show it at about half of that
MOST_BARS = 60

_DPI = 100
_FONT = "DejaVu Sans"  # comes with matplotlib, so that a chart looks alike on every machine
_BAR, _INK, _QUIET, _LINE = (
    "#0072B2",
    "#1D1C1D",
    "#616061",
    "#DDDDDD",
)  # the blue of Okabe and Ito's colours for all eyes
_LABELS, _VALUES = 16, 16  # more would touch each other
_ROOM = 96  # characters of all labels together in one row
_LONGEST_TITLE, _LONGEST_UNIT = 70, 40
_LARGEST = 10**18
_THIN = "\N{NARROW NO-BREAK SPACE}"
_STEPS = ((10**15, "P"), (10**12, "T"), (10**9, "G"), (10**6, "M"))


class MatplotlibCharts:
    """The port `ChartPainter`; draws one picture at a time, as matplotlib's font code is not made for threads."""

    def __init__(self) -> None:
        """Read which letters the font has."""
        self._lock = asyncio.Lock()
        font = font_manager.get_font(font_manager.findfont(_FONT))
        self._letters = frozenset(font.get_charmap())

    async def paint(self, chart: Chart) -> bytes:
        """Return `chart` as a PNG of 1000 by 420 pixels.

        At most the last 60 bars are drawn. Labels are shortened to fit, or every second, third… is shown. Letters that
        the font does not have (emoji, for one) are left out. The same chart always gives the same picture.
        """
        async with self._lock:
            return await asyncio.to_thread(self._draw, chart)

    def _draw(self, chart: Chart) -> bytes:
        figure = Figure(figsize=(WIDTH / _DPI, HEIGHT / _DPI), dpi=_DPI, facecolor="white")
        figure.set_layout_engine("constrained", w_pad=0.15, h_pad=0.12)
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        bars = chart.bars[-MOST_BARS:]
        values = [max(-_LARGEST, min(value, _LARGEST)) for _, value in bars]
        _draw_bars(axes, values)
        self._label_bars(axes, [label for label, _ in bars])
        _write(axes.set_title("", loc="left", pad=14), self._drawable(chart.title, _LONGEST_TITLE), size=16, ink=_INK)
        _write(axes.yaxis.get_label(), self._drawable(chart.unit, _LONGEST_UNIT), size=12, ink=_QUIET)
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=_DPI, metadata={"Software": None})
        return picture.getvalue()

    def _label_bars(self, axes: Axes, labels: Sequence[str]) -> None:
        every = max(1, -(-len(labels) // _LABELS))
        shown = range(0, len(labels), every)
        longest = max(3, _ROOM // max(1, len(shown)) - 1)
        texts = [self._drawable(labels[place], longest) for place in shown]
        axes.set_xticks(list(shown), texts)
        for tick, words in zip(axes.get_xticklabels(), texts, strict=True):
            _write(tick, words, size=12, ink=_INK)

    def _drawable(self, text: str, limit: int) -> str:
        """Return `text` on one line, with only what the font can draw, at most `limit` characters."""
        line = " ".join(plain(unicodedata.normalize("NFC", text[: 20 * limit])).split())
        kept = "".join(one for one in line if ord(one) in self._letters)
        return shorten(" ".join(kept.split()), limit)


def _draw_bars(axes: Axes, values: Sequence[int]) -> None:
    """Draw the bars on a quiet ground, each with its number if there is room."""
    places = range(len(values))
    axes.bar(places, values, color=_BAR, width=0.7, zorder=2)
    low, high = min(0, *values, 0), max(0, *values, 0)
    room = (high - low) * 0.12 or 1
    axes.set_ylim(low - room if low else 0, high + room)
    aside = max(0.0, (7 - len(values)) / 2)  # one bar does not become a wall
    axes.set_xlim(-0.6 - aside, len(values) - 0.4 + aside)
    axes.set_yticks([])
    axes.spines[["top", "left", "right"]].set_visible(False)
    axes.spines["bottom"].set_color(_LINE)
    axes.tick_params(length=0)
    for place, value in zip(places, values, strict=True) if len(values) <= _VALUES else ():
        number = axes.annotate(
            "", (place, max(value, 0)), xytext=(0, 4), textcoords="offset points", ha="center", va="bottom"
        )
        _write(number, spelled(value), size=12, ink=_INK)


def _write(place: Text, words: str, *, size: int, ink: str) -> None:
    """Put `words` in their place as they are: a "$" in them starts no formula."""
    place.set_parse_math(False)
    place.set_text(words)
    place.set(fontfamily=_FONT, fontsize=size, color=ink)


def spelled(value: int) -> str:
    """Return a number as every language reads it: thin blanks between groups, ten million and more in M, G, T, P."""
    for step, letter in _STEPS:
        if abs(value) >= 10 * step:
            return f"{round(value / step):,} {letter}".replace(",", _THIN).replace(" ", _THIN)
    return f"{value:,}".replace(",", _THIN)
