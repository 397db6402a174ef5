"""Slack: from its requests to interactions, from cards and forms to Block Kit, and the calls between."""
