/**
 * Small tools for building the page. Whatever came from a message reaches the document as text nodes and
 * checked attributes only: nothing here, or in any other module, parses a string as HTML.
 */

const PROPERTIES = new Set(["value", "checked", "selected", "disabled", "indeterminate", "hidden", "open"]);

/** Return a new element; `on…` properties become listeners, other ones attributes, strings among the children text. */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) setProperty(node, name, value);
  append(node, children);
  return node;
}

function setProperty(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else if (name === "dataset") Object.assign(node.dataset, value);
  else if (name === "colour") node.style.setProperty("--tint", value);
  else if (PROPERTIES.has(name)) node[name] = value;
  else node.setAttribute(name, value === true ? "" : String(value));
}

/** Append children, however deeply nested; null, undefined and false are left out. */
export function append(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

/** Return an icon of the sprite in index.html; it is decoration, so its button needs a name of its own. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/**
 * Make `parent` show one node per entry of `wanted` ({key, stamp, build}), in order.
 *
 * A node whose stamp is unchanged stays the same node, so what was typed, scrolled or focused in it stays too.
 * Where the focused node is built anew, the focus and the caret move to its successor (same `data-focus`).
 */
export function keep(parent, wanted) {
  const old = new Map([...parent.children].map((node) => [node.keepKey, node]));
  const focus = rememberFocus(parent);
  const nodes = wanted.map(({ key, stamp, build }) => {
    const known = old.get(key);
    if (known && known.keepStamp === stamp) return known;
    return Object.assign(build(), { keepKey: key, keepStamp: stamp });
  });
  const staying = new Set(nodes);
  for (const node of [...parent.children]) if (!staying.has(node)) node.remove();
  nodes.forEach((node, place) => {
    if (parent.children[place] !== node) parent.insertBefore(node, parent.children[place] ?? null);
  });
  focus();
}

function rememberFocus(parent) {
  const active = document.activeElement;
  if (!active || !parent.contains(active)) return () => {};
  const mark = active.closest("[data-focus]")?.dataset.focus;
  const caret = caretOf(active);
  return () => {
    if (active.isConnected && document.activeElement === active) return;
    const next = active.isConnected ? active : mark && parent.querySelector(`[data-focus="${CSS.escape(mark)}"]`);
    if (!next) return;
    next.focus({ preventScroll: true });
    if (caret && "setSelectionRange" in next && caretOf(next)) next.setSelectionRange(...caret);
  };
}

function caretOf(node) {
  const isText = node.tagName === "TEXTAREA" || (node.tagName === "INPUT" && node.type === "text");
  return isText ? [node.selectionStart, node.selectionEnd] : null;
}

/** Return `act` made patient: it runs once, `ms` after the last call; `.now()` runs a waiting call at once. */
export function patient(act, ms) {
  let timer = null;
  let last = null;
  const run = () => {
    timer = null;
    act(...last);
  };
  const call = (...args) => {
    clearTimeout(timer);
    last = args;
    timer = setTimeout(run, ms);
  };
  call.now = () => {
    if (timer === null) return;
    clearTimeout(timer);
    run();
  };
  return call;
}
