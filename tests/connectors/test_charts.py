"""Charts: a picture of the right size for whatever there is to show, and nothing said on the way."""

import asyncio
import io
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.core.cards import Chart
from bot.core.ports import ChartPainter
from connectors.charts import HEIGHT, WIDTH, MatplotlibCharts, spelled

WEEK = (("Mon 16", 34), ("Tue 17", 71), ("Wed 18", 1204), ("Thu 19", 88), ("Fri 20", 43), ("Sat 21", 9), ("Sun 22", 0))
BAR = (0, 114, 178)


@pytest.fixture(scope="module")
def painter() -> ChartPainter:
    return MatplotlibCharts()


def opened(picture: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(picture))
    assert (image.format, image.size) == ("PNG", (WIDTH, HEIGHT))
    return image.convert("RGB")


def heights(image: Image.Image) -> list[int]:
    """Return the height of each bar from left to right, in pixels."""
    pixels = image.load()
    assert pixels is not None
    columns = [sum(pixels[x, y] == BAR for y in range(image.height)) for x in range(image.width)]
    edges = [x for x in range(1, image.width) if (columns[x] > 0) != (columns[x - 1] > 0)]
    return [columns[(left + right) // 2] for left, right in zip(edges[::2], edges[1::2], strict=True)]


async def test_a_week_has_a_bar_for_each_day_as_high_as_its_number(painter: ChartPainter) -> None:
    chart = Chart(title="Visits that your shares brought", bars=(("Mon", 10), ("Tue", 40), ("Wed", 20)), unit="visits")
    low, high, middle = heights(opened(await painter.paint(chart)))
    assert high == pytest.approx(4 * low, abs=6)
    assert high == pytest.approx(2 * middle, abs=6)


async def test_the_same_chart_gives_the_same_picture(painter: ChartPainter) -> None:
    chart = Chart(title="Visits", bars=WEEK, unit="visits")
    assert await painter.paint(chart) == await painter.paint(chart)


@pytest.mark.parametrize(
    "chart",
    [
        Chart(title="A quiet week"),
        Chart(title=""),
        Chart(title="Zeros", bars=(("a", 0), ("b", 0))),
        Chart(title="One", bars=(("Mon", 3),), unit="visits"),
        Chart(title="Huge", bars=tuple((f"day {power}", 10**power) for power in range(19))),
        Chart(title="Endless", bars=(("Mon", 10**400), ("Tue", 1)), unit="visits"),
        Chart(title="Below zero", bars=(("Mon", -4), ("Tue", 9))),
        Chart(
            title="x" * 10_000, bars=tuple(("A label that goes on and on " * 20, 7) for _ in range(7)), unit="u" * 900
        ),
        Chart(title="Many", bars=tuple((f"day {day}", day) for day in range(5000))),
        Chart(title="😀👩‍💻 日本 שלום مرحبا بالعالم", bars=(("مرحبا", 3), ("😀", 4), ("日本", 5)), unit="👍"),
        Chart(title=r"$x^{2$ \frac{1}{0} $$ <!channel> *_~&", bars=(("$a_{", 1), ("\\", 2)), unit="$"),
        Chart(title="a\x00b\u202ec\n\td", bars=(("\x07", 1), ("\ufeff", 2))),
    ],
    ids=lambda chart: chart.title[:12],
)
async def test_whatever_there_is_to_show_is_a_picture(painter: ChartPainter, chart: Chart) -> None:
    opened(await painter.paint(chart))


@settings(max_examples=15)
@given(title=st.text(max_size=60), label=st.text(max_size=30), value=st.integers())
def test_any_text_and_number_can_be_drawn(title: str, label: str, value: int) -> None:
    opened(asyncio.run(MatplotlibCharts().paint(Chart(title=title, bars=((label, value),), unit=label))))


async def test_two_charts_at_once_are_both_right(painter: ChartPainter) -> None:
    charts = [Chart(title=f"Week {number}", bars=WEEK[:number]) for number in range(1, 6)]
    alone = [await painter.paint(chart) for chart in charts]
    assert await asyncio.gather(*(painter.paint(chart) for chart in charts)) == alone


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1204, "1 204"),
        (9_999_999, "9 999 999"),
        (12_600_000, "13 M"),
        (10**12, "1 000 G"),
        (-15_000_000, "-15 M"),
    ],
)
def test_numbers_are_spelled_without_points_and_commas(value: int, text: str) -> None:
    assert spelled(value) == text.replace(" ", "\N{NARROW NO-BREAK SPACE}")


def test_pyplot_is_never_imported() -> None:
    code = "import sys, connectors.charts; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603
