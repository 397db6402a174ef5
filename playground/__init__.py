"""A local Slack workspace: it speaks Slack's own protocol to the bot, and shows a chat in the browser."""
