"""Misbehaving on request: slow, 429, 500, error codes, cut connections; deliveries retried, doubled, reordered."""

import random
from dataclasses import dataclass, field
from typing import Any

METHOD_KEYS = {
    "delay_ms", "status", "retry_after", "error", "needed", "provided", "cut", "count", "probability", "body"
}  # fmt: skip
DELIVERY_KEYS = {"delay_ms", "double", "retry", "reorder", "count", "probability"}
TOP_KEYS = {"seed", "methods", "deliveries", "rates", "scopes", "socket", "ack_s", "event_retry_s"}
RETRY_REASONS = {
    "http_timeout", "too_many_redirects", "connection_failed", "ssl_error", "http_error", "unknown_error"
}  # fmt: skip
DELIVERIES = {"event", "command", "interaction", "*"}
SOCKETS = {"disconnect", "drop"}


class BadFault(ValueError):
    """What was asked for is not a fault; the words say where."""


@dataclass(slots=True)
class Rule:
    """One fault with how often it may still happen (`left` None: always)."""

    told: dict[str, Any]
    left: int | None
    hits: int = 0

    def fires(self, dice: random.Random) -> bool:
        """Return whether it happens now, and count it."""
        if self.left == 0:
            return False
        if dice.random() >= float(self.told.get("probability", 1.0)):
            return False
        if self.left is not None:
            self.left -= 1
        self.hits += 1
        return True


@dataclass(slots=True)
class Faults:
    """All faults in force."""

    methods: dict[str, list[Rule]] = field(default_factory=dict)
    deliveries: dict[str, list[Rule]] = field(default_factory=dict)
    dice: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - reproducible on purpose

    def replace(self, told: dict[str, Any]) -> None:
        """Put these in force instead of the old ones; raise `BadFault` and change nothing if they make no sense."""
        if unknown := set(told) - TOP_KEYS:
            raise BadFault(f"unknown: {', '.join(sorted(unknown))}")
        methods = _rules(told.get("methods", {}), METHOD_KEYS, "methods")
        deliveries = _rules(told.get("deliveries", {}), DELIVERY_KEYS, "deliveries")
        if unknown := set(deliveries) - DELIVERIES:
            raise BadFault(f"deliveries: unknown {', '.join(sorted(unknown))}")
        self.methods, self.deliveries = methods, deliveries
        self.dice = random.Random(told.get("seed", 0))  # noqa: S311 - reproducible on purpose

    def for_method(self, name: str) -> dict[str, Any]:
        """Return the fault that a request to this method meets now; empty if none."""
        return _first(self.methods, name, self.dice)

    def for_delivery(self, kind: str) -> dict[str, Any]:
        """Return the fault that a delivery of this kind meets now; empty if none."""
        return _first(self.deliveries, kind, self.dice)

    def shown(self) -> dict[str, Any]:
        """Return what is in force, with `hits` and `left` per rule."""
        return {
            name: {
                key: [{**rule.told, "hits": rule.hits, "left": rule.left} for rule in rules]
                for key, rules in all_.items()
            }
            for name, all_ in (("methods", self.methods), ("deliveries", self.deliveries))
        }


def _first(rules: dict[str, list[Rule]], name: str, dice: random.Random) -> dict[str, Any]:
    for rule in rules.get(name, []) + rules.get("*", []):
        if rule.fires(dice):
            return rule.told
    return {}


def _rules(told: object, known: set[str], where: str) -> dict[str, list[Rule]]:
    if not isinstance(told, dict):
        raise BadFault(f"{where}: must be an object")
    found: dict[str, list[Rule]] = {}
    for name, given in told.items():
        rows = given if isinstance(given, list) else [given]
        found[name] = [_rule(row, known, f"{where}.{name}") for row in rows]
    return found


def _rule(row: object, known: set[str], where: str) -> Rule:
    if not isinstance(row, dict):
        raise BadFault(f"{where}: must be an object or a list of objects")
    if unknown := set(row) - known:
        raise BadFault(f"{where}: unknown {', '.join(sorted(unknown))}")
    if row.get("cut") not in (None, "before", "after"):
        raise BadFault(f'{where}.cut: must be "before" or "after"')
    if row.get("retry") not in (None, *RETRY_REASONS):
        raise BadFault(f"{where}.retry: must be one of {', '.join(sorted(RETRY_REASONS))}")
    count = row.get("count")
    if count is not None and (not isinstance(count, int) or count < 1):
        raise BadFault(f"{where}.count: must be a number from 1")
    return Rule(told=dict(row), left=count)
