"""Names follow the vocabulary: one word for one thing, and no drawer for everything."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.sources import functions, list_sources

DRAWERS = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc", "shared"}
VOCABULARY_ROOMS = ("bot/core", "handlers", "storage/models", "storage/queries")
SAY_INSTEAD = {
    "user": "member",
    "users": "members",
    "item": "the noun itself (post, share, job)",
    "items": "the noun itself (posts, shares, jobs)",
    "content": "post, text or wording",
    "contents": "post, text or wording",
    "data": "what it is",
}
# "path: name" that may stay, each with its reason.
ALLOWED = {
    "bot/core/cards.py: items": "a row holds buttons, link buttons and menus alike; no noun names them all",
}
PLATFORM_WORDS = re.compile(r"slack|teams|botbuilder", re.IGNORECASE)
# (path, fragment of the line): why a platform's word may stand there.
ALLOWED_FRAGMENTS = {
    ("bot/core/visitor_rules.py", "slackbot|slack-imgproxy"): "agents by which previews are known",
    ("bot/core/visitor_rules.py", "webexteams"): "another chat's agent, by which its previews are known",
    ("bot/core/visitor_rules.py", "slack_ssb|\\bslack/\\d|teams/\\d"): "agents by which people's own apps are known",
    ("bot/core/known_networks.py", 'name="teams"'): "whose addresses fetch previews",
    ("bot/core/known_networks.py", "https://api.slack.com/robots"): "the page that names no addresses",
    ("bot/core/commands.py", '"teams"'): 'what a person types for crews, beside "team"',
}


def defined_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and name of every class, function, argument and field that the tree defines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.lineno, node.name
            fields = (one for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name))
            yield from ((one.lineno, ast.unparse(one.target)) for one in fields)
    for function in functions(tree):
        yield function.lineno, function.name
        listed = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        yield from ((one.lineno, one.arg) for one in listed)


def words_of(name: str) -> list[str]:
    """Return the words of a snake_case or CamelCase name, in small letters; a browser's "user agent" is an agent."""
    plain = re.sub(r"user_agent|UserAgent", "agent", name)
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", plain)]


def wrong_words(path: str, tree: ast.AST) -> list[str]:
    """Return a line for each defined name that holds a word which the vocabulary replaces."""
    return [
        f"{path}:{line}: {name}: say {SAY_INSTEAD[word]}"
        for line, name in defined_names(tree)
        for word in words_of(name)
        if word in SAY_INSTEAD and f"{path}: {name}" not in ALLOWED
    ]


def without_allowed(path: str, line: str) -> str:
    """Return the line without the fragments that may stand in that file."""
    for where, fragment in ALLOWED_FRAGMENTS:
        line = line.replace(fragment, "") if where == path else line
    return line


def platform_lines(path: str, text: str) -> list[str]:
    """Return "path:line: text" for each line with a platform's word that the list above does not allow."""
    return [
        f"{path}:{number}: {line.strip()}"
        for number, line in enumerate(text.splitlines(), 1)
        if PLATFORM_WORDS.search(without_allowed(path, line))
    ]


def test_no_module_is_a_drawer_for_everything() -> None:
    every = list_sources("bot", "handlers", "connectors", "storage", "playground", "benchmarks", "tests")
    parts = {(source.path, word) for source in every for word in words_of(source.path)}
    assert sorted(path for path, word in parts if word in DRAWERS) == []


def test_rules_handlers_and_queries_use_the_vocabulary() -> None:
    found = [line for source in list_sources(*VOCABULARY_ROOMS) for line in wrong_words(source.path, source.tree)]
    assert found == []


def test_rules_and_handlers_know_no_platform() -> None:
    found = [
        line for source in list_sources("bot/core", "handlers") for line in platform_lines(source.path, source.text)
    ]
    assert found == []


def test_every_exception_is_still_needed() -> None:
    texts = {source.path: source for source in list_sources("bot/core", "handlers")}
    unused = [(path, part) for path, part in ALLOWED_FRAGMENTS if path in texts and part not in texts[path].text]
    names = {f"{source.path}: {name}" for source in texts.values() for _, name in defined_names(source.tree)}
    assert (unused, ALLOWED.keys() - names) == ([], set())


@pytest.mark.parametrize(
    "planted",
    ["def f(user_id): ...", "class PostItem: ...", "class A:\n    share_data: int", "async def list_users(): ..."],
)
def test_a_planted_wrong_word_is_found(planted: str) -> None:
    assert len(wrong_words("bot/core/x.py", ast.parse(planted))) == 1


def test_a_planted_platform_word_is_found() -> None:
    assert platform_lines("handlers/x.py", 'a = 1\nb = "post it on Slack"') == [
        'handlers/x.py:2: b = "post it on Slack"'
    ]
    assert platform_lines("handlers/x.py", "crew = team") == []
