"""Every text exists in every language with the same placeholders, and code and catalogues name the same keys.

A key is found in code as a whole string ("share.already"), or as an f-string that begins with a whole first part
(f"network.{name}"), which then stands for every key that fits it.
"""

import ast
import re
import string
from collections.abc import Iterable, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from tests.house.sources import ROOT, list_sources

FOLDER = ROOT / "bot/i18n"
KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
ASKING = {"text", "rich", "Unable"}
CODE = ("bot", "handlers", "connectors")
# Keys that code puts together in a way that the search above cannot see: key or "prefix.*", and where.
COMPUTED: dict[str, str] = {}
# Strings in code that look like keys and are none, each with what it is.
NOT_KEYS: dict[str, str] = {}


@cache
def languages() -> list[str]:
    """Return the languages that there is a catalogue for."""
    return sorted(path.parent.parent.name for path in FOLDER.glob("*/LC_MESSAGES/vouch.po"))


def catalogue_path(language: str) -> Path:
    """Return the language's catalogue."""
    return FOLDER / language / "LC_MESSAGES" / "vouch.po"


@cache
def catalogue(language: str) -> Catalog:
    """Return the language's catalogue, read."""
    return read_po(BytesIO(catalogue_path(language).read_bytes()), locale=language)


def messages(book: Catalog) -> dict[str, Message]:
    """Return the catalogue's messages by key, its head left out."""
    return {(one.id if isinstance(one.id, str) else one.id[0]): one for one in book if one.id}


def forms(message: Message) -> tuple[str, ...]:
    """Return the message's texts: one, or one per plural form."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def placeholders(message: Message) -> set[str]:
    """Return the names in braces of all forms of the message."""
    return {name for form in forms(message) for _, name, _, _ in string.Formatter().parse(form) if name is not None}


def twice_named(text: str) -> list[str]:
    """Return the keys that a catalogue's text defines more than once."""
    keys = re.findall(r'^msgid "(.+)"$', text, re.MULTILINE)
    return sorted({key for key in keys if keys.count(key) > 1})


def broken(book: Catalog) -> Iterator[str]:
    """Yield a line for each message with an empty or missing form, a fuzzy mark or braces that cannot be filled."""
    for key, message in messages(book).items():
        wanted = book.num_plurals if message.pluralizable else 1
        if len(forms(message)) != wanted or not all(form.strip() for form in forms(message)):
            yield f"{key}: {wanted} texts are needed, none of them empty"
        if message.fuzzy:
            yield f"{key}: marked as fuzzy"
        try:
            names = placeholders(message)
        except ValueError as error:
            yield f"{key}: {error}"
        else:
            yield from (f"{key}: {{{name}}} is no name" for name in names if not name.isidentifier())


def different(one: Catalog, other: Catalog) -> list[str]:
    """Return a line for each key that only one has, or that differs in placeholders or in having plural forms."""
    ours, theirs = messages(one), messages(other)
    found = [f"{key}: in one language only" for key in sorted(ours.keys() ^ theirs.keys())]
    for key in sorted(ours.keys() & theirs.keys()):
        if placeholders(ours[key]) != placeholders(theirs[key]):
            found.append(f"{key}: {placeholders(ours[key])} against {placeholders(theirs[key])}")
        if ours[key].pluralizable != theirs[key].pluralizable:
            found.append(f"{key}: plural forms in one language only")
    return found


def pattern_of(node: ast.JoinedStr) -> str:
    """Return the f-string as a pattern of keys; a value stands for one part or a piece of one."""
    pieces = (re.escape(str(one.value)) if isinstance(one, ast.Constant) else "[a-z0-9_]+" for one in node.values)
    return "".join(pieces)


def asked_for(tree: ast.AST) -> Iterator[tuple[int, ast.expr, set[str] | None]]:
    """Yield line, key and the names given (None if they cannot be told) of each call that asks for a text."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ASKING:
            given = {one.arg for one in node.keywords}
            yield node.lineno, node.args[0], None if None in given else {one for one in given if one}


def wrong_calls(path: str, tree: ast.AST, book: Catalog) -> Iterator[str]:
    """Yield a line for each call whose key the catalogue lacks, or that leaves out a placeholder."""
    known = messages(book)
    for line, key, given in asked_for(tree):
        if isinstance(key, ast.JoinedStr):
            if not any(re.fullmatch(pattern_of(key), one) for one in known):
                yield f"{path}:{line}: no key fits {ast.unparse(key)}"
        elif isinstance(key, ast.Constant) and isinstance(key.value, str) and KEY.fullmatch(key.value):
            if key.value not in known:
                yield f"{path}:{line}: {key.value} is in no catalogue"
            elif given is not None and (missing := placeholders(known[key.value]) - given):
                yield f"{path}:{line}: {key.value} also needs {', '.join(sorted(missing))}"


def strings_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and value of each string of the tree that looks like a key; pieces of f-strings are none."""
    pieces = {id(one) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for one in node.values}
    for node in ast.walk(tree):
        if id(node) in pieces or not isinstance(node, ast.Constant):
            continue
        if isinstance(node.value, str) and KEY.fullmatch(node.value):
            yield node.lineno, node.value


