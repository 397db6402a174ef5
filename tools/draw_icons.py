"""Draw the icons of the Teams app into connectors/chat/teams/icons: `python tools/draw_icons.py`; look at them after.

The mark is the tick of playground/page/icon.svg, which is also the V of the name. What Teams asks of an icon is said in
Microsoft's page "Teams app package" (Color icon, Outline icon).
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave
from numpy.typing import NDArray

ICONS = Path(__file__).parents[1] / "connectors" / "chat" / "teams" / "icons"
Pixels = NDArray[np.uint8]

DPI = 100
COLOR, OUTLINE = 192, 32  # pixels, as Teams wants them
SYMBOL = 96  # the symbol of the color icon: the rest around it may be cropped, to a hexagon for a bot
GROUND = (0x1F, 0x3A, 0x5F)  # the accentColor of the app's manifest
TICK = ((0.0, 2.0), (8.0, 14.0), (16.0, 0.0))  # from the top left, in a box of 16 by 14
STROKE = 4.0


def coverage(size: int, *, width: float) -> NDArray[np.float64]:
    """Return how much of each pixel the tick covers, 0 to 1, when it is `width` wide and stands in the middle."""
    scale = width / (TICK[2][0] + STROKE)
    middle = (TICK[2][0] / 2, TICK[1][1] / 2)
    figure = Figure(figsize=(size / DPI, size / DPI), dpi=DPI, facecolor="black")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, size), ylim=(size, 0))
    axes.set_axis_off()
    axes.plot(
        [size / 2 + (x - middle[0]) * scale for x, _ in TICK],
        [size / 2 + (y - middle[1]) * scale for _, y in TICK],
        color="white",
        linewidth=STROKE * scale * 72 / DPI,  # matplotlib counts lines in points
        solid_capstyle="round",
        solid_joinstyle="round",
    )
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, 0] / 255


def color_icon() -> Pixels:
    """Return the color icon: white on a solid square ground, as Teams rounds the corners itself."""
    covered = coverage(COLOR, width=SYMBOL)[:, :, np.newaxis]
    ground = np.array(GROUND)
    shown = np.rint(ground + covered * (255 - ground))
    return np.dstack([shown, np.full((COLOR, COLOR), 255)]).astype(np.uint8)


def outline_icon() -> Pixels:
    """Return the outline icon: pure white wherever there is anything, and no padding beside the symbol."""
    covered = coverage(OUTLINE, width=OUTLINE)
    white = np.full((OUTLINE, OUTLINE), 255)
    return np.dstack([white, white, white, np.rint(covered * 255)]).astype(np.uint8)


def draw(folder: Path) -> None:
    """Write both icons into the folder."""
    for name, pixels in (("color.png", color_icon()), ("outline.png", outline_icon())):
        imsave(folder / name, pixels, metadata={"Software": None})


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else ICONS)
