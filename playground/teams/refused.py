"""The connector's refusals, as its documents name them."""

from http import HTTPStatus

SENTENCES = {
    "ActivityNotFoundInConversation": "Conversation not found.",
    "BadArgument": "Invalid request payload.",
    "BotNotInConversationRoster": "The bot is not part of the conversation roster.",
    "ConversationNotFound": "Conversation not found.",
    "MemberNotFoundInConversation": "Member not found in the conversation.",
    "MessageSizeTooBig": "Message size too large.",
    "MessageWritesBlocked": "Writing messages to this conversation is blocked.",
    "NotEnoughPermissions": "The bot may not do this.",
    "PreconditionFailed": "Precondition failed, please try again.",
    "ServiceError": "Service dependency issue.",
    "Throttled": "Too many requests.",
    "Unauthorized": "Authorization has been denied for this request.",
}
STATUS = {
    "ActivityNotFoundInConversation": HTTPStatus.NOT_FOUND,
    "BadArgument": HTTPStatus.BAD_REQUEST,
    "BotNotInConversationRoster": HTTPStatus.FORBIDDEN,
    "ConversationNotFound": HTTPStatus.NOT_FOUND,
    "MemberNotFoundInConversation": HTTPStatus.NOT_FOUND,
    "MessageSizeTooBig": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "MessageWritesBlocked": HTTPStatus.FORBIDDEN,
    "NotEnoughPermissions": HTTPStatus.FORBIDDEN,
    "Throttled": HTTPStatus.TOO_MANY_REQUESTS,
    "Unauthorized": HTTPStatus.UNAUTHORIZED,
}
CODE_OF = {
    400: "BadArgument",
    401: "Unauthorized",
    403: "MessageWritesBlocked",
    404: "ConversationNotFound",
    412: "PreconditionFailed",
    413: "MessageSizeTooBig",
    429: "Throttled",
}
"""What a status says if a fault names no code; every other one is a `ServiceError`."""


class ConnectorError(Exception):
    """The connector refuses with this code (msteams-docs conversation-messages, status codes) and its status."""

    def __init__(self, code: str, detail: str = "", *, retry_after: int | None = None) -> None:
        """Refuse; `detail` says more than the code's own sentence."""
        super().__init__(code)
        self.code = code
        self.status = int(STATUS[code])
        self.detail = detail or SENTENCES[code]
        self.retry_after = retry_after


def error_body(code: str, detail: str = "") -> dict[str, dict[str, str]]:
    """Return the body that the connector answers with."""
    return {"error": {"code": code, "message": detail or SENTENCES.get(code, code)}}