def unknown_strings(path: str, tree: ast.AST, keys: Iterable[str]) -> list[str]:
    """Return a line for each string that begins like the catalogue's keys and is none of them."""
    known = set(keys)
    firsts = {key.partition(".")[0] for key in known}
    return [
        f"{path}:{line}: {value} is in no catalogue"
        for line, value in strings_of(tree)
        if value.partition(".")[0] in firsts and value not in known and value not in NOT_KEYS
    ]


def unused_keys(trees: Iterable[ast.AST], keys: Iterable[str]) -> list[str]:
    """Return the keys that no string, no f-string and no row of `COMPUTED` names."""
    every = list(trees)
    named = {value for tree in every for _, value in strings_of(tree)}
    joined = {pattern_of(node) for tree in every for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)}
    patterns = [one for one in joined if re.match(r"[a-z0-9_]+\\\.", one)]
    patterns += [re.escape(row).replace(r"\*", "[a-z0-9_.]+") for row in COMPUTED]
    left = [key for key in keys if key not in named]
    return [key for key in left if not any(re.fullmatch(pattern, key) for pattern in patterns)]


def test_there_are_english_and_dutch() -> None:
    assert {"en", "nl"} <= set(languages())


@pytest.mark.parametrize("language", languages())
def test_every_text_of_a_catalogue_is_whole(language: str) -> None:
    assert twice_named(catalogue_path(language).read_text(encoding="utf-8")) == []
    assert list(broken(catalogue(language))) == []


@pytest.mark.parametrize("language", [one for one in languages() if one != "en"])
def test_every_language_has_the_same_keys_and_placeholders(language: str) -> None:
    assert different(catalogue("en"), catalogue(language)) == []


def test_every_text_that_code_asks_for_exists_and_gets_what_it_needs() -> None:
    book = catalogue("en")
    found = [line for source in list_sources(*CODE) for line in wrong_calls(source.path, source.tree, book)]
    assert found == []


def test_every_string_that_looks_like_a_key_is_one() -> None:
    keys = messages(catalogue("en"))
    found = [line for source in list_sources(*CODE) for line in unknown_strings(source.path, source.tree, keys)]
    assert found == []


def test_every_text_is_used() -> None:
    assert unused_keys((source.tree for source in list_sources(*CODE)), messages(catalogue("en"))) == []


def planted_book(text: str) -> Catalog:
    """Return a small catalogue of the given entries."""
    head = 'msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
    return read_po(BytesIO((head + text).encode()), locale="en")


def test_planted_mistakes_in_a_catalogue_are_found() -> None:
    good = planted_book('msgid "a.b"\nmsgstr "Hello {name}"\n\nmsgid "a.c"\nmsgstr "Bye"\n')
    wrong = planted_book('msgid "a.b"\nmsgstr "Dag {naam}"\n\nmsgid "a.d"\nmsgstr ""\n')
    assert len(different(good, wrong)) == 3
    assert list(broken(wrong)) == ["a.d: 1 texts are needed, none of them empty"]
    assert list(broken(planted_book('msgid "a.b"\nmsgstr "{0} and {x"\n')))
    assert twice_named('msgid "a.b"\nmsgstr "1"\n\nmsgid "a.b"\nmsgstr "2"\n') == ["a.b"]


def test_planted_mistakes_in_code_are_found() -> None:
    book = planted_book('msgid "a.b"\nmsgstr "Hello {name}"\n\nmsgid "a.kind_x"\nmsgstr "X"\n')
    fine = ast.parse('ctx.text("a.b", name=1)\nctx.text(f"a.kind_{kind}")\nctx.text("a.b", **more)')
    wrong = ast.parse('ctx.text("a.b")\nctx.rich("a.z")\nraise Unable(f"a.sort_{kind}")\nKEYS = {1: "a.y"}')
    assert list(wrong_calls("x.py", fine, book)) == []
    assert unknown_strings("x.py", fine, messages(book)) == []
    assert unused_keys([fine], messages(book)) == []
    assert len(list(wrong_calls("x.py", wrong, book))) == 3
    assert len(unknown_strings("x.py", wrong, messages(book))) == 2
    assert unused_keys([ast.parse('f"{a}.b"')], messages(book)) == ["a.b", "a.kind_x"]
