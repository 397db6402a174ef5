"""The environment is checked as a whole before anything starts, and shows no secret."""

import os
import stat
from pathlib import Path

import pytest

from bot.config import ConfigError
from bot.environment import (
    DEFAULT_SLACK_API,
    DEFAULT_TEAMS_LOGIN,
    DEFAULT_TEAMS_OPENID,
    is_loopback,
    missing_for_package,
    missing_for_run,
    read_environment,
    secret_of,
)

SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-1-very-secret",
    "SLACK_SIGNING_SECRET": "signing-very-secret",
    "SLACK_APP_TOKEN": "xapp-1-very-secret",
    "METRICS_TOKEN": "metrics-very-secret",
    "DATABASE_URL": "postgresql://vouch:password-very-secret@db/vouch",
}
SLACK = {name: SECRETS[name] for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET")}
TEAMS = {
    "TEAMS_APP_ID": "7D0F5B52-5f8e-4d1c-9a53-0f3b6f2c9a11",
    "TEAMS_APP_PASSWORD": "teams-very-secret",
    "TEAMS_TENANT_ID": "0b6f9C2e-1111-4222-8333-944455556666",
}
PUBLIC = {"PUBLIC_URL": "https://vouch.example.com"}
HERE = {"PUBLIC_URL": "http://127.0.0.1:3000"}


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment that names a data folder and nothing else."""
    return {"VOUCH_DATA": str(tmp_path / "data")}


def problems(env: dict[str, str]) -> tuple[str, ...]:
    """Return what is wrong with an environment."""
    with pytest.raises(ConfigError) as caught:
        read_environment(env)
    return caught.value.problems


def test_an_empty_environment_has_sensible_defaults(env: dict[str, str]) -> None:
    found = read_environment(env)
    assert (found.host, found.port, found.public_url) == ("127.0.0.1", 3000, None)
    assert (found.slack_api_url, found.trusted_proxies, found.preview_allow) == (DEFAULT_SLACK_API, (), ())
    assert (found.config_path, found.database_url, found.log_format) == (Path("config.yaml"), None, "json")
    assert (found.has_slack, found.has_teams) == (False, False)
    teams = found.teams
    assert (teams.app_id, teams.app_password, teams.tenant_id, teams.service_hosts) == ("", "", "", ())
    assert (teams.login_url, teams.openid_url) == (DEFAULT_TEAMS_LOGIN, DEFAULT_TEAMS_OPENID)
    assert (teams.is_anonymous, teams.is_targeted) == (False, False)


def test_everything_that_is_set_is_read(env: dict[str, str]) -> None:
    found = read_environment(
        env
        | SECRETS
        | TEAMS
        | {
            "TEAMS_LOGIN_URL": "https://login.microsoftonline.us/",
            "TEAMS_OPENID_URL": "https://login.botframework.azure.us/v1/.well-known/openidconfiguration",
            "TEAMS_SERVICE_HOSTS": "smba.infra.gov.teams.microsoft.us, SMBA.infra.dod.teams.microsoft.us,",
            "TEAMS_TARGETED": "1",
            "PUBLIC_URL": "https://vouch.example.com/",
            "VOUCH_PORT": "8443",
            "VOUCH_HOST": "0.0.0.0",  # noqa: S104 - what a container is given
            "TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8::1 ,",
            "PREVIEW_ALLOW": "http://127.0.0.1:8080",
            "VOUCH_LOG": "plain",
        }
    )
    assert found.public_url == "https://vouch.example.com", "without a slash at the end"
    assert (found.host, found.port, found.log_format) == ("0.0.0.0", 8443, "plain")  # noqa: S104
    assert found.trusted_proxies == ("10.0.0.0/8", "2001:db8::1")
    assert found.preview_allow == ("http://127.0.0.1:8080",)
    assert found.slack_bot_token == SECRETS["SLACK_BOT_TOKEN"]
    teams = found.teams
    assert (teams.app_id, teams.tenant_id) == (TEAMS["TEAMS_APP_ID"].lower(), TEAMS["TEAMS_TENANT_ID"].lower())
    assert teams.app_password == TEAMS["TEAMS_APP_PASSWORD"]
    assert teams.login_url == "https://login.microsoftonline.us", "without a slash at the end"
    assert teams.openid_url.endswith("azure.us/v1/.well-known/openidconfiguration")
    assert teams.service_hosts == ("smba.infra.gov.teams.microsoft.us", "smba.infra.dod.teams.microsoft.us")
    assert (teams.is_targeted, teams.is_anonymous) == (True, False)
    assert (found.has_slack, found.has_teams) == (True, True)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("VOUCH_PORT", "http", "VOUCH_PORT: 'http' is no port; write a number from 1 to 65535"),
        ("VOUCH_PORT", "70000", "VOUCH_PORT: '70000' is no port"),
        ("VOUCH_PORT", "0", "VOUCH_PORT: '0' is no port"),
        ("VOUCH_PORT", "-1", "VOUCH_PORT: '-1' is no port"),
        ("VOUCH_PORT", "²", "VOUCH_PORT: '²' is no port"),
        ("PUBLIC_URL", "vouch.example.com", "PUBLIC_URL: 'vouch.example.com' is not a URL; write it with its scheme"),
        ("PUBLIC_URL", "ftp://vouch.example.com", "is not a URL"),
        ("PUBLIC_URL", "https://", "is not a URL"),
        ("PUBLIC_URL", "https://[broken", "is not a URL"),
        ("SLACK_API_URL", "slack.com/api", "SLACK_API_URL: 'slack.com/api' is not a URL"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,proxy.local", "TRUSTED_PROXIES: 'proxy.local' is no address or network"),
        ("TRUSTED_PROXIES", "10.0.0.1/99", "TRUSTED_PROXIES: '10.0.0.1/99' is no address or network"),
        ("PREVIEW_ALLOW", "intranet", "PREVIEW_ALLOW: 'intranet' is no origin; write scheme, host and port"),
        ("PREVIEW_ALLOW", "http://intranet/page", "PREVIEW_ALLOW: 'http://intranet/page' is no origin"),
        ("VOUCH_LOG", "xml", "VOUCH_LOG: 'xml' is unknown; write json or plain"),
        ("VOUCH_LOG_LEVEL", "loud", "VOUCH_LOG_LEVEL: 'loud' is unknown; write debug, info, warning"),
        ("VOUCH_TOKEN_KEYS", "no-key", "VOUCH_TOKEN_KEYS: is no list of keys; `vouch keys make` prints one"),
        ("VOUCH_SECRET_KEY", "open sesame", "VOUCH_SECRET_KEY: is no key; write what stands in secret.key"),
        ("VOUCH_DRAIN_SECONDS", "-1", "VOUCH_DRAIN_SECONDS: '-1' is no pause; write seconds from 0 to 600"),
        ("VOUCH_DRAIN_SECONDS", "601", "VOUCH_DRAIN_SECONDS: '601' is no pause"),
        ("VOUCH_DRAIN_SECONDS", "soon", "VOUCH_DRAIN_SECONDS: 'soon' is no pause"),
        ("LINKEDIN_API_URL", "api.linkedin.com", "LINKEDIN_API_URL: 'api.linkedin.com' is not a URL"),
        ("X_LOGIN_URL", "http://x.example", "X_LOGIN_URL: 'http://x.example' is not https"),
        ("TEAMS_APP_ID", "vouch", "TEAMS_APP_ID: is no id; write it as Azure shows it"),
        ("TEAMS_APP_ID", f"{{{TEAMS['TEAMS_APP_ID']}}}", "TEAMS_APP_ID: is no id"),
        ("TEAMS_APP_ID", TEAMS["TEAMS_APP_ID"] + "\n", "TEAMS_APP_ID: is no id"),
        ("TEAMS_TENANT_ID", "example.onmicrosoft.com", "TEAMS_TENANT_ID: is no id; write it as Azure shows it"),
        ("TEAMS_LOGIN_URL", "login.microsoftonline.com", "TEAMS_LOGIN_URL: 'login.microsoftonline.com' is not a URL"),
        ("TEAMS_LOGIN_URL", "http://login.example.com", "TEAMS_LOGIN_URL: 'http://login.example.com' is not https"),
        (
            "TEAMS_OPENID_URL",
            "http://login.example.com/x",
            "TEAMS_OPENID_URL: 'http://login.example.com/x' is not https",
        ),
        ("TEAMS_OPENID_URL", "keys", "TEAMS_OPENID_URL: 'keys' is not a URL"),
        (
            "TEAMS_SERVICE_HOSTS",
            "https://smba.example.com",
            "'https://smba.example.com' is no host; write a name alone",
        ),
        ("TEAMS_SERVICE_HOSTS", "*.example.com", "TEAMS_SERVICE_HOSTS: '*.example.com' is no host"),
        ("TEAMS_SERVICE_HOSTS", "smba.example.com,smba.example.com/amer", "'smba.example.com/amer' is no host"),
        ("TEAMS_ANONYMOUS", "1", "TEAMS_ANONYMOUS lets anyone in who can reach Vouch and is for development"),
        ("DATABASE_URL", "mysql://db/vouch", "DATABASE_URL: only sqlite and postgresql are supported"),
        ("DATABASE_URL", "postgresql://db/vouch?foo=bar", "DATABASE_URL: has an unknown option after its ?"),
        ("DATABASE_URL", "just words", "DATABASE_URL: is not a database's address"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_write(env: dict[str, str], name: str, value: str, said: str) -> None:
    (problem,) = problems(env | {name: value})
    assert said in problem


def test_all_that_is_wrong_is_named_at_once(env: dict[str, str]) -> None:
    found = problems(env | {"VOUCH_PORT": "x", "PUBLIC_URL": "y", "TRUSTED_PROXIES": "z", "VOUCH_LOG": "w"})
    assert [line.partition(":")[0] for line in found] == ["VOUCH_PORT", "PUBLIC_URL", "TRUSTED_PROXIES", "VOUCH_LOG"]


def test_a_wrong_database_address_is_not_repeated_for_its_password(env: dict[str, str]) -> None:
    (problem,) = problems(env | {"DATABASE_URL": "mysql://vouch:password-very-secret@db/vouch"})
    assert "very-secret" not in problem


@pytest.mark.parametrize("name", ["TEAMS_APP_ID", "TEAMS_TENANT_ID"])
def test_a_secret_in_the_place_of_an_id_is_not_repeated(env: dict[str, str], name: str) -> None:
    (problem,) = problems(env | {name: TEAMS["TEAMS_APP_PASSWORD"]})
    assert "very-secret" not in problem


@pytest.mark.parametrize("name", ["TEAMS_LOGIN_URL", "TEAMS_OPENID_URL"])
def test_a_fake_of_the_platform_on_this_machine_needs_no_certificate(env: dict[str, str], name: str) -> None:
    found = read_environment(env | {name: "http://127.0.0.1:9/keys"}).teams
    assert "http://127.0.0.1:9/keys" in (found.login_url, found.openid_url)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_bot_without_authentication_is_taken_on_loopback(env: dict[str, str], host: str) -> None:
    found = read_environment(env | HERE | {"TEAMS_ANONYMOUS": "true", "VOUCH_HOST": host})
    assert (found.teams.is_anonymous, found.has_teams, found.teams.app_id) == (True, True, "")
    assert missing_for_run(found) == []


@pytest.mark.parametrize(
    "elsewhere",
    [
        HERE | {"VOUCH_HOST": "0.0.0.0"},  # noqa: S104 - what a container is given
        HERE | {"VOUCH_HOST": "::"},
        HERE | {"VOUCH_HOST": "localhost.example.com"},
        PUBLIC,
        {"PUBLIC_URL": "", "VOUCH_WITHOUT_PUBLIC_URL": "1"},
    ],
)
@pytest.mark.parametrize("rest", [{}, TEAMS])
def test_a_bot_without_authentication_is_refused_anywhere_else(
    env: dict[str, str], elsewhere: dict[str, str], rest: dict[str, str]
) -> None:
    (problem,) = problems(env | rest | elsewhere | {"TEAMS_ANONYMOUS": "1"})
    assert problem.endswith("VOUCH_HOST and PUBLIC_URL must be loopback")


def test_a_data_folder_that_is_a_file_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("I am a file")
    (problem,) = problems({"VOUCH_DATA": str(tmp_path / "data")})
    assert "cannot be written to" in problem
    assert "name a folder that this account may write" in problem
    assert (tmp_path / "data").read_text() == "I am a file"


def test_a_data_folder_below_a_file_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (problem,) = problems({"VOUCH_DATA": str(tmp_path / "file" / "data")})
    assert "VOUCH_DATA" in problem


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere; run the tests as another user to see it")
def test_a_data_folder_without_the_right_to_write_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o500)
    (problem,) = problems({"VOUCH_DATA": str(tmp_path / "data")})
    assert "Permission denied" in problem


def test_checking_the_folder_leaves_nothing_in_it(env: dict[str, str]) -> None:
    assert list(read_environment(env).data.iterdir()) == []


@pytest.mark.parametrize("clock", ["http://127.0.0.1:8080/api/clock", "http://localhost:8080/", "http://[::1]:1/"])
def test_a_moved_clock_is_taken_on_loopback(env: dict[str, str], clock: str) -> None:
    found = read_environment(env | {"VOUCH_CLOCK_URL": clock, "PUBLIC_URL": "http://127.0.0.1:8080"})
    assert found.clock_url == clock


@pytest.mark.parametrize(
    ("clock", "public"),
    [
        ("http://127.0.0.1:8080/api/clock", "https://vouch.example.com"),
        ("http://clock.example.com/", "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/api/clock", ""),
        ("http://127.0.0.1.example.com/", "http://127.0.0.1:8080"),
    ],
)
def test_a_moved_clock_is_refused_anywhere_else(env: dict[str, str], clock: str, public: str) -> None:
    (problem,) = problems(env | {"VOUCH_CLOCK_URL": clock, "PUBLIC_URL": public})
    assert problem.startswith("VOUCH_CLOCK_URL moves time and is for the local playground")


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("http://127.0.0.1:1/", True),
        ("http://127.9.9.9/", True),
        ("http://[::1]/", True),
        ("http://localhost/", True),
        ("http://10.0.0.1/", False),
        ("http://localhost.example.com/", False),
        ("", False),
    ],
)
def test_loopback_is_told_from_everything_else(url: str, answer: bool) -> None:  # noqa: FBT001 - a row of a table
    assert is_loopback(url) is answer


def begun(found: list[str]) -> list[str]:
    """Return the first word of each line."""
    return [line.partition(" ")[0] for line in found]


def test_without_any_platform_both_ways_are_named(env: dict[str, str]) -> None:
    platform, address = missing_for_run(read_environment(env))
    assert platform.startswith("no platform is set; for Slack set SLACK_BOT_TOKEN")
    assert "for Teams set TEAMS_APP_ID, TEAMS_APP_PASSWORD and TEAMS_TENANT_ID (docs/teams.md)" in platform
    assert address.startswith("PUBLIC_URL is not set")
    assert all("docs/install.md" in line for line in (platform, address))


def test_a_half_set_slack_names_the_rest(env: dict[str, str]) -> None:
    (proof,) = missing_for_run(read_environment(env | PUBLIC | {"SLACK_BOT_TOKEN": "xoxb-1"}))
    assert "SLACK_SIGNING_SECRET (for HTTP) or SLACK_APP_TOKEN (for Socket Mode) is not set" in proof
    (token,) = missing_for_run(read_environment(env | PUBLIC | {"SLACK_APP_TOKEN": "xapp-1"}))
    assert token.startswith("SLACK_BOT_TOKEN is not set; it is the xoxb-")


@pytest.mark.parametrize("left_out", sorted(TEAMS))
@pytest.mark.parametrize("slack", [{}, SLACK])
def test_a_half_set_teams_names_the_rest_even_beside_a_whole_slack(
    env: dict[str, str], left_out: str, slack: dict[str, str]
) -> None:
    given = {name: value for name, value in TEAMS.items() if name != left_out}
    found = read_environment(env | PUBLIC | slack | given)
    assert begun(missing_for_run(found)) == [left_out]
    assert (found.has_slack, found.has_teams) == (bool(slack), False)


def test_two_half_set_platforms_name_everything(env: dict[str, str]) -> None:
    given = {"SLACK_SIGNING_SECRET": "s", "TEAMS_APP_PASSWORD": "p"}
    found = missing_for_run(read_environment(env | given))
    assert begun(found) == ["SLACK_BOT_TOKEN", "TEAMS_APP_ID", "TEAMS_TENANT_ID", "PUBLIC_URL"]


@pytest.mark.parametrize(
    ("given", "has"), [(SLACK, (True, False)), (TEAMS, (False, True)), (SLACK | TEAMS, (True, True))]
)
def test_one_whole_platform_is_enough_and_two_are_fine(
    env: dict[str, str], given: dict[str, str], has: tuple[bool, bool]
) -> None:
    found = read_environment(env | PUBLIC | given)
    assert missing_for_run(found) == []
    assert (found.has_slack, found.has_teams) == has


def test_the_package_needs_an_app_and_an_address(env: dict[str, str]) -> None:
    assert begun(missing_for_package(read_environment(env))) == ["TEAMS_APP_ID", "PUBLIC_URL"]
    app = {"TEAMS_APP_ID": TEAMS["TEAMS_APP_ID"]}
    assert missing_for_package(read_environment(env | app | PUBLIC)) == []
    assert missing_for_package(read_environment(env | app | HERE)) == []
    (problem,) = missing_for_package(read_environment(env | app | {"PUBLIC_URL": "http://vouch.example.com"}))
    assert problem.startswith("PUBLIC_URL: 'http://vouch.example.com' is not https; Teams needs")


@pytest.mark.parametrize("proof", ["SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN"])
@pytest.mark.parametrize("address", [PUBLIC, {"VOUCH_WITHOUT_PUBLIC_URL": "1"}, {"VOUCH_WITHOUT_PUBLIC_URL": "true"}])
def test_a_token_a_proof_and_an_address_are_enough(env: dict[str, str], proof: str, address: dict[str, str]) -> None:
    given = {name: SECRETS[name] for name in ("SLACK_BOT_TOKEN", proof)}
    assert missing_for_run(read_environment(env | given | address)) == []


@pytest.mark.parametrize("value", ["", "0", "false", "no"])
def test_running_without_an_address_must_be_wanted(env: dict[str, str], value: str) -> None:
    found = missing_for_run(read_environment(env | SECRETS | {"VOUCH_WITHOUT_PUBLIC_URL": value}))
    assert [line.partition(" ")[0] for line in found] == ["PUBLIC_URL"]


def test_no_secret_is_shown_when_it_is_printed(env: dict[str, str]) -> None:
    found = read_environment(env | SECRETS | TEAMS | PUBLIC)
    for shown in (repr(found), str(found), f"{found}", f"{[found]}", repr(found.teams), f"{found.teams}"):
        assert "very-secret" not in shown


def test_every_secret_is_kept_out_of_logs(env: dict[str, str]) -> None:
    found = read_environment(env | SECRETS | TEAMS | PUBLIC).secrets
    assert {value for value in found if value.endswith("very-secret")} == set(found)
    assert len(found) == len(SECRETS) + 1


def test_the_installations_key_is_made_once_and_readable_by_nobody_else(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    first = secret_of(folder)
    assert len(first) == 32
    assert secret_of(folder) == first
    assert stat.S_IMODE((folder / "secret.key").stat().st_mode) == 0o600
    assert secret_of(tmp_path / "another") != first


def test_a_key_from_the_environment_is_the_same_on_every_machine_and_shown_nowhere(
    env: dict[str, str], tmp_path: Path
) -> None:
    found = read_environment(env | {"VOUCH_SECRET_KEY": "AB" * 32 + "\n"})
    assert secret_of(tmp_path / "nowhere", given=found.secret_key) == bytes([0xAB]) * 32
    assert not (tmp_path / "nowhere").exists()
    assert "ab" * 32 in found.secrets
    assert "ab" * 32 not in repr(found)


def test_a_wrong_key_is_not_repeated(env: dict[str, str]) -> None:
    (problem,) = problems(env | {"VOUCH_SECRET_KEY": "password-very-secret"})
    assert "very-secret" not in problem


def test_a_damaged_key_is_said_so_and_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("not a key")
    with pytest.raises(ConfigError, match=r"secret\.key is damaged; restore it from a backup"):
        secret_of(tmp_path)
    assert (tmp_path / "secret.key").read_text() == "not a key"
