"""Slack's limits, each with the page that states it. Lengths are counted in UTF-16 units, the strictest reading.

Pages: B = docs.slack.dev/reference/block-kit/blocks, E = …/block-elements, O = …/composition-objects,
V = docs.slack.dev/reference/views, M = docs.slack.dev/reference/methods.
"""

from datetime import timedelta

# Messages and views
MAX_BLOCKS_PER_MESSAGE = 50  # B: "up to 50 blocks in each message"
MAX_BLOCKS_PER_VIEW = 100  # V modal-views and home-tab-views: blocks
MAX_MESSAGE_TEXT = 4_000  # M chat.postMessage: 4,000 advised; chat.update refuses more with msg_too_long
MAX_VIEW_TITLE = 24  # V modal-views: title
MAX_VIEW_BUTTON = 24  # V modal-views: submit, close
MAX_PRIVATE_METADATA = 3_000  # V modal-views: private_metadata
MAX_EXTERNAL_ID = 255  # V modal-views: external_id

# Blocks
MAX_HEADER = 150  # B header-block: text
MAX_CONTEXT_ELEMENTS = 10  # B context-block: elements
MAX_CONTEXT_TEXT = 3_000  # B context-block, O text-object: text
MAX_BUTTONS_PER_ROW = 25  # B actions-block: elements
MAX_FIELDS_PER_SECTION = 10  # B section-block: fields
MAX_FIELD_TEXT = 2_000  # B section-block: fields
MAX_SECTION_TEXT = 3_000  # B section-block: text
MAX_RICH_TEXT = 3_000  # B rich-text-block states none; the limit of a section is kept
MAX_IMAGE_URL = 3_000  # B image-block: image_url
MAX_ALT_TEXT = 2_000  # B image-block: alt_text
MAX_TABLE_ROWS = 100  # B table-block: rows, the header is one of them
MAX_TABLE_COLUMNS = 20  # B table-block: cells in a row
MAX_TABLES_PER_MESSAGE = 1  # B table-block: only_one_table_allowed
MAX_TABLE_TEXT = 10_000  # B table-block states none for all cells together; a careful one

# Elements
MAX_BUTTON_TEXT = 75  # E button-element: text
MAX_BUTTON_VALUE = 2_000  # E button-element: value
MAX_BUTTON_URL = 3_000  # E button-element: url
MAX_ACCESSIBILITY_LABEL = 75  # E button-element: accessibility_label
MAX_IDENTIFIER = 255  # E, B: action_id, block_id, callback_id
MAX_OVERFLOW_OPTIONS = 5  # E overflow-menu-element: options
MAX_CHECKBOXES = 10  # E checkboxes-element: options
MAX_PLACEHOLDER = 150  # E plain-text-input-element, select-menu-element: placeholder
MAX_TYPED_TEXT = 3_000  # E plain-text-input-element: max_length, initial_value
MAX_INPUT_LABEL = 2_000  # B input-block: label
MAX_HINT = 2_000  # B input-block: hint

# Composition objects
MAX_OPTIONS = 100  # O option-object, E select-menu-element: options
MAX_OPTION_GROUPS = 100  # E select-menu-element: option_groups
MAX_OPTION_TEXT = 75  # O option-object: text
MAX_OPTION_VALUE = 150  # O option-object: value
MAX_GROUP_LABEL = 75  # O option-group-object: label
MAX_CONFIRM_TITLE = 100  # O confirmation-dialog-object: title
MAX_CONFIRM_TEXT = 300  # O confirmation-dialog-object: text
MAX_CONFIRM_BUTTON = 30  # O confirmation-dialog-object: confirm, deny

# Deliveries
MAX_REQUEST_BYTES = 1_000_000  # ours: Slack's own payloads stay far below
MAX_REQUEST_AGE = timedelta(minutes=5)  # docs.slack.dev/authentication/verifying-requests-from-slack
ACKNOWLEDGE_WITHIN = timedelta(seconds=3)  # docs.slack.dev/interactivity/handling-user-interaction
OPEN_WINDOW_WITHIN = timedelta(seconds=2)  # ours: a trigger_id lives for 3 s

# Manifest: schemas/manifest.schema.2.0.0.json of slackapi/manifest-schema
MAX_APP_NAME = 35
MAX_APP_DESCRIPTION = 140
MIN_LONG_DESCRIPTION = 175
MAX_LONG_DESCRIPTION = 4_000
MAX_BOT_NAME = 80
MAX_SHORTCUT_NAME = 24
MAX_SHORTCUT_DESCRIPTION = 150
MAX_COMMAND = 32
MAX_COMMAND_DESCRIPTION = 2_000
MAX_USAGE_HINT = 1_000
