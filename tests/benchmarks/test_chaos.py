"""The judge of `make chaos`: what was lost and what is there twice is found; and a small run from end to end."""

import asyncio
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from benchmarks.chaos.__main__ import last_line
from benchmarks.chaos.acts import Act, Diary, Kind
from benchmarks.chaos.evidence import Announcement, Evidence, Job, Message, Post, Published, Share, Suggestion
from benchmarks.chaos.judge import judge
from benchmarks.chaos.points import Points, read_points
from benchmarks.chaos.run import Outcome, Wanted, run
from benchmarks.chaos.schedule import Schedule

TITLE = "Post nora1"
PUBLISHED = Post(id=1, title=TITLE, link="https://example.org/?p=nora1", state="published")
STANDS = Announcement(id=5, post_id=1, channel="C1", ref="C1:1.0")
CARD = Message(channel="C1", ref="C1:1.0", key="announce-5", said=f"{TITLE} Share", can_share=True)
DONE = Job(id=9, kind="announce_in", held='{"announcement_id":5}', state="done")
ANNOUNCED = Act(kind=Kind.ANNOUNCED, who="U1", word=TITLE, places=("C1",), is_sure=True)
OUT = Share(
    id=3,
    who="U2",
    network="x",
    state="confirmed",
    text="words w1",
    fault="",
    permalink="",
    is_opened=True,
    is_said=False,
    is_undone=False,
)
QUEUED = Act(kind=Kind.QUEUED, who="U2", word="w1", number=3, places=("x",), is_sure=True)
TWEET = Published(network="x", who="U2", text="words w1")


def diary(*acts: Act, sent: int = 0, answered: int = 0) -> Diary:
    return Diary(acts=list(acts), sent=Counter(abc=sent), answered=Counter(abc=answered))


def announced(*messages: Message, job: Job = DONE, post: Post = PUBLISHED, placed: Announcement = STANDS) -> Evidence:
    return Evidence(jobs=[job], posts={1: post}, announcements=[placed], messages=messages)


def shared(share: Share, *published: Published) -> Evidence:
    return Evidence(shares={3: share}, published=published)


def found(evidence: Evidence, kept: Diary) -> tuple[int, int]:
    verdict = judge(evidence, kept)
    return len(verdict.lost), len(verdict.doubled)


def changed(share: Share, **changes: object) -> Share:
    values = {name: getattr(share, name) for name in Share.__slots__}
    return Share(**{**values, **changes})


def test_what_is_there_once_is_neither_lost_nor_doubled() -> None:
    assert found(announced(CARD), diary(ANNOUNCED)) == (0, 0)
    assert found(shared(OUT, TWEET), diary(QUEUED)) == (0, 0)
    assert found(Evidence(visits={"abc": (3, 3)}), diary(sent=4, answered=3)) == (0, 0)


def test_a_planted_loss_is_found() -> None:
    silent = Announcement(id=5, post_id=1, channel="C1", ref="")
    assert found(announced(placed=silent), diary(ANNOUNCED)) == (1, 0)
    assert found(Evidence(posts={1: PUBLISHED}), diary(ANNOUNCED)) == (1, 0)
    assert found(shared(OUT), diary(QUEUED)) == (1, 0)
    assert found(shared(changed(OUT, state="failed"), TWEET), diary(QUEUED)) == (1, 0)
    assert found(Evidence(), diary(Act(kind=Kind.SUGGESTED, who="U1", word="s1", is_sure=True))) == (1, 0)
    assert found(Evidence(visits={"abc": (2, 2)}), diary(sent=4, answered=3)) == (1, 0)
    assert found(Evidence(points={"U1": (7, 0)}), diary()) == (1, 0)
    assert found(Evidence(jobs=[Job(id=1, kind="announce_in", held="{}", state="running")]), diary()) == (1, 0)


def test_a_planted_double_is_found() -> None:
    twice = Message(channel="C1", ref="C1:2.0", key="announce-5", said=TITLE, can_share=True)
    assert found(announced(CARD, twice), diary(ANNOUNCED)) == (0, 1)
    assert found(shared(OUT, TWEET, TWEET), diary(QUEUED)) == (0, 1)
    assert found(Evidence(visits={"abc": (4, 3)}), diary(sent=4, answered=3)) == (0, 1)
    assert found(Evidence(visits={"abc": (5, 5)}), diary(sent=4, answered=3)) == (0, 1)
    assert found(Evidence(earned_twice=["share of share 3"]), diary()) == (0, 1)


def test_what_is_listed_as_failed_or_uncertain_is_not_lost() -> None:
    silent = Announcement(id=5, post_id=1, channel="C1", ref="")
    for state in ("failed", "uncertain"):
        job = Job(id=9, kind="announce_in", held=DONE.held, state=state)
        assert found(announced(job=job, placed=silent), diary(ANNOUNCED)) == (0, 0)
        assert found(shared(changed(OUT, state=state)), diary(QUEUED)) == (0, 0)


def test_an_answer_without_a_word_counts_unless_the_database_was_away() -> None:
    act = Act(kind=Kind.SUGGESTED, who="U1", word="s1", asked_at=5, answered_at=6, is_taken=True)
    kept = diary(act)
    assert found(Evidence(), kept) == (1, 0)
    kept.away.append((5.5, 9))
    assert found(Evidence(), kept) == (0, 0)
    there = Suggestion(id=1, link="https://example.org/?s=s1", state="received")
    assert found(Evidence(suggestions={1: there}), diary(act)) == (0, 0)


def test_every_point_is_died_at_before_any_a_second_time() -> None:
    known = {f"commit {number} after" for number in range(40)}
    schedule = Schedule(dice=Random(1), known=known)  # noqa: S311 - reproducible on purpose
    while schedule.covered < len(known):
        fate = schedule.draw()
        assert not [one for one in fate.points if schedule.died[one]]
        schedule.learn(set(), next(iter(fate.points), ""))
    assert {schedule.died[one] for one in known} == {1}


def test_a_process_notes_each_point_once(tmp_path: Path) -> None:
    points = Points(tmp_path / "points")
    for _ in range(3):
        points.passed("commit a.b", "before")
    points.begins("call c")
    assert read_points(points.path) == ({"commit a.b before", "call c before", "call c during"}, "")


@pytest.mark.slow
@pytest.mark.chaos
@pytest.mark.timeout(300)
def test_a_small_run_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    wanted = Wanted(name="SQLite", seed=7, kills=3, replicas=1, employees=2, curators=1, pause=0.2, later=(1100,))
    outcome: Outcome = asyncio.run(run(wanted, tmp_path))
    assert (outcome.verdict.lost, outcome.verdict.doubled, list(outcome.strange)) == ([], [], [])
    assert outcome.uncertain == outcome.cut
    assert outcome.is_good
    assert sum(taken for _, taken in outcome.acts.values()) > 0
    assert last_line([outcome]).startswith("lost=0 doubled=0 uncertain=")
