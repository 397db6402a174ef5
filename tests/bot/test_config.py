"""`config.yaml` is checked as a whole: every mistake is named at once, with its place and what to write instead."""

from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from bot.config import Config, ConfigError, read_config
from bot.core.programme import Programme
from bot.programmes import programme_of

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "config.yaml"
LEAST = "company: {name: Example}\n"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide settings of the machine that the tests run on."""
    for name in ("VOUCH_COMPANY__NAME", "VOUCH_TIME_ZONE", "VOUCH_TOPICS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test writes its file."""
    return tmp_path / "config.yaml"


def read(path: Path, text: str) -> Config:
    """Read a file that holds the least there must be, and `text`."""
    path.write_text((LEAST if "company:" not in text else "") + text, encoding="utf-8")
    return read_config(path)


def problems(path: Path, text: str) -> tuple[str, ...]:
    """Return what is wrong with a file that holds the least there must be, and `text`."""
    with pytest.raises(ConfigError) as caught:
        read(path, text)
    return caught.value.problems


def test_a_name_is_enough_and_everything_else_has_a_default(path: Path) -> None:
    config = read(path, "")
    assert (config.company.name, config.time_zone, config.smallest_team) == ("Example", "UTC", 5)
    assert (list(config.networks), config.points[0].per_share) == (["linkedin"], 7)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time_zone: Europe/Amsterdm", "time_zone: 'Europe/Amsterdm' is no time zone; write one like Europe/Amsterdam"),
        ("languages: [en, de]", "languages.1: 'de' input should be 'en' or 'nl'"),
        ("networks: {linkdin: {}}", "is no network that Vouch knows; write one of linkedin, x, mastodon, bluesky"),
        ("networks: {mastodon: {composer_url: mastodon.social}}", "networks.mastodon.composer_url: 'mastodon.social'"),
        ("networks: {linkedin: {composer: api}}", "input should be 'composer' or 'share-offsite'"),
        ("working_hours: {start: 10:30}", 'is not a time; write it in quotes, such as "09:30"'),
        ("working_hours: {start: 9.5}", "working_hours.start: 9.5 is not a time"),
        ('working_hours: {start: "09:00Z"}', "working_hours.start: '09:00Z' has a time zone of its own"),
        ("working_hours: {days: []}", "working_hours.days: [] is empty; list at least one"),
        ("languages: []", "languages: [] is empty; list at least one"),
        ("points: []", "points: [] is empty; list at least one"),
        ("networks: {x: {enabled: false}}", "networks: none is enabled; posts need at least one"),
        (
            "networks: {bluesky: {mode: api}}",
            "networks.bluesky.mode: nobody can be connected to Bluesky; write composer",
        ),
        ("networks: {linkedin: {api_version: newest}}", "networks.linkedin.api_version: 'newest'"),
        ("networks: {x: {cost_per_post: free}}", "networks.x.cost_per_post: 'free'"),
        ('working_hours: {start: "25:00"}', "working_hours.start: '25:00'"),
        ('working_hours: {start: "18:00", end: "09:00"}', "working_hours: start must be before end"),
        ("working_hours: {days: [mon]}", "working_hours.days.0: 'mon' input should be 'monday', 'tuesday'"),
        ("smallest_team: 4", "smallest_team: 4 input should be greater than or equal to 5"),
        ("second_pair_of_eyes: maybe", "second_pair_of_eyes: 'maybe' input should be a valid boolean"),
        ("points: [{per_share: many}]", "points.0.per_share: 'many' input should be a valid integer"),
        ("points: [{per_share: -1}]", "points.0.per_share: -1 input should be greater than or equal to 0"),
        ("points: [{version: 1}, {version: 1}]", "points: two entries have the same version; number them 1, 2, 3"),
        ("retention: {visits: 0}", "retention.visits: 0 input should be greater than or equal to 1"),
        ("limits: {posts_a_minute: 1}", "limits.posts_a_minute: 1 input should be greater than or equal to 10"),
        ("disclosure: {lines: {fr: moi}}", "disclosure.lines.fr"),
        ("disclosure: {lines: {nl: []}}", "disclosure.lines.nl: [] is empty; list at least one"),
        ("disclosure: {market: holland}", "disclosure.market: 'holland' is no market; write us, uk, nl, de"),
        ("disclosure: {markets: {us: ['']}}", "disclosure.markets.us.0: '' string should have at least 1 character"),
        ("company: {name: ''}", "company.name: '' string should have at least 1 character"),
        ("company: {name: A, campaign: Two Words}", "company.campaign: 'Two Words' string should match pattern"),
        ("company: {name: A, policy_url: intranet}", "company.policy_url: 'intranet' input should be a valid URL"),
        ("company: {}", "company.name: is missing; write it"),
        ("channels: [{name: news}]", "channels.0.id: is missing; write it"),
        ("channels: [{id: C1, name: a}, {id: C1, name: b}]", "channels: C1 stands there twice; keep one"),
        ("channels: [{id: C1, name: a, topics: [x]}]", "channels: a: topic 'x' is not among `topics`"),
        ("channels: [{id: C1, name: a, board: {day: someday}}]", "channels.0.board.day: 'someday'"),
        (
            "channels: [{id: C1, name: a, board: {time_zone: Mars}}]",
            "channels.0.board.time_zone: 'Mars' is no time zone",
        ),
        ("teams_file: nowhere.csv", "teams_file: 'nowhere.csv' is not a file; write a path beside config.yaml"),
        ("teams: [{name: ''}]", "teams.0.name: '' string should have at least 1 character"),
        ("topics: product", "topics: 'product' input should be a valid tuple"),
    ],
)
def test_a_wrong_value_is_named_with_its_place_and_what_to_do(path: Path, text: str, said: str) -> None:
    (problem,) = problems(path, text)
    assert problem.startswith("config.yaml: ")
    assert said in problem


