/** The `markdown` block: headings, lists, quotes, fences, bold, italic, strike, code and links; the rest stays text. */

import { append, h } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { link } from "./mrkdwn.js";

const SPAN = /`(?<code>[^`\n]+)`|\*\*(?<bold>[^\n]+?)\*\*|~~(?<strike>[^\n]+?)~~|(?<![\p{L}\p{N}*_])[*_](?<italic>[^\s*_][^*_\n]*)[*_](?![\p{L}\p{N}])|!?\[(?<label>[^\]\n]*)\]\((?<address>[^)\s]+)\)/gu;

const LINES = [
  [/^(#{1,6})\s+(.*)$/, ([, , words]) => h("h4", { class: "block-header" }, spans(words))],
  [/^>\s?(.*)$/, ([, words]) => h("blockquote", null, spans(words))],
  [/^\s*[-*+]\s+(.*)$/, ([, words]) => h("ul", null, h("li", null, spans(words)))],
  [/^\s*(\d+)[.)]\s+(.*)$/, ([, number, words]) => h("ol", { start: number }, h("li", null, spans(words)))],
  [/^\s*(?:-{3,}|\*{3,})\s*$/, () => h("hr", { class: "block-divider" })],
];

/** Return the node of a markdown text. */
export function markdown(source) {
  const root = h("div", { class: "rich" });
  source.split(/```\w*\n?/).forEach((part, place) => {
    if (place % 2) root.append(h("pre", { class: "code-block" }, part.replace(/\n$/, "")));
    else for (const line of part.split("\n")) if (line.trim()) root.append(lineNode(line));
  });
  return root;
}

function lineNode(line) {
  for (const [form, build] of LINES) {
    const found = form.exec(line);
    if (found) return build(found);
  }
  return h("p", { dir: "auto" }, spans(line));
}

function spans(source) {
  const fragment = document.createDocumentFragment();
  let offset = 0;
  for (const found of source.matchAll(SPAN)) {
    append(fragment, [withEmoji(source.slice(offset, found.index)), span(found.groups)]);
    offset = found.index + found[0].length;
  }
  return append(fragment, [withEmoji(source.slice(offset))]);
}

function span({ code, bold, strike, italic, label, address }) {
  if (code) return h("code", null, code);
  if (bold) return h("strong", null, spans(bold));
  if (strike) return h("s", null, spans(strike));
  if (italic) return h("em", null, spans(italic));
  return link(address, label || address);
}
