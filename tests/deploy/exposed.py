"""What `/metrics` shows once everything that can be counted was counted."""

from bot.core.duties import Duty
from bot.web.metrics import Counts
from bot.web.readiness import Standing
from bot.web.tallies import Tallies
from tests.house.test_documented import NoVisits


def exposed_counts() -> Counts:
    """Return counts in which every metric has a sample with all of its labels."""
    tallies = Tallies()
    tallies.visits["human"] += 1
    tallies.redirects[302] += 1
    tallies.count_interaction("open_share", "form", 0.01)
    standing = Standing(duties=frozenset(Duty), leads={"slack-socket": True})
    counts = Counts(tallies, NoVisits(), standing=standing)  # type: ignore[arg-type]  # only its size and losses are asked
    counts.problems = {"database": None}
    counts.jobs = dict.fromkeys(("due", "held_back", "waiting", "running", "failed", "uncertain"), 0)
    return counts
