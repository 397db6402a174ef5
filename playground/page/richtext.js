/** The `rich_text` block (and cells of tables) → document nodes. */

import { append, h } from "./dom.js";
import { emoji } from "./emoji.js";
import { dateMention, fullTime } from "./format.js";
import { channelMention, link, personMention } from "./mrkdwn.js";

/** Return the node of a rich_text block. */
export function richText(block) {
  return append(h("div", { class: "rich" }), (block.elements ?? []).map(part));
}

function part(element) {
  switch (element.type) {
    case "rich_text_list":
      return list(element);
    case "rich_text_quote":
      return h("blockquote", null, spans(element));
    case "rich_text_preformatted":
      return h("pre", { class: "code-block" }, spans(element));
    default:
      return h("div", { class: "rich-line" }, spans(element));
  }
}

function list(element) {
  const tag = element.style === "ordered" ? "ol" : "ul";
  const indent = Math.min(element.indent ?? 0, 8);
  const first = element.style === "ordered" && element.offset ? element.offset + 1 : null;
  const items = (element.elements ?? []).map((item) => h("li", null, spans(item)));
  return h(tag, { class: `indent-${indent}`, start: first }, items);
}

function spans(element) {
  return (element.elements ?? []).map(span);
}

function span(element) {
  return styled(bare(element), element.style ?? {});
}

function bare(element) {
  switch (element.type) {
    case "text":
      return element.text ?? "";
    case "link":
      return link(element.url, element.text || element.url);
    case "user":
      return personMention(element.user_id);
    case "channel":
      return channelMention(element.channel_id);
    case "usergroup":
      return h("span", { class: "mention" }, "@group");
    case "broadcast":
      return h("span", { class: "mention loud" }, `@${element.range}`);
    case "emoji":
      return h("span", { class: "emoji", title: `:${element.name}:` }, emoji(element.name));
    case "date":
      return h("time", { title: fullTime(element.timestamp) }, dateMention(element.timestamp, element.format ?? "{date}"));
    case "color":
      return h("code", null, element.value);
    default:
      return element.text ?? element.fallback ?? "";
  }
}

const STYLES = [["code", "code"], ["strike", "s"], ["underline", "u"], ["italic", "em"], ["bold", "strong"]];

function styled(inner, style) {
  return STYLES.filter(([name]) => style[name]).reduce((node, [, tag]) => h(tag, null, node), inner);
}
