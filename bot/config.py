"""`config.yaml`, read and checked: unknown keys and wrong values are refused at start, all of them at once.

An environment variable `VOUCH_SECTION__KEY` wins over the file. Secrets and addresses come from `bot/environment.py`.
"""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, ClassVar

import yaml
from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from bot.config_parts import (
    LANGUAGES,
    NOT_EMPTY,
    ChannelPart,
    CompanyPart,
    CrewPart,
    DisclosurePart,
    HoursPart,
    Language,
    LatePart,
    LimitsPart,
    LinksPart,
    NetworkName,
    NetworkPart,
    PointsPart,
    RetentionPart,
    RolesPart,
    TeamsLimitsPart,
    ValuePart,
    VisitsPart,
    Zone,
)
from bot.core.networks import NETWORKS

PREFIX = "VOUCH_"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader that is written in C, where there is one: a thousand channels are read in a moment."""


class ConfigError(Exception):
    """The configuration is wrong; `problems` says where, what, and what to write instead, one line each."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Hold every problem that was found."""
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Config(BaseSettings):
    """The whole of `config.yaml`."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True
    )

    company: CompanyPart
    time_zone: Zone = "UTC"
    languages: Annotated[tuple[Language, ...], NOT_EMPTY] = LANGUAGES
    channels: tuple[ChannelPart, ...] = ()
    curators_channel: str | None = None
    networks: Mapping[NetworkName, NetworkPart] = Field(default_factory=lambda: {"linkedin": NetworkPart()})
    topics: tuple[str, ...] = ()
    links: LinksPart = LinksPart()
    second_pair_of_eyes: bool = False
    disclosure: DisclosurePart = DisclosurePart()
    points: Annotated[tuple[PointsPart, ...], NOT_EMPTY] = (PointsPart(),)
    roles: RolesPart = RolesPart()
    teams: tuple[CrewPart, ...] = ()
    teams_file: Path | None = None
    smallest_team: int = Field(default=5, ge=5)
    working_hours: HoursPart = HoursPart()
    retention: RetentionPart = RetentionPart()
    visits: VisitsPart = VisitsPart()
    value: ValuePart = ValuePart()
    late: LatePart = LatePart()
    limits: LimitsPart = LimitsPart()
    limits_on_teams: TeamsLimitsPart = TeamsLimitsPart()

    _held: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file."""
        return (env_settings, InitSettingsSource(settings_cls, init_kwargs=dict(cls._held)))


def read_config(path: Path) -> Config:
    """Read and check the file at `path`; raises `ConfigError` with every problem at once."""
    held = _read_yaml(path)
    bound = type("Config", (Config,), {"_held": held, "__module__": __name__, "__doc__": Config.__doc__})
    try:
        config: Config = bound()
    except ValidationError as error:
        raise ConfigError(_problem(path, one) for one in error.errors()) from error
    except SettingsError as error:  # says which variable, and is caused by what its JSON lacks
        key = str(error).split('"')[1]
        name = f"{PREFIX}{key.upper()}"
        raise ConfigError(
            [f'{name}: lists and mappings are written as JSON here, such as ["a", "b"] {_page(key)}']
        ) from error
    problems = [f"{path.name}: {one}" for one in _contradictions(config, path)]
    if problems:
        raise ConfigError(problems)
    return config


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        held = yaml.load(path.read_text(encoding="utf-8"), _LOADER)  # noqa: S506 - both loaders are safe ones
    except FileNotFoundError:
        raise ConfigError(
            [f"{path}: there is no such file; copy the shipped config.yaml or set VOUCH_CONFIG (docs/configuration.md)"]
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" line {where.line + 1}:" if where else ""
        raise ConfigError([f"{path.name}:{line} this is not readable as YAML; {_first_line(error)}"]) from error
    if not isinstance(held, dict):
        raise ConfigError([f"{path.name}: expected keys such as `company:`, found {type(held).__name__}"])
    return held


def _first_line(error: Exception) -> str:
    return str(getattr(error, "problem", None) or error).splitlines()[0]


def _problem(path: Path, error: Mapping[str, Any]) -> str:
    where, page = _place(path, error["loc"]), _page(str(error["loc"][0]) if error["loc"] else "")
    if error["type"] == "extra_forbidden":
        near = _nearest_key(error["loc"])
        return f"{where}: no such key; {f'did you mean `{near}`? ' if near else 'take it out '}{page}"
    if error["type"] == "missing":
        return f"{where}: is missing; write it {page}"
    said = error["msg"].removeprefix("Value error, ")
    return f"{where}: {error['input']!r:.80} {said[0].lower()}{said[1:]} {page}"


def _page(section: str) -> str:
    known = section if section in Config.model_fields else ""
    return f"(docs/configuration.md{'#' if known else ''}{known.replace('_', '-')})"


def _place(path: Path, loc: tuple[int | str, ...]) -> str:
    """Return where a value was written: the variable of the environment that wins, or the place in the file."""
    for length in range(len(loc), 0, -1):
        name = PREFIX + "__".join(str(part) for part in loc[:length]).upper()
        if os.environ.get(name):
            return name
    return f"{path.name}: {'.'.join(str(part) for part in loc)}"


def _nearest_key(loc: tuple[int | str, ...]) -> str | None:
    model: Any = Config
    for part in loc[:-1]:
        if isinstance(part, str) and model is not None and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation)
    known = list(model.model_fields) if model is not None else []
    return next(iter(get_close_matches(str(loc[-1]), known, n=1, cutoff=0.5)), None)