def test_a_missing_section_is_named(path: Path) -> None:
    path.write_text("topics: []\n")
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    assert caught.value.problems == ("config.yaml: company: is missing; write it (docs/configuration.md#company)",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time_zon: UTC", "time_zon: no such key; did you mean `time_zone`? (docs/configuration.md)"),
        ("company: {name: A, sponser: {}}", "company.sponser: no such key; did you mean `sponsor`?"),
        ("channels: [{id: C1, name: a, topic: [x]}]", "channels.0.topic: no such key; did you mean `topics`?"),
        ("channels: [{id: C1, name: a, board: {hour: 9}}]", "channels.0.board.hour: no such key; take it out"),
        ("points: [{per_shares: 1}]", "points.0.per_shares: no such key; did you mean `per_share`?"),
        ("networks: {x: {enable: true}}", "networks.x.enable: no such key; did you mean `enabled`?"),
        ("quite_something_else: 1", "quite_something_else: no such key; take it out"),
    ],
)
def test_an_unknown_key_is_refused_and_the_nearest_named(path: Path, text: str, said: str) -> None:
    (problem,) = problems(path, text)
    assert said in problem


def test_ten_mistakes_are_named_at_once(path: Path) -> None:
    wrong = [
        "company: {name: ''}",
        "time_zone: Nowhere",
        "languages: [xx]",
        "topics: 1",
        "smallest_team: 1",
        "second_pair_of_eyes: perhaps",
        "retention: {visits: none}",
        "late: {board_hours: -1}",
        "limits: {updates_a_minute: 0}",
        "unheard_of: true",
    ]
    found = problems(path, "\n".join(wrong))
    assert len(found) == 10
    assert all(key.split(":")[0] in "\n".join(found) for key in wrong)
    assert all("docs/configuration.md" in line for line in found)


def test_every_message_is_one_line_whatever_was_written(path: Path) -> None:
    (problem,) = problems(path, f"time_zone: {'x' * 5000}")
    assert "\n" not in problem
    assert len(problem) < 300


def test_a_missing_file_says_how_to_make_one(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no such file; copy the shipped config\.yaml"):
        read_config(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"company: {name: [}\n", "config.yaml: line 1: this is not readable as YAML"),
        (b"\xff\xfe\x00", "config.yaml: this is not readable as YAML"),
        (b"- a list\n", "config.yaml: expected keys such as `company:`, found list"),
        (b"", "config.yaml: expected keys such as `company:`, found NoneType"),
        (b"company: {name: !!python/object/apply:os.getcwd []}\n", "config.yaml: line 1: this is not readable as YAML"),
    ],
)
def test_what_is_not_yaml_is_said_so(path: Path, text: bytes, said: str) -> None:
    path.write_bytes(text)
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    (problem,) = caught.value.problems
    assert said in problem
    assert "\n" not in problem


def test_a_folder_where_the_file_should_be_is_said_so(path: Path) -> None:
    path.mkdir()
    with pytest.raises(ConfigError, match="this is not readable"):
        read_config(path)


def test_the_environment_wins_over_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOUCH_COMPANY__NAME", "From outside")
    monkeypatch.setenv("VOUCH_TIME_ZONE", "Europe/London")
    monkeypatch.setenv("VOUCH_TOPICS", '["water"]')
    config = read(path, "company: {name: From the file, campaign: kept}\ntime_zone: UTC\n")
    assert (config.company.name, config.company.campaign) == ("From outside", "kept")
    assert (config.time_zone, config.topics) == ("Europe/London", ("water",))


def test_a_wrong_value_in_the_environment_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOUCH_TIME_ZONE", "Nowhere")
    monkeypatch.setenv("VOUCH_TOPICS", "[1]")
    assert [line.partition(";")[0] for line in problems(path, "")] == [
        "VOUCH_TIME_ZONE: 'Nowhere' is no time zone",
        "VOUCH_TOPICS: 1 input should be a valid string (docs/configuration.md#topics)",
    ]


