"""Windows (modals) and Home tabs: at most three on top of each other, updated by id or external id, guarded by hash."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from playground.inputs import elements, first_values
from playground.limits import check_view, is_view_too_large
from playground.refused import SlackError
from playground.state import Workspace

Json = dict[str, Any]
MOST_STACK = 3
MODAL_DEFAULTS: Json = {
    "callback_id": "",
    "private_metadata": "",
    "external_id": "",
    "title": None,
    "close": None,
    "submit": None,
    "clear_on_close": False,
    "notify_on_close": False,
    "submit_disabled": False,
}


@dataclass(slots=True)
class Windows:
    """All open windows and published Home tabs; `errors` are what a submission answered, per person."""

    workspace: Workspace
    stacks: dict[str, list[Json]] = field(default_factory=dict)
    homes: dict[str, Json] = field(default_factory=dict)
    errors: dict[str, dict[str, str]] = field(default_factory=dict)

    def load(self) -> None:
        """Take back the Home tabs; windows do not outlive a restart."""
        self.homes.update(self.workspace.store.shelf("homes"))

    def top(self, person: str) -> Json | None:
        """Return the topmost window of that person, if one is open."""
        stack = self.stacks.get(person)
        return stack[-1] if stack else None

    def find(self, person: str, view_id: str) -> Json | None:
        """Return that person's window or Home tab with this id."""
        home = self.homes.get(person)
        if home is not None and home["id"] == view_id:
            return home
        return next((view for view in self.stacks.get(person, ()) if view["id"] == view_id), None)

    def open(self, person: str, given: object) -> Json:
        """Open a window as the person's only one and return it; refused as `views.open` refuses."""
        view = self._made(person, given)
        view["root_view_id"], view["previous_view_id"] = view["id"], None
        self.stacks[person] = [view]
        self.told(person)
        return view

    def push(self, person: str, given: object) -> Json:
        """Put a window on top and return it; refused as `views.push` refuses."""
        stack = self.stacks.get(person) or []
        if len(stack) >= MOST_STACK:
            raise SlackError("push_limit_reached")
        view = self._made(person, given)
        view["root_view_id"] = stack[0]["id"] if stack else view["id"]
        view["previous_view_id"] = stack[-1]["id"] if stack else None
        self.stacks[person] = [*stack, view]
        self.told(person)
        return view

    def update(self, given: object, *, view_id: str = "", external_id: str = "", view_hash: str = "") -> Json:
        """Replace a window and return it; what was typed stays where block_id and action_id stay."""
        person, old = self._find(view_id, external_id)
        if view_hash and view_hash != old["hash"]:
            raise SlackError("hash_conflict")
        view = self._made(person, given, old=old)
        if person and old in self.stacks.get(person, []):
            stack = self.stacks[person]
            stack[stack.index(old)] = view
            self.told(person)
        else:
            self._put_home(person, view)
        return view

    def publish(self, person: str, given: object, view_hash: str = "") -> Json:
        """Replace the person's Home tab and return it."""
        old = self.homes.get(person)
        if view_hash and old is not None and view_hash != old["hash"]:
            raise SlackError("hash_conflict")
        view = self._made(person, given, old=old, kind="home")
        view["root_view_id"], view["previous_view_id"] = view["id"], None
        self._put_home(person, view)
        return view

    def _put_home(self, person: str, view: Json) -> None:
        self.homes[person] = view
        self.workspace.store.put("homes", person, view)
        self.workspace.changed("home", users=[person], marks=[f"person {person}"])

    def close(self, person: str, view_id: str, *, is_all: bool = False) -> list[Json]:
        """Close that window (or all) and return what was closed, the topmost first."""
        stack = self.stacks.get(person, [])
        closed = [view for view in stack[::-1] if is_all or view["id"] == view_id]
        self.stacks[person] = [view for view in stack if view not in closed]
        self.told(person)
        return closed

    def told(self, person: str) -> None:
        """Say that the person's windows changed; errors shown before are gone."""
        self.errors.pop(person, None)
        self.workspace.changed("view", users=[person], marks=[f"person {person}"])

    def show_errors(self, person: str, errors: dict[str, str]) -> None:
        """Keep the open window and show these errors in it."""
        self.told(person)
        self.errors[person] = errors

    def _find(self, view_id: str, external_id: str) -> tuple[str, Json]:
        for person, views in (*self.stacks.items(), *((who, [home]) for who, home in self.homes.items())):
            for view in views:
                if view_id == view["id"] or (external_id and external_id == view["external_id"]):
                    return person, view
        raise SlackError("not_found")

    def _made(self, person: str, given: object, *, old: Json | None = None, kind: str = "modal") -> Json:
        kind = old["type"] if old is not None else kind
        if problems := check_view(given):
            raise SlackError("invalid_arguments", response_metadata={"messages": problems})
        if not isinstance(given, dict) or given["type"] != kind:
            raise SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] must be a {kind} view"]})
        if is_view_too_large(given):
            raise SlackError("view_too_large")
        self._check_external_id(str(given.get("external_id") or ""), old)
        return self._view(given, old)

    def _check_external_id(self, external_id: str, old: Json | None) -> None:
        views = [view for stack in self.stacks.values() for view in stack] + list(self.homes.values())
        if external_id and any(view["external_id"] == external_id and view is not old for view in views):
            raise SlackError("duplicate_external_id")

    def _view(self, given: Json, old: Json | None) -> Json:
        company = self.workspace.company
        blocks = with_ids(given["blocks"])
        before = old["state"]["values"] if old else None
        kept = {key: value for key, value in given.items() if value is not None}
        return {
            "id": old["id"] if old else "V" + secrets.token_hex(5).upper(),
            "team_id": company.team,
            **MODAL_DEFAULTS,
            **kept,
            "blocks": blocks,
            "state": {"values": first_values(blocks, before)},
            "hash": f"{time.time_ns() // 10**9}.{secrets.token_hex(4)}",
            "root_view_id": old["root_view_id"] if old else "",
            "previous_view_id": old["previous_view_id"] if old else None,
            "app_id": company.bot.app,
            "app_installed_team_id": company.team,
            "bot_id": company.bot.id,
        }


def with_ids(blocks: list[Json]) -> list[Json]:
    """Return a copy of the blocks in which every block and every element has an id, as Slack returns them."""
    copied = [_copy(block) for block in blocks]
    for block in copied:
        block.setdefault("block_id", secrets.token_urlsafe(4))
    for block, element in elements(copied):
        block.setdefault("block_id", secrets.token_urlsafe(4))
        if element.get("type") != "image":
            element.setdefault("action_id", secrets.token_urlsafe(4))
    return copied


def _copy(told: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(told, dict):
        return {key: _copy(value) for key, value in told.items()}
    return [_copy(one) for one in told] if isinstance(told, list) else told
