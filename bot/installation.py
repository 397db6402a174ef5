"""An installation as every command finds it: environment, configuration and programme."""

from bot.apps import missing_apps
from bot.config import Config, ConfigError, read_config
from bot.core.programme import Programme
from bot.environment import Environment, read_environment
from bot.programmes import programme_of


def read_installation() -> tuple[Environment, Config, Programme]:
    """Read and check environment and configuration; raises `ConfigError` with every problem of the first that fails."""
    environment = read_environment()
    config = read_config(environment.config_path)
    wanted = [name for name, part in config.networks.items() if part.enabled and part.mode == "api"]
    if missing := [*missing_apps(environment.apps, wanted)]:
        raise ConfigError(missing)
    programme = programme_of(config, environment.config_path, public_url=environment.public_url)
    return environment, config, programme
