/** Things that pop up beside a button: menus, lists to choose several from, and questions before an action. */

import { append, h } from "./dom.js";

/** Open a menu under `anchor`; `entries` are {label, description?, act, danger?, testid?, current?, sign?}. Arrow keys, Home, End, letters, Esc. */
export function openMenu(anchor, entries, { label = "Menu" } = {}) {
  const box = h("div", { class: "menu", role: "menu", "aria-label": label, popover: "auto" });
  append(box, entries.map((entry) => menuEntry(entry, box)));
  box.addEventListener("keydown", (event) => moveInMenu(event, box));
  showBeside(anchor, box);
  box.querySelector("[role=menuitem]")?.focus();
  return box;
}

function menuEntry({ label, description, act, danger, testid, current, sign }, box) {
  const choose = () => {
    box.hidePopover();
    act();
  };
  const words = [h("span", { class: "menu-label", dir: "auto" }, label), description && h("span", { class: "menu-note" }, description)];
  const type = danger ? "menu-entry danger" : "menu-entry";
  return h("button", { class: type, role: "menuitem", type: "button", tabindex: -1, "data-testid": testid, "aria-current": current, onclick: choose }, sign, h("span", null, words));
}

function moveInMenu(event, box) {
  const entries = [...box.querySelectorAll("[role=menuitem]")];
  const here = entries.indexOf(document.activeElement);
  const steps = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: -1 };
  if (event.key in steps) {
    event.preventDefault();
    entries.at(steps[event.key] % entries.length)?.focus();
  } else if (event.key === "Tab") {
    box.hidePopover();
  } else if (event.key.length === 1 && event.key !== " ") {
    const ordered = [...entries.slice(here + 1), ...entries.slice(0, here + 1)];
    ordered.find((entry) => entry.textContent.toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
  }
}

/** Show a popover next to `anchor`, in the same window, and give the focus back when it closes. */
export function showBeside(anchor, box) {
  const home = anchor.closest("dialog") ?? document.body;
  home.append(box);
  anchor.setAttribute("aria-expanded", "true");
  box.addEventListener("toggle", (event) => {
    if (event.newState === "open") return;
    anchor.setAttribute("aria-expanded", "false");
    const isInside = box.contains(document.activeElement) || document.activeElement === document.body;
    box.remove();
    if (isInside) anchor.focus({ preventScroll: true });
  });
  box.showPopover();
  place(anchor.getBoundingClientRect(), box);
}

function place(anchor, box) {
  const { width, height } = box.getBoundingClientRect();
  const margin = 8;
  const isBelow = anchor.bottom + height + margin < innerHeight || anchor.top < height;
  const top = isBelow ? anchor.bottom + 4 : anchor.top - height - 4;
  const left = anchor.left + width + margin < innerWidth ? anchor.left : anchor.right - width;
  box.style.top = `${Math.max(margin, Math.min(top, innerHeight - height - margin))}px`;
  box.style.left = `${Math.max(margin, Math.min(left, innerWidth - width - margin))}px`;
}

/** Ask before an action; resolves to true only when the person said yes. `texts`: title, text, confirm, deny, danger. */
export function ask({ title, text, confirm, deny, danger = false }) {
  return new Promise((resolve) => {
    const yes = h("button", { class: danger ? "button danger solid" : "button primary", type: "button", "data-testid": "confirm-yes" }, confirm);
    const no = h("button", { class: "button", type: "button", "data-testid": "confirm-no" }, deny);
    const box = h("dialog", { class: "modal small", "data-testid": "confirm", "aria-label": titleText(title) },
      h("header", { class: "modal-head" }, h("h2", null, title)),
      h("div", { class: "modal-body" }, text),
      h("footer", { class: "modal-foot" }, no, yes));
    const finish = (answer) => {
      box.close();
      box.remove();
      resolve(answer);
    };
    yes.addEventListener("click", () => finish(true));
    no.addEventListener("click", () => finish(false));
    box.addEventListener("cancel", (event) => {
      event.preventDefault();
      finish(false);
    });
    document.body.append(box);
    box.showModal();
    yes.focus();
  });
}

function titleText(title) {
  return title instanceof Node ? title.textContent : title;
}

/**
 * Return a field to choose several of `options` ({key, label, description?}) from, with chips for the chosen ones.
 *
 * `chosen` is the list of keys at first; `onchange` gets the new list; at most `most` can be chosen.
 */
export function severalOf({ options, chosen, onchange, placeholder, most = Infinity, label }) {
  let keys = [...chosen];
  const chips = h("span", { class: "chips" });
  const button = h("button", { class: "several", type: "button", "aria-haspopup": "listbox", "aria-expanded": "false", "aria-label": label }, chips);
  const labelOf = (key) => options.find((option) => option.key === key)?.label ?? key;
  const draw = () => {
    chips.replaceChildren();
    append(chips, keys.length ? keys.map((key) => h("span", { class: "chip" }, labelOf(key))) : h("span", { class: "faint" }, placeholder));
  };
  const toggle = (key) => {
    if (keys.includes(key)) keys = keys.filter((other) => other !== key);
    else if (keys.length < most) keys = [...keys, key];
    draw();
    onchange(keys);
    return keys;
  };
  button.addEventListener("click", () => openList(button, { options, keys, toggle, label }));
  draw();
  return button;
}

function openList(anchor, { options, keys, toggle, label }) {
  const filter = h("input", { class: "input", type: "text", placeholder: "Find", "aria-label": "Find in the list" });
  const list = h("div", { class: "options", role: "listbox", "aria-multiselectable": "true", "aria-label": label });
  const box = h("div", { class: "menu list", popover: "auto" }, options.length > 6 && filter, list);
  append(list, options.map((option) => listEntry(option, keys, (key) => mark(list, toggle(key)))));
  filter.addEventListener("input", () => {
    const wanted = filter.value.toLowerCase();
    for (const row of list.children) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
  box.addEventListener("keydown", (event) => moveInList(event, list));
  showBeside(anchor, box);
  box.querySelector("input, [role=option]")?.focus();
}

function listEntry(option, keys, choose) {
  const words = [h("span", { class: "menu-label", dir: "auto" }, option.label), option.description && h("span", { class: "menu-note" }, option.description)];
  const row = h("div", { class: "menu-entry option", role: "option", tabindex: -1, "aria-selected": String(keys.includes(option.key)), dataset: { key: option.key } }, words);
  row.addEventListener("click", () => choose(option.key));
  return row;
}

function mark(list, keys) {
  for (const row of list.children) row.setAttribute("aria-selected", String(keys.includes(row.dataset.key)));
}

function moveInList(event, list) {
  const rows = [...list.children].filter((row) => !row.hidden);
  const here = rows.indexOf(document.activeElement);
  const steps = { ArrowDown: here + 1, ArrowUp: here - 1 };
  if (event.key in steps) {
    event.preventDefault();
    rows.at(steps[event.key] % rows.length)?.focus();
  } else if (here >= 0 && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    rows[here].click();
  }
}
