"""A local stand-in for Microsoft Teams: it speaks to the bot over real HTTP, and people act in it by calls."""
