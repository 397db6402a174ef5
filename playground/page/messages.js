/** Messages: the list of a channel, one message, and what can be done with it. */

import { act, canWrite } from "./actions.js";
import { showBlocks } from "./blocks.js";
import { append, h, icon, keep } from "./dom.js";
import { safeAddress } from "./addresses.js";
import { clockTime, dayName, fullTime, isoDay, ago } from "./format.js";
import { openMenu } from "./menus.js";
import { mrkdwn } from "./mrkdwn.js";
import { changed, findChannel, goTo, isBot, state, when } from "./store.js";
import { messageSurface } from "./surfaces.js";
import { say, toast } from "./toasts.js";

const GROUP_S = 300;
const NEAR_PX = 120;

/** Return an avatar: initials on the sender's colour. */
export function avatar(sender, size = "") {
  return h("span", { class: `avatar ${size}`, colour: sender.colour, "aria-hidden": "true" }, sender.initials ?? sender.name?.slice(0, 1) ?? "?");
}

function senderOf(message) {
  if (message.sender) return message.sender;
  const bot = state.company.bot;
  if (isBot(message.user)) return { ...bot, is_bot: true };
  return state.people.get(message.user) ?? { name: message.user };
}

/** Return what `keep` needs to show a list of messages, with a line for each new day. */
export function messageRows(messages, { isThread = false } = {}) {
  const rows = [];
  let before = null;
  for (const message of messages) {
    const at = Number(message.ts);
    const day = isoDay(at);
    const isNewDay = !isThread && (!before || isoDay(Number(before.ts)) !== day);
    if (isNewDay) rows.push({ key: `day-${day}`, stamp: dayName(at), build: () => h("div", { class: "day", role: "separator" }, h("span", null, dayName(at))) });
    const isCard = Boolean(message.sender?.is_bot && message.blocks?.length);
    const follows = !isNewDay && !isCard && before && before.user === message.user && before.ephemeral === message.ephemeral && at - Number(before.ts) < GROUP_S;
    const look = { follows, isThread };
    rows.push({ key: `${message.ts}/${message.ephemeral}`, stamp: JSON.stringify([message, look, state.as, state.channel]), build: () => messageNode(message, look) });
    before = message;
  }
  return rows;
}

function messageNode(message, { follows, isThread }) {
  const sender = senderOf(message);
  const at = Number(message.ts);
  const time = h("time", { class: "when", title: fullTime(at), datetime: new Date(at * 1000).toISOString() }, clockTime(at));
  const body = h("div", { class: "message-body" });
  if (message.ephemeral) body.append(onlyYou());
  if (!follows) append(body, [h("div", { class: "message-head" }, h("span", { class: "sender", dir: "auto" }, sender.name), sender.is_bot && h("span", { class: "badge" }, "APP"), time)]);
  append(body, [content(message), !isThread && threadLink(message)]);
  const kinds = ["message", follows && "follows", message.ephemeral && "is-private"].filter(Boolean).join(" ");
  return h("article", { class: kinds, "data-testid": "message", "data-ts": message.ts, "data-ephemeral": message.ephemeral ? "true" : null, "aria-label": `${sender.name}, ${clockTime(at)}` },
    h("div", { class: "message-side" }, follows ? time : avatar(sender)), body, hoverBar(message, { isThread }));
}

function onlyYou() {
  return h("div", { class: "only-you" }, icon("eye"), "Only visible to you");
}

function content(message) {
  const parts = [];
  if (message.blocks?.length) {
    const blocks = h("div", { class: "blocks" });
    showBlocks(blocks, messageSurface(message, state.channel), message.blocks);
    parts.push(blocks);
  } else if (message.text) {
    parts.push(append(h("div", { class: "text", dir: "auto" }), [mrkdwn(message.text), message.edited && h("span", { class: "faint" }, " (edited)")]));
  }
  for (const attachment of message.attachments ?? []) {
    const blocks = h("div", { class: "attachment blocks" });
    showBlocks(blocks, messageSurface(message, state.channel), attachment.blocks ?? []);
    if (!attachment.blocks?.length) append(blocks, [mrkdwn(attachment.text ?? attachment.fallback ?? "")]);
    parts.push(blocks);
  }
  return [...parts, (message.files ?? []).map(fileLink)];
}

function fileLink(file) {
  const href = safeAddress(file.url);
  const size = file.size ? `${Math.max(1, Math.round(file.size / 1024))} kB` : "";
  const words = [icon("file"), h("span", null, h("b", { dir: "auto" }, file.title || file.name), h("span", { class: "faint" }, ` ${size}`))];
  return href ? h("a", { class: "file", href, download: file.name, "data-testid": "file" }, words) : h("span", { class: "file" }, words);
}

function threadLink(message) {
  if (!message.replies) return null;
  const words = message.replies === 1 ? "1 reply" : `${message.replies} replies`;
  const last = message.latest_reply ? h("span", { class: "faint" }, ` last ${ago(Number(message.latest_reply))}`) : null;
  return h("button", { class: "thread-link", type: "button", "data-testid": "thread-link", onclick: () => goTo({ channel: state.channel, thread: message.ts }) }, words, last);
}

