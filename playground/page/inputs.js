/** Elements that are typed or ticked: text, numbers, dates, times, checkboxes and radio buttons. */

import { h, patient } from "./dom.js";
import { fromLocalInput, toLocalInput } from "./format.js";
import { plainText, textObject } from "./texts.js";

const TYPING_PAUSE_MS = 500;
const TYPES = { plain_text_input: "text", email_text_input: "email", url_text_input: "url", number_input: "number" };

function kept(surface, block, element) {
  return surface.values[block.block_id]?.[element.action_id];
}

/** Return a text field, with a counter near its limit; it tells the bot as its `dispatch_action_config` says. */
export function textInput(surface, block, element) {
  const isLong = Boolean(element.multiline);
  const field = h(isLong ? "textarea" : "input", {
    class: "input",
    type: isLong ? null : TYPES[element.type],
    inputmode: element.type === "number_input" ? "decimal" : null,
    rows: isLong ? 5 : null,
    placeholder: plainText(element.placeholder) || null,
    maxlength: element.max_length ?? null,
    min: element.min_value ?? null,
    max: element.max_value ?? null,
    step: element.type === "number_input" ? (element.is_decimal_allowed ? "any" : "1") : null,
    dir: "auto",
    "data-autofocus": element.focus_on_load ?? null,
    value: String(kept(surface, block, element) ? (kept(surface, block, element).value ?? "") : (element.initial_value ?? "")),
  });
  const keep = () => surface.keep(block, element, { type: element.type, value: field.value === "" ? null : field.value });
  keep();
  listenToTyping(surface, block, element, field, keep);
  return element.max_length ? counted(field, element.max_length) : h("div", { class: "field-box" }, field);
}

/** Return a number field. */
export function numberInput(surface, block, element) {
  return textInput(surface, block, element);
}

function listenToTyping(surface, block, element, field, keep) {
  const triggers = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  const tell = patient(() => surface.changed(block, element, field.value), TYPING_PAUSE_MS);
  field.addEventListener("input", () => {
    keep();
    if (triggers.includes("on_character_entered")) tell();
  });
  field.addEventListener("keydown", (event) => {
    const isEnter = event.key === "Enter" && !event.shiftKey && !event.isComposing;
    if (!isEnter || (element.multiline && !event.ctrlKey && !event.metaKey)) return;
    if (triggers.includes("on_enter_pressed") && surface.isTelling(block)) {
      event.preventDefault();
      surface.changed(block, element, field.value);
    }
  });
  field.addEventListener("blur", () => tell.now());
}

function counted(field, most) {
  const counter = h("span", { class: "counter", "aria-live": "polite" });
  const draw = () => {
    const left = most - field.value.length;
    counter.textContent = left <= Math.max(20, most / 5) ? `${left} left` : "";
    counter.classList.toggle("full", left <= 0);
  };
  field.addEventListener("input", draw);
  draw();
  return h("div", { class: "field-box" }, field, counter);
}

/** Return a date field; its value is "2026-11-23". */
export function datePicker(surface, block, element) {
  return picker(surface, block, element, { type: "date", name: "date" });
}

/** Return a field for a time of day; its value is "14:05". */
export function timePicker(surface, block, element) {
  return picker(surface, block, element, { type: "time", name: "time" });
}

/** Return a field for a moment; its value is in seconds, read and shown in the acting person's time zone. */
export function dateTimePicker(surface, block, element) {
  return picker(surface, block, element, { type: "datetime-local", name: "date_time", read: fromLocalInput, show: toLocalInput });
}

const same = (value) => value;

function picker(surface, block, element, { type, name, read = same, show = same }) {
  const known = kept(surface, block, element);
  const first = known ? known[`selected_${name}`] : element[`initial_${name}`];
  const field = h("input", {
    class: "input short",
    type,
    "aria-label": plainText(block.label) || plainText(element.placeholder) || "Choose a date or time",
    value: first === null || first === undefined ? "" : show(first),
  });
  let value = () => first ?? null;
  const keep = () => surface.keep(block, element, { type: element.type, [`selected_${name}`]: value() });
  keep();
  const tell = patient(() => surface.changed(block, element, value()), TYPING_PAUSE_MS);
  field.addEventListener("input", () => {
    value = () => (field.value === "" ? null : read(field.value));
    keep();
    tell();
  });
  field.addEventListener("blur", () => tell.now());
  return h("div", { class: "field-box" }, field);
}

/** Return a group of checkboxes. */
export function checkboxes(surface, block, element) {
  return choices(surface, block, element, { type: "checkbox", name: "options" });
}

/** Return a group of radio buttons. */
export function radioButtons(surface, block, element) {
  return choices(surface, block, element, { type: "radio", name: "option" });
}

let groups = 0;

function choices(surface, block, element, { type, name }) {
  const known = kept(surface, block, element);
  const first = [(known ? known[`selected_${name}`] : element[`initial_${name}`]) ?? []].flat().map((option) => option.value);
  const group = `group-${(groups += 1)}`;
  const rows = (element.options ?? []).map((option) => {
    const box = h("input", { type, name: group, value: option.value, checked: first.includes(option.value) });
    const note = option.description && h("span", { class: "choice-note" }, textObject(option.description));
    return { box, option, row: h("label", { class: "choice" }, box, h("span", null, textObject(option.text), note)) };
  });
  const chosen = () => rows.filter(({ box }) => box.checked).map(({ option }) => option);
  const keep = () => {
    const value = name === "option" ? (chosen()[0] ?? null) : chosen();
    surface.keep(block, element, { type: element.type, [`selected_${name}`]: value });
  };
  keep();
  const node = h("div", { class: "choices", role: type === "radio" ? "radiogroup" : "group", "aria-label": plainText(block.label) || "Choices" }, rows.map(({ row }) => row));
  node.addEventListener("change", () => {
    keep();
    const values = chosen().map((option) => option.value);
    surface.changed(block, element, name === "option" ? values[0] : values);
  });
  return node;
}
