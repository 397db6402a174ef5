"""Teams' limits, each with the page that states it."""

from datetime import timedelta

# Cards; R = msteams-docs bots/how-to/format-your-bot-messages, F = …/task-modules-and-cards/cards/cards-format
MAX_CARD_BYTES = 80_000  # R: a message takes 100 KB in UTF-16 with all that Teams adds; some is left for that
MAX_PRIMARY_ACTIONS = 6  # F: "up to six primary actions"
MAX_ACTION = 4_000  # ours: characters of a packed action in one button
MAX_ACTION_TITLE = 75  # ours: cards-reference says that a longer one is cut at the button's width
MAX_TOOLTIP = 150  # ours
MAX_CHOICE_TITLE = 150  # ours: a choice is one line
MAX_PLACEHOLDER = 150  # ours: a placeholder is one line
MAX_SUMMARY = 300  # ours: a notification shows less
MAX_FALLBACK_WORDS = 4_000  # ours: what a client too old for the card shows
MAX_TABLE_CELLS = 200  # ours: as a table each weighs about 200 bytes more than as words
SMALL_PICTURE = "80px"  # ours: beside some lines of words

# Calls
AGAIN_AFTER = timedelta(seconds=10)  # ours: what failed without a word about when

# Deliveries
MAX_REQUEST_BYTES = 262_144  # ours: what people write and cards carry stays below the ~100 KB of a message
MAX_DEPTH = 100  # ours: how deep lists and objects stand in each other
MAX_IDENTIFIER = 1_000  # ours: characters of an id of Teams
MAX_SERVICE_URL = 2_048  # ours
MAX_STORE_URL = 8_192  # ours: an upload session's address carries its proof
MAX_AUTHORIZATION = 16_384  # ours: characters; the Bot Framework's tokens have about 1,100
TOKEN_LEEWAY = timedelta(minutes=5)  # bot-docs rest-api/bot-framework-rest-connector-authentication: clock-skew
MIN_KEY_BITS = 2_048  # RFC 7518 section 3.3: RS256 asks for 2,048 bits or more
KEYS_LIVE_FOR = timedelta(hours=24)  # as the SDK's (botframework-connector openIdMetadata: tokenRefreshInterval)
KEYS_READ_WITHIN = timedelta(seconds=3)  # ours: an invoke that waits for them is still answered in time
KEYS_READ_AGAIN_AFTER = timedelta(seconds=30)  # ours: after a reading that failed
UNKNOWN_KEYS_PAUSE = timedelta(minutes=5)  # ours: between readings for a key that stays unknown; the SDK: an hour
MAX_KEYS_BYTES = 1_000_000  # ours: the list of keys has some tens of KB
ANSWER_INVOKE_WITHIN = timedelta(seconds=5)  # msteams-docs …/respond-to-task-module-submit; then asked again, twice