function hoverBar(message, { isThread }) {
  const shortcuts = state.company.shortcuts.filter(({ type }) => type === "message");
  const [first] = shortcuts;
  const more = h("button", { class: "ghost icon-button", type: "button", "aria-label": "More actions", "aria-haspopup": "menu", "data-testid": "message-menu" }, icon("more"));
  more.addEventListener("click", () => openMenu(more, menuEntries(message, shortcuts), { label: "Message actions" }));
  if (message.ephemeral) return h("div", { class: "hover-bar" }, h("button", { class: "ghost", type: "button", "data-testid": "dismiss", onclick: () => dismiss(message) }, "Dismiss"));
  return h("div", { class: "hover-bar", role: "toolbar", "aria-label": "Message" },
    first && h("button", { class: "ghost", type: "button", "data-testid": `shortcut-${first.callback_id}`, onclick: () => runShortcut(first, message) }, icon("spark"), first.name),
    !isThread && h("button", { class: "ghost icon-button", type: "button", "aria-label": "Reply in thread", title: "Reply in thread", "data-testid": "reply", onclick: () => goTo({ channel: state.channel, thread: message.thread_ts ?? message.ts }) }, icon("thread")),
    more);
}

function menuEntries(message, shortcuts) {
  const entries = shortcuts.map((shortcut) => ({ label: shortcut.name, description: state.company.bot.name, testid: `menu-${shortcut.callback_id}`, act: () => runShortcut(shortcut, message) }));
  if (canWrite()) entries.push({ label: "Reply in thread", act: () => goTo({ channel: state.channel, thread: message.thread_ts ?? message.ts }) });
  entries.push({ label: "Copy link", act: () => copyLink(message) });
  const isOwn = message.user === state.as || state.people.get(state.as)?.role === "admin";
  if (isOwn) entries.push({ label: "Delete message", danger: true, act: () => act("/api/delete", { channel: state.channel, ts: message.ts }) });
  return entries;
}

function runShortcut(shortcut, message) {
  return act("/api/shortcut", { callback_id: shortcut.callback_id, channel: state.channel, ts: message.ts });
}

function dismiss(message) {
  return act("/api/delete", { channel: state.channel, ts: message.ts });
}

async function copyLink(message) {
  const query = new URLSearchParams({ as: state.as, channel: state.channel, thread: message.ts });
  await navigator.clipboard?.writeText(`${location.origin}/?${query}`);
  toast("Link copied.");
}

/** Begin to show the open channel's messages in `scroller`, staying at the newest one while the person is there. */
export function startMessages(scroller, list) {
  let isAtEnd = true;
  let shown = null;
  let newest = null;
  let top = 0;
  const toEnd = () => (scroller.scrollTop = scroller.scrollHeight);
  // Only a person scrolls up; what grows below (a picture that has loaded) must not count as having left the end.
  scroller.addEventListener("scroll", () => {
    const isNear = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_PX;
    isAtEnd = isNear || (isAtEnd && scroller.scrollTop >= top);
    top = scroller.scrollTop;
  });
  const sizes = new ResizeObserver(() => isAtEnd && toEnd());
  sizes.observe(list);
  sizes.observe(scroller);
  when("messages clock", () => {
    if (state.messagesOf !== `${state.as}/${state.channel}`) return;
    const messages = state.messages.filter(({ ts, thread_ts: parent }) => !parent || parent === ts);
    const last = messages.at(-1);
    const isNewPlace = shown !== state.messagesOf;
    if (!isNewPlace && last && Number(last.ts) > Number(newest ?? 0)) {
      if (last.user === state.as || last.ephemeral) isAtEnd = true;
      if (last.user !== state.as) say(`${senderOf(last).name}: ${last.text ?? ""}`);
    }
    keep(list, messages.length ? messageRows(messages) : [emptyRow()]);
    if (isNewPlace) isAtEnd = !pointTo(list, state.point);
    if (isAtEnd) toEnd();
    [shown, newest] = [state.messagesOf, last?.ts];
    list.setAttribute("aria-busy", "false");
  });
  when("as place", () => {
    if (state.messagesOf === `${state.as}/${state.channel}`) return;
    list.setAttribute("aria-busy", "true");
    changed("composer");
  });
}

/** Bring the message that an address names into view, once; returns whether there is one. */
function pointTo(list, ts) {
  const node = ts && list.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
  state.point = null;
  if (!node) return false;
  node.classList.add("is-pointed");
  requestAnimationFrame(() => node.scrollIntoView({ block: "center" }));
  return true;
}

function emptyRow() {
  const channel = findChannel(state.channel);
  const words = channel?.kind === "im"
    ? `This is your own conversation with ${state.company.bot.name}. Paste a link here to suggest it, or write “help”.`
    : "Nothing here yet. Say hello.";
  return { key: "empty", stamp: words, build: () => h("p", { class: "empty" }, words) };
}
