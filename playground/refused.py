"""What goes wrong, said to the bot in Slack's words and to a person in a sentence."""

from typing import Any

SENTENCES = {
    "operation_timeout": "Vouch did not answer in time. Please try again.",
    "bot_error": "Vouch answered with an error. Please try again.",
    "bot_unreachable": "Vouch cannot be reached right now. Please try again in a moment.",
    "invalid_answer": "Vouch answered with something that cannot be shown.",
    "not_found": "That is not there any more.",
    "not_allowed": "You cannot see that.",
    "unknown_person": "Nobody here has that id.",
    "unknown_channel": "There is no such channel.",
    "not_in_channel": "You are not in this channel.",
    "is_archived": "This channel is archived.",
    "unknown_command": "That is not a command here. Try /vouch help.",
    "unknown_shortcut": "There is no such shortcut.",
    "invalid_input": "Please look at the marked fields.",
    "invalid_value": "That value does not fit there.",
    "invalid_request": "The request is not complete.",
    "invalid_faults": "These faults make no sense.",
    "backwards": "The clock only goes forward.",
    "timeout": "The bot is still busy.",
    "empty": "There is nothing to send.",
}


class SlackError(Exception):
    """The Web API refuses: `code` is Slack's error, `more` goes into the answer beside it."""

    def __init__(self, code: str, **more: object) -> None:
        """Refuse with that code."""
        super().__init__(code)
        self.code = code
        self.more: dict[str, Any] = dict(more)


class PersonError(Exception):
    """The JSON API refuses: `code` is documented in docs/playground.md, `more` goes into the answer beside it."""

    def __init__(self, code: str, **more: object) -> None:
        """Refuse with that code and its sentence."""
        super().__init__(code)
        self.answer: dict[str, Any] = {"ok": False, "error": code, "message": SENTENCES[code], **more}