def _model_in(annotation: Any) -> Any:  # noqa: ANN401 - any annotation of pydantic's
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in getattr(annotation, "__args__", ()) if (found := _model_in(one))), None)


def _contradictions(config: Config, path: Path) -> list[str]:
    found = []
    refs = Counter(one.id for one in config.channels)
    found += [f"channels: {ref} stands there twice; keep one" for ref in sorted(refs) if refs[ref] > 1]
    known = set(config.topics)
    found += [
        f"channels: {one.name}: topic {topic!r} is not among `topics`; add it there or take it out"
        for one in config.channels
        for topic in one.topics
        if topic not in known
    ]
    versions = [one.version for one in config.points]
    if len(set(versions)) != len(versions):
        found.append("points: two entries have the same version; number them 1, 2, 3 …")
    if config.working_hours.start >= config.working_hours.end:
        found.append("working_hours: start must be before end")
    if not any(one.enabled for one in config.networks.values()):
        found.append("networks: none is enabled; posts need at least one, such as `linkedin: {}`")
    found += [
        f"networks.{name}.mode: nobody can be connected to {NETWORKS[name].label}; write composer or copy"
        for name, part in config.networks.items()
        if part.mode == "api" and not NETWORKS[name].has_api
    ]
    return [*found, *_wrong_value(config.value), *_wrong_teams_file(config, path)]


def _wrong_value(part: ValuePart) -> list[str]:
    """Return what is missing beside the figures: nobody can judge one without its currency, date and source."""
    found = []
    if (part.cpc or part.cost_per_month is not None) and not part.currency:
        found.append("value.currency: is missing; write the three letters of these figures' currency, such as EUR")
    if part.cpc and (part.since is None or not part.source):
        found.append("value: write with cpc from when and where it is, as since (a date) and source (a text)")
    return found


def _wrong_teams_file(config: Config, path: Path) -> list[str]:
    file = teams_path(config, path)
    if file is None:
        return []
    try:
        first = file.read_text(encoding="utf-8-sig").partition("\n")[0]
    except OSError:
        return [f"teams_file: {str(config.teams_file)!r} is not a file; write a path beside {path.name}"]
    except UnicodeDecodeError:
        return [f"teams_file: {str(config.teams_file)!r} is not UTF-8; save it as CSV with that encoding"]
    if {"team", "person"} <= {one.strip() for one in first.split(",")}:
        return []
    return [f"teams_file: {str(config.teams_file)!r} needs the columns team and person in its first line"]


def teams_path(config: Config, path: Path) -> Path | None:
    """Return where the file of teams is, if one is named."""
    return path.parent / config.teams_file if config.teams_file else None
