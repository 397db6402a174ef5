"""`vouch package teams`: the app's package, which Teams needs to install the bot."""

import re
import sys
from pathlib import Path

from bot.config import ConfigError
from bot.core.commands import COMMANDS, Command
from bot.core.programme import Programme
from bot.environment import Environment, missing_for_package
from bot.i18n.translator import Words, languages, words_for
from bot.installation import read_installation
from bot.operate.answer import answer, write_file
from connectors.chat.teams.package import BASE, MENU, WITH_SLASH, App, package

APP_VERSION = re.compile(r"(0|[1-9]\d{0,5})(\.(0|[1-9]\d{0,5})){2}", re.ASCII)


def write_teams_package(output: Path, *, version: str, has_slash: bool) -> int:
    """Write the Teams app's package for this installation, and say what to do with it."""
    return answer(lambda: _package(output, version=version, has_slash=has_slash))


def _package(output: Path, *, version: str, has_slash: bool) -> int:
    environment, _, programme = read_installation()
    problems = missing_for_package(environment)
    if not APP_VERSION.fullmatch(version):
        problems.append(f"--app-version: {version!r} is no version; write three numbers, such as 1.0.1")
    if problems:
        raise ConfigError(problems)
    write_file(output, package(_app(environment, programme, version=version), has_slash=has_slash))
    if has_slash and not environment.teams.is_targeted:
        sys.stderr.write("TEAMS_TARGETED is not set, so what is asked by a slash is answered in the personal chat\n")
    sys.stdout.write(
        f"{output} holds the Teams app: version {version}, manifest {WITH_SLASH if has_slash else BASE}.\n"
        "Upload it in the Teams admin center: Teams apps, Manage apps, Upload new app (docs/teams.md).\n"
        "After a change Teams takes only a higher --app-version.\n"
    )
    return 0


def _app(environment: Environment, programme: Programme, *, version: str) -> App:
    """Return the app; of the three pages that Teams asks for there is one: the company's policy, where it has a safe
    address."""
    company, url = programme.company, environment.public_url or ""
    page = company.policy_url
    if not page.startswith("https://"):
        page = url
        sys.stderr.write(
            "company.policy_url in config.yaml is not set to an https address; "
            f"in Teams the app's links to its website, privacy and terms lead to {url}\n"
        )
    return App(
        app_id=environment.teams.app_id,
        version=version,
        company=company.name,
        page=page,
        public_url=url,
        menu={one: _menu(words_for(one, "UTC")) for one in languages()},
    )


def _menu(words: Words) -> dict[str, str]:
    """Return what help says of each word of the command menu."""
    return {word: _menu_line(words, COMMANDS[word]) for word in MENU}


def _menu_line(words: Words, command: Command) -> str:
    says = words.text(f"help.word_{command.word}")
    return f"{words.text(f'help.use_{command.word}')}: {says}" if command.usage else says
