/**
 * Interactive elements: buttons, links, overflow menus and selects, and the table of all kinds of elements.
 *
 * A `surface` is where an element stands: a message, a modal or the Home tab. It has `values` (the state of its inputs as
 * Slack sends it, {block_id: {action_id: value}}), `act(block, element, value)` and `follow(block, element)` for links.
 */

import { h, icon } from "./dom.js";
import { safeAddress } from "./addresses.js";
import { checkboxes, datePicker, dateTimePicker, numberInput, radioButtons, textInput, timePicker } from "./inputs.js";
import { ask, openMenu, severalOf } from "./menus.js";
import { directMessage, listChannels, state } from "./store.js";
import { plainText, textObject } from "./texts.js";
import { blockImage } from "./pictures.js";

const KINDS = {
  button,
  image: (surface, block, element) => blockImage(element, "accessory-image"),
  overflow,
  workflow_button: button,
  static_select: (surface, block, element) => oneOf(surface, block, element, staticChoices(element)),
  users_select: (surface, block, element) => oneOf(surface, block, element, personChoices()),
  channels_select: (surface, block, element) => oneOf(surface, block, element, channelChoices()),
  conversations_select: (surface, block, element) => oneOf(surface, block, element, conversationChoices()),
  multi_static_select: (surface, block, element) => several(surface, block, element, staticChoices(element)),
  multi_users_select: (surface, block, element) => several(surface, block, element, personChoices()),
  multi_channels_select: (surface, block, element) => several(surface, block, element, channelChoices()),
  multi_conversations_select: (surface, block, element) => several(surface, block, element, conversationChoices()),
  datepicker: datePicker,
  timepicker: timePicker,
  datetimepicker: dateTimePicker,
  checkboxes,
  radio_buttons: radioButtons,
  plain_text_input: textInput,
  email_text_input: textInput,
  url_text_input: textInput,
  number_input: numberInput,
};

/** Return the node of an interactive element, with the hooks that tests and the focus rely on. */
export function elementNode(surface, block, element) {
  const kind = KINDS[element.type];
  const node = kind ? kind(surface, block, element) : h("span", { class: "unknown" }, `This element (${element.type}) is not shown here.`);
  if (element.action_id) {
    node.dataset.actionId = element.action_id;
    node.dataset.focus = `${block.block_id}/${element.action_id}`;
  }
  return node;
}

function button(surface, block, element) {
  const style = { primary: "button primary", danger: "button danger" }[element.style] ?? "button";
  const words = plainText(element.text);
  const name = element.accessibility_label ? plainText({ text: element.accessibility_label }) : null;
  if (element.url) return linkButton(surface, block, element, { style, words, name });
  const node = h("button", { class: style, type: "button", "aria-label": name, "data-testid": `button-${element.action_id}` }, words);
  node.addEventListener("click", async () => {
    if (node.getAttribute("aria-busy") === "true" || !(await isSure(element.confirm))) return;
    node.setAttribute("aria-busy", "true");
    await surface.act(block, element, element.value ?? null);
    node.removeAttribute("aria-busy");
  });
  return node;
}

function linkButton(surface, block, element, { style, words, name }) {
  const href = safeAddress(element.url) && surface.follow.address(element.url);
  const hooks = { "aria-label": name, "data-testid": `button-${element.action_id}` };
  if (!href) return h("span", { class: `${style} is-off`, ...hooks }, words);
  const node = h("a", { class: style, href, target: "_blank", rel: "noopener", ...hooks }, words, icon("out"));
  node.addEventListener("click", () => surface.follow(block, element));
  return node;
}

async function isSure(confirm) {
  if (!confirm) return true;
  return ask({
    title: plainText(confirm.title),
    text: textObject(confirm.text, "div"),
    confirm: plainText(confirm.confirm) || "Yes",
    deny: plainText(confirm.deny) || "Cancel",
    danger: confirm.style === "danger",
  });
}

