"""The operator's commands: run, migrate, doctor, admin-code, export, keys, manifest slack, package teams."""

import gc
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="vouch",
    help="Vouch: employee advocacy, native to your chat. Configuration: docs/configuration.md.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help is plain text: painting it takes longer than all else about it
)
manifest_app = typer.Typer(
    help="Print what a platform needs to install the bot.", no_args_is_help=True, rich_markup_mode=None
)
package_app = typer.Typer(
    help="Write what a platform needs to install the bot, as a file.", no_args_is_help=True, rich_markup_mode=None
)
keys_app = typer.Typer(
    help="The keys that seal members' tokens in the database.", no_args_is_help=True, rich_markup_mode=None
)
totals_app = typer.Typer(help="The running sums that boards show.", no_args_is_help=True, rich_markup_mode=None)


class ExportFormat(StrEnum):
    """How an export is written."""

    CSV = "csv"
    JSON = "json"


class ReportPeriod(StrEnum):
    """The days of a report."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


class Release(StrEnum):
    """What becomes of the work that was open in a held database."""

    SEND = "send"
    DROP = "drop"
    KEEP = "keep"


@app.command()
def run(
    demo: Annotated[Path | None, typer.Option(help="Fill an empty database with a demo company first.")] = None,
    web: Annotated[bool, typer.Option("--web", help="Hear people only: chat, links, pages. PostgreSQL only.")] = False,
    worker: Annotated[bool, typer.Option("--worker", help="Send and keep time only. PostgreSQL only.")] = False,
) -> None:
    """Run the bot until Ctrl-C or SIGTERM; without --web and --worker this process does everything."""
    gc.disable()  # hardly anything that a start makes is garbage; once it has started, collecting begins
    from bot.start import duties_of, main

    try:
        raise SystemExit(main(demo, duties_of(is_web=web, is_worker=worker)))
    finally:
        gc.enable()


@app.command()
def migrate() -> None:
    """Bring the database's schema to this version."""
    from bot.operate.migrate import migrate_database

    raise SystemExit(migrate_database())


@app.command()
def doctor() -> None:
    """Check the installation, and say what to do about each finding."""
    from bot.operate.doctor import print_findings

    raise SystemExit(print_findings())


@app.command("admin-code")
def admin_code() -> None:
    """Print a one-time code that makes its first user an admin; it is valid for 15 minutes."""
    from bot.operate.admin_code import print_admin_code

    raise SystemExit(print_admin_code())


@app.command()
def export(
    style: Annotated[ExportFormat, typer.Option("--format", help="How to write it.")] = ExportFormat.CSV,
    output: Annotated[Path | None, typer.Option(help="A file to write; else standard output.")] = None,
    report: Annotated[ReportPeriod | None, typer.Option(help="These days alone, with what they are worth.")] = None,
) -> None:
    """Write posts, shares and visits as totals; no person's points are in it."""
    from bot.operate.export import write_export, write_report

    if report is not None:
        raise SystemExit(write_report(report.value, style.value, output))
    raise SystemExit(write_export(style.value, output))


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="A new file to write.")]) -> None:
    """Copy the database into a file, while Vouch runs; put back, it starts held."""
    from bot.operate.backup import back_up_database

    raise SystemExit(back_up_database(file))


@app.command()
def hold() -> None:
    """Hold a database that was put back: nothing that is open in it is sent before `vouch release`."""
    from bot.operate.hold import hold_database

    raise SystemExit(hold_database())


@app.command()
def release(how: Annotated[Release, typer.Argument(help="What becomes of everything that was open.")]) -> None:
    """Decide what becomes of what was open in a held database, and let boards and planned posts go on."""
    from bot.operate.hold import release_database

    raise SystemExit(release_database(how.value))


@app.command("copy-database")
def copy_database(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The database's address; Vouch must not run on it.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The address of an empty one, or of a copy cut short.")],
) -> None:
    """Copy a whole database into another one, of either kind; cut short, the same command goes on."""
    from bot.operate.copy_database import copy_whole

    raise SystemExit(copy_whole(source, target))


@manifest_app.command("slack")
def manifest_slack(
    socket_mode: Annotated[bool, typer.Option(help="For Socket Mode, without a public address for events.")] = False,
) -> None:
    """Print the Slack app's manifest as JSON."""
    from bot.operate.manifest import print_slack_manifest

    raise SystemExit(print_slack_manifest(is_socket_mode=socket_mode))


@package_app.command("teams")
def package_teams(
    output: Annotated[Path, typer.Option(help="The file to write.")] = Path("vouch-teams.zip"),
    app_version: Annotated[str, typer.Option(help="Higher than that of the package uploaded before.")] = "1.0.0",
    slash: Annotated[bool, typer.Option("--slash", help="With slash commands, which Teams has in preview.")] = False,
) -> None:
    """Write the Teams app's package, a zip to upload in the Teams admin center."""
    from bot.operate.package import write_teams_package

    raise SystemExit(write_teams_package(output, version=app_version, has_slash=slash))


@keys_app.command("rotate")
def keys_rotate() -> None:
    """Seal every token with a new key, and forget the old ones; Vouch may run meanwhile."""
    from bot.operate.keys import rotate_keys

    raise SystemExit(rotate_keys())


@keys_app.command("accept")
def keys_accept() -> None:
    """Take the secret and keys of the next start for the installation's, where the old ones are lost for good."""
    from bot.operate.keys import accept_keys

    raise SystemExit(accept_keys())


@keys_app.command("make")
def keys_make() -> None:
    """Print a new key for VOUCH_TOKEN_KEYS."""
    from bot.operate.keys import print_key

    raise SystemExit(print_key())


@totals_app.command("rebuild")
def totals_rebuild() -> None:
    """Compare every running sum with the ledger, and make right what is wrong; Vouch may run meanwhile."""
    from bot.operate.totals import rebuild_totals

    raise SystemExit(rebuild_totals())


def command_line() -> typer.Typer:
    """Return every command, those of the groups too; asked again, it is the same."""
    if not app.registered_groups:
        app.add_typer(manifest_app, name="manifest")
        app.add_typer(package_app, name="package")
        app.add_typer(keys_app, name="keys")
        app.add_typer(totals_app, name="totals")
    return app


def main() -> None:
    """Run the command line."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    command_line()()
