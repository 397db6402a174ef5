/** Slack's mrkdwn → document nodes: bold, italic, strike, code, quotes, links, mentions, dates and emoji. */

import { h } from "./dom.js";
import { openAddress, safeAddress } from "./addresses.js";
import { withEmoji } from "./emoji.js";
import { dateMention, fullTime } from "./format.js";
import { channelName, openChannel, personName } from "./store.js";

const FENCE = /```\n?([\s\S]+?)\n?```/;
const SPAN = new RegExp(
  [
    "<(?<token>[^<>\\n]+)>",
    "`(?<code>[^`\\n]+)`",
    "(?<![\\p{L}\\p{N}*])\\*(?<bold>(?=[^\\s*])[^*\\n]*[^\\s*]|[^\\s*])\\*(?![\\p{L}\\p{N}*])",
    "(?<![\\p{L}\\p{N}_])_(?<italic>(?=[^\\s_])[^\\n]*?[^\\s_]|[^\\s_])_(?![\\p{L}\\p{N}_])",
    "(?<![\\p{L}\\p{N}~])~(?<strike>(?=[^\\s~])[^~\\n]*[^\\s~]|[^\\s~])~(?![\\p{L}\\p{N}~])",
    "(?<bare>https?://[^\\s<>*~`|]*[^\\s<>*_~`|.,:;!?)\\]}'\"])",
  ].join("|"),
  "gu",
);

/** Return the text of an escaped string: `&lt;` `&gt;` `&amp;` become their characters, nothing else does. */
export function unescapeText(text) {
  return text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
}

/** Return the nodes of `source`; with `verbatim` bare addresses are not made into links. */
export function mrkdwn(source, { verbatim = false } = {}) {
  const fragment = document.createDocumentFragment();
  let rest = String(source ?? "");
  for (let fence = FENCE.exec(rest); fence; fence = FENCE.exec(rest)) {
    fragment.append(lines(rest.slice(0, fence.index).replace(/\n$/, ""), verbatim));
    fragment.append(h("pre", { class: "code-block" }, unescapeText(fence[1])));
    rest = rest.slice(fence.index + fence[0].length).replace(/^\n/, "");
  }
  fragment.append(lines(rest, verbatim));
  return fragment;
}

function lines(source, verbatim) {
  const fragment = document.createDocumentFragment();
  if (!source) return fragment;
  let quote = null;
  let isFresh = true;
  for (const line of source.split("\n")) {
    const quoted = /^(?:&gt;|>)\s?(.*)$/.exec(line);
    const home = quoted ? (quote ??= fragment.appendChild(h("blockquote"))) : fragment;
    if (!quoted && quote) [quote, isFresh] = [null, true];
    if (quoted ? home.hasChildNodes() : !isFresh) home.append(h("br"));
    home.append(spans(quoted ? quoted[1] : line, verbatim));
    isFresh = Boolean(quoted);
  }
  return fragment;
}

function spans(source, verbatim) {
  const fragment = document.createDocumentFragment();
  let offset = 0;
  for (const found of source.matchAll(SPAN)) {
    fragment.append(plain(source.slice(offset, found.index)), span(found, verbatim));
    offset = found.index + found[0].length;
  }
  fragment.append(plain(source.slice(offset)));
  return fragment;
}

function plain(text) {
  return document.createTextNode(withEmoji(unescapeText(text)));
}

function span(found, verbatim) {
  const { token, code, bold, italic, strike, bare } = found.groups;
  if (token) return mention(token) ?? plain(found[0]);
  if (code) return h("code", null, unescapeText(code));
  if (bold) return h("strong", null, spans(bold, verbatim));
  if (italic) return h("em", null, spans(italic, verbatim));
  if (strike) return h("s", null, spans(strike, verbatim));
  return verbatim ? plain(bare) : link(unescapeText(bare), unescapeText(bare));
}

function mention(token) {
  const [head, ...labels] = token.split("|");
  const label = labels.join("|");
  if (/^@[UW]\w+$/.test(head)) return personMention(head.slice(1), label);
  if (/^#[CGD]\w+$/.test(head)) return channelMention(head.slice(1), label);
  if (head.startsWith("!date^")) return dateToken(head, label);
  if (head.startsWith("!subteam^")) return h("span", { class: "mention" }, label || "@group");
  if (/^!(here|channel|everyone)$/.test(head)) return h("span", { class: "mention loud" }, `@${head.slice(1)}`);
  if (/^(https?:\/\/|mailto:|tel:)/i.test(head)) return link(unescapeText(head), withEmoji(unescapeText(label || head)));
  return null;
}

function dateToken(head, label) {
  const [, seconds, form, address] = head.split("^");
  if (!form || !/^-?\d+$/.test(seconds)) return label ? plain(label) : null;
  const text = dateMention(Number(seconds), unescapeText(form));
  return address ? link(unescapeText(address), text) : h("time", { title: fullTime(Number(seconds)) }, text);
}

/** Return a mention of a person by name. */
export function personMention(id, label = "") {
  return h("span", { class: "mention", "data-person": id }, `@${personName(id) ?? (label || id)}`);
}

/** Return a mention of a channel that opens it. */
export function channelMention(id, label = "") {
  const name = channelName(id) ?? (label || "private channel");
  return h("button", { class: "mention", type: "button", onclick: () => openChannel(id) }, `#${name}`);
}

/** Return a link that opens in a new tab, or only its text if the address is not one to follow. */
export function link(address, text) {
  const href = safeAddress(address) && openAddress(address);
  return href ? h("a", { href, target: "_blank", rel: "noopener noreferrer", dir: "auto" }, text) : plain(text);
}