function overflow(surface, block, element) {
  const node = h("button", { class: "button icon-button", type: "button", "aria-label": "More choices", "aria-haspopup": "menu", "data-testid": `button-${element.action_id}` }, icon("more"));
  const choose = async (option) => {
    if (!(await isSure(element.confirm))) return;
    if (option.url && safeAddress(option.url)) window.open(surface.follow.address(option.url), "_blank", "noopener");
    await surface.act(block, element, option.value);
  };
  node.addEventListener("click", () => {
    const entries = (element.options ?? []).map((option) => ({ label: plainText(option.text), description: plainText(option.description), act: () => choose(option) }));
    openMenu(node, entries, { label: "More choices" });
  });
  return node;
}

// Choices of selects: `key` is unique, `chosen` is what Slack's state calls it.

function staticChoices(element) {
  const groups = element.option_groups ?? [{ options: element.options ?? [] }];
  return groups.flatMap((group) => (group.options ?? []).map((option) => ({
    key: option.value,
    label: plainText(option.text),
    description: plainText(option.description),
    group: group.label ? plainText(group.label) : null,
    chosen: { text: option.text, value: option.value },
  })));
}

function personChoices() {
  return [...state.people.values()].map(({ id, name }) => ({ key: id, label: name, chosen: id }));
}

function channelChoices() {
  return listChannels().filter(({ kind }) => kind === "public").map(({ id, name }) => ({ key: id, label: `#${name}`, chosen: id }));
}

function conversationChoices() {
  const rooms = listChannels().map(({ id, name, kind }) => ({ key: id, label: kind === "private" ? `🔒 ${name}` : `#${name}`, chosen: id }));
  const own = directMessage();
  return own ? [...rooms, { key: own.id, label: state.company.bot.name, chosen: own.id }] : rooms;
}

const STATE_NAMES = { static: "option", users: "user", channels: "channel", conversations: "conversation" };

function stateName(element, plural = "") {
  const kind = element.type.replace("multi_", "").replace("_select", "");
  return `selected_${STATE_NAMES[kind]}${plural}`;
}

function initialKeys(surface, block, element, choices) {
  const kept = surface.values[block.block_id]?.[element.action_id];
  const source = kept ?? element;
  const prefix = kept ? "selected_" : "initial_";
  const name = STATE_NAMES[element.type.replace("multi_", "").replace("_select", "")];
  const found = [source[`${prefix}${name}s`] ?? source[`${prefix}${name}`] ?? []].flat();
  const keys = found.map((entry) => entry?.value ?? entry);
  return keys.filter((key) => choices.some((choice) => choice.key === key));
}

function oneOf(surface, block, element, choices) {
  const [first] = initialKeys(surface, block, element, choices);
  const node = h("select", { class: "input select", "aria-label": plainText(element.placeholder) || "Choose" });
  node.append(h("option", { value: "", disabled: !surface.isOptional(block), selected: !first }, plainText(element.placeholder) || "Choose one"));
  for (const [group, members] of grouped(choices)) {
    const options = members.map((choice) => h("option", { value: choice.key, selected: choice.key === first }, choice.label));
    if (group) node.append(h("optgroup", { label: group }, options));
    else node.append(...options);
  }
  const chosen = () => choices.find((choice) => choice.key === node.value)?.chosen ?? null;
  const keep = () => surface.keep(block, element, { type: element.type, [stateName(element)]: chosen() });
  keep();
  let before = node.value;
  node.addEventListener("change", async () => {
    if (!(await isSure(element.confirm))) {
      node.value = before;
      return;
    }
    before = node.value;
    keep();
    await surface.changed(block, element, node.value);
  });
  return node;
}

function grouped(choices) {
  const groups = new Map();
  for (const choice of choices) groups.set(choice.group ?? "", [...(groups.get(choice.group ?? "") ?? []), choice]);
  return groups;
}

function several(surface, block, element, choices) {
  const chosen = initialKeys(surface, block, element, choices);
  const keep = (keys) => {
    const values = keys.map((key) => choices.find((choice) => choice.key === key).chosen);
    surface.keep(block, element, { type: element.type, [stateName(element, "s")]: values });
  };
  keep(chosen);
  return severalOf({
    options: choices,
    chosen,
    placeholder: plainText(element.placeholder) || "Choose any",
    most: element.max_selected_items,
    label: plainText(block.label) || plainText(element.placeholder),
    onchange: (keys) => {
      keep(keys);
      surface.changed(block, element, keys);
    },
  });
}
