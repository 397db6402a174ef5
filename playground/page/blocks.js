/** Block Kit's layout blocks → document nodes. */

import { append, h, keep } from "./dom.js";
import { elementNode } from "./elements.js";
import { markdown } from "./markdown.js";
import { blockImage } from "./pictures.js";
import { richText } from "./richtext.js";
import { plainText, textObject } from "./texts.js";

const KINDS = {
  header: (surface, block) => h("h3", { class: "block-header", dir: "auto" }, plainText(block.text)),
  section,
  context,
  divider: () => h("hr", { class: "block-divider" }),
  image,
  actions: (surface, block) => h("div", { class: "block-actions" }, (block.elements ?? []).map((element) => elementNode(surface, block, element))),
  input,
  rich_text: (surface, block) => richText(block),
  table,
  markdown: (surface, block) => markdown(block.text ?? ""),
};

/** Show `blocks` in `parent`; blocks that did not change keep their nodes and with them what was typed. */
export function showBlocks(parent, surface, blocks) {
  keep(parent, (blocks ?? []).map((block, place) => {
    const named = block.block_id ? block : { ...block, block_id: `place-${place}` };
    const error = surface.errors?.[named.block_id] ?? null;
    return {
      key: `${named.block_id}/${named.type}`,
      stamp: JSON.stringify([block, error]),
      build: () => blockNode(surface, named),
    };
  }));
}

function blockNode(surface, block) {
  const kind = KINDS[block.type];
  const node = kind ? kind(surface, block) : h("div", { class: "unknown" }, `This block (${block.type}) is not shown here.`);
  node.dataset.blockId = block.block_id;
  node.dataset.blockType = block.type;
  return node;
}

function section(surface, block) {
  const words = h("div", { class: "section-words" });
  append(words, [textObject(block.text, "div")]);
  if (block.fields?.length) append(words, [h("div", { class: "fields" }, block.fields.map((field) => textObject(field, "div")))]);
  const accessory = block.accessory && h("div", { class: "accessory" }, elementNode(surface, block, block.accessory));
  return h("div", { class: "block-section" }, words, accessory);
}

function context(surface, block) {
  const parts = (block.elements ?? []).map((element) => (element.type === "image" ? blockImage(element, "context-image") : textObject(element)));
  return h("div", { class: "block-context" }, parts);
}

function image(surface, block) {
  const title = block.title && h("figcaption", { dir: "auto" }, plainText(block.title));
  return h("figure", { class: "block-image" }, title, blockImage(block, "picture"));
}

let fields = 0;

function input(surface, block) {
  const id = `field-${(fields += 1)}`;
  const control = elementNode(surface, block, block.element);
  const labelled = control.matches("input, textarea, select, button") ? control : control.querySelector("input, textarea, select");
  const isGroup = control.matches(".choices");
  const error = surface.errors?.[block.block_id];
  const label = h(isGroup ? "div" : "label", { class: "field-label", for: isGroup ? null : id }, plainText(block.label), block.optional && h("span", { class: "faint" }, " (optional)"));
  const hint = block.hint && h("div", { class: "field-hint", id: `${id}-hint` }, textObject(block.hint));
  const wrong = error && h("div", { class: "field-error", id: `${id}-error`, role: "alert" }, error);
  const described = isGroup ? control : labelled;
  if (!isGroup && labelled) labelled.id = id;
  if (described) {
    described.setAttribute("aria-describedby", [wrong && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(" "));
    if (error) described.setAttribute("aria-invalid", "true");
    if (!block.optional) described.setAttribute("aria-required", "true");
    if (labelled?.tagName === "SELECT") labelled.removeAttribute("aria-label");
  }
  return h("div", { class: error ? "block-input wrong" : "block-input", "data-testid": `field-${block.block_id}` }, label, control, wrong, hint);
}

function table(surface, block) {
  const settings = block.column_settings ?? [];
  const cell = (tag) => (content, column) => {
    const { align = "left", is_wrapped: isWrapped = false } = settings[column] ?? {};
    const scope = tag === "th" ? "col" : null;
    return append(h(tag, { class: `to-${align}${isWrapped ? " wraps" : ""}`, scope, dir: "auto" }), [cellContent(content)]);
  };
  const [head, ...rows] = block.rows ?? [];
  return h("div", { class: "block-table", tabindex: 0, role: "region", "aria-label": "Table" },
    h("table", null,
      h("thead", null, h("tr", null, (head ?? []).map(cell("th")))),
      h("tbody", null, rows.map((row) => h("tr", null, row.map(cell("td")))))));
}

function cellContent(content) {
  if (!content) return "";
  return content.type === "rich_text" ? richText(content) : String(content.text ?? "");
}