def test_a_list_in_the_environment_is_json(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOUCH_TOPICS", "water, people")
    (problem,) = problems(path, "")
    assert problem.startswith("VOUCH_TOPICS: lists and mappings are written as JSON here, such as [")


def test_an_empty_environment_variable_counts_as_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOUCH_TIME_ZONE", "")
    assert read(path, "time_zone: Europe/London").time_zone == "Europe/London"


def programme(path: Path, text: str) -> Programme:
    """Return the programme that a file describes."""
    return programme_of(read(path, text), path, public_url="https://vouch.example.com")


def test_teams_come_from_a_csv_file_beside_the_configuration(path: Path) -> None:
    listed = "\ufeffteam,person\nResearch,a@example.com\nSales,U1\n Research , b@example.com \n,U9\nEmpty,\n"
    (path.parent / "teams.csv").write_text(listed, encoding="utf-8")
    found = programme(path, "teams_file: teams.csv\nteams: [{name: Board, group: S1}]")
    crews = [(one.name, one.ids, one.emails, one.group) for one in found.crews]
    assert crews == [
        ("Board", (), (), "S1"),
        ("Research", (), ("a@example.com", "b@example.com"), None),
        ("Sales", ("U1",), (), None),
        ("Empty", (), (), None),
    ]


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (b"name,mail\nResearch,a@example.com\n", "needs the columns team and person in its first line"),
        (b"", "needs the columns team and person"),
        ("team,person\nTeam,r\u00e9n\u00e9e\n".encode("latin-1"), "is not UTF-8"),
    ],
)
def test_a_teams_file_that_cannot_be_used_is_said_so(path: Path, held: bytes, said: str) -> None:
    (path.parent / "teams.csv").write_bytes(held)
    (problem,) = problems(path, "teams_file: teams.csv")
    assert said in problem


def test_the_programme_holds_what_the_file_says(path: Path) -> None:
    found = programme(
        path,
        "time_zone: Europe/Amsterdam\n"
        "topics: [water]\n"
        "channels: [{id: C1, name: news, language: nl, topics: [water], board: {day: friday, time: '16:00'}}, "
        "{id: C2, name: london, board: {time_zone: Europe/London}}, {id: C3, name: quiet}]\n"
        "networks: {x: {}, facebook: {enabled: false}}\n"
        "points: [{version: 1}, {version: 2, valid_from: 2026-12-01, per_share: 9}]\n"
        "retention: {visits: 7}\n",
    )
    boards = [one.board and (one.board.weekday, one.board.at, str(one.board.zone)) for one in found.channels]
    assert boards == [(4, time(16), "Europe/Amsterdam"), (0, time(9), "Europe/London"), None]
    assert list(found.networks) == ["x"]
    assert [(one.version, one.per_share) for one in found.points] == [(1, 7), (2, 9)]
    assert found.points[1].valid_from.isoformat() == "2026-11-30T23:00:00+00:00", "midnight in the programme's zone"
    assert found.retention.visits.days == 7
    assert found.public_url == "https://vouch.example.com"


@pytest.mark.parametrize("shipped", ["config.yaml", "playground/config.yaml"])
def test_what_is_shipped_is_valid(shipped: str) -> None:
    path = ROOT / shipped
    config = read_config(path)
    assert programme_of(config, path, public_url=None).company.name == config.company.name


def test_a_line_may_be_one_text_or_several_to_choose_from(path: Path) -> None:
    config = read(
        path, 'disclosure: {lines: {en: "#One", nl: [A, B]}, markets: {fr: Chez nous}, market: nl, prizes: true}'
    )
    disclosure = programme_of(config, path, public_url=None).disclosure
    assert disclosure.lines == {"en": ("#One",), "nl": ("A", "B")}
    assert (disclosure.markets, disclosure.market, disclosure.has_prizes) == ({"fr": ("Chez nous",)}, "nl", True)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - any annotation of pydantic's
    """Yield every part of the configuration that stands in an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType) or get_args(annotation):
        for one in get_args(annotation):
            yield from models_in(one)


def keys_of(model: type[BaseModel]) -> set[str]:
    """Return every key of a part and of the parts in it."""
    found = set(model.model_fields)
    for one in model.model_fields.values():
        found = found.union(*(keys_of(part) for part in models_in(one.annotation)))
    return found


def test_the_shipped_file_shows_or_explains_every_key() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    missing = {key for key in keys_of(Config) if f"{key}:" not in text and f" {key} " not in text}
    assert missing == set()


def test_the_shipped_file_shows_the_defaults(path: Path) -> None:
    shown, default = read_config(SHIPPED), read(path, "")
    same = (
        "points",
        "working_hours",
        "retention",
        "late",
        "limits",
        "smallest_team",
        "second_pair_of_eyes",
        "disclosure",
    )
    assert {name: getattr(shown, name) for name in same} == {name: getattr(default, name) for name in same}
    assert default.points[0].valid_from == date(1970, 1, 1)


def test_ids_of_microsofts_directory_are_read_in_small_letters(tmp_path: Path) -> None:
    held = 'company: {name: Example}\nroles: {curators: {ids: ["0A1B2C3D-1111-2222-3333-444455556666", U0NADIA]}}\n'
    path = tmp_path / "config.yaml"
    path.write_text(held, encoding="utf-8")
    assert read_config(path).roles.curators.ids == ("0a1b2c3d-1111-2222-3333-444455556666", "U0NADIA")
