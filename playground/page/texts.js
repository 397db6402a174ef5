/** Block Kit's text objects → document nodes. */

import { append, h } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { mrkdwn } from "./mrkdwn.js";

/** Return the node of a text object; plain_text stays as it is written but for emoji, mrkdwn is set out. */
export function textObject(text, tag = "span") {
  if (!text) return null;
  if (text.type === "mrkdwn") return append(h(tag, { class: "text", dir: "auto" }), [mrkdwn(text.text, { verbatim: Boolean(text.verbatim) })]);
  return h(tag, { class: "text", dir: "auto" }, plainText(text));
}

/** Return the words of a plain_text object. */
export function plainText(text) {
  if (!text) return "";
  return text.emoji === false ? text.text : withEmoji(text.text ?? "");
}
