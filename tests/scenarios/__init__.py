"""The whole bot, driven through the playground over HTTP."""
