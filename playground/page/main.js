/** The start: fetches the company, finds the place to show first, and wires the parts together. */

import { follow, loadChannels, loadClock, loadCompany, loadMessages } from "./actions.js";
import { fetchJson } from "./api.js";
import { composer } from "./composer.js";
import { h, icon } from "./dom.js";
import { startGuide } from "./guide.js";
import { startHome } from "./home.js";
import { startMessages } from "./messages.js";
import { startSidebar } from "./sidebar.js";
import { changed, findChannel, goTo, listChannels, state, when } from "./store.js";
import { startThread } from "./threads.js";
import { startTools } from "./tools.js";
import { beginReading, noticeAllUnread } from "./unread.js";
import { startWindows } from "./windows.js";

const find = (id) => document.getElementById(id);

async function start() {
  await loadCompany();
  await loadClock();
  beginReading();
  const wanted = placeInAddress();
  state.as = [wanted.as, personOfCookie()].find((id) => state.people.has(id)) ?? firstPerson();
  setCookie();
  await loadChannels();
  state.channel = findChannel(wanted.channel) ? wanted.channel : await firstChannel();
  state.thread = wanted.thread;
  state.tab = wanted.tab;
  state.point = new URLSearchParams(location.search).get("ts");
  wire();
  changed("as place channels clock link");
  follow();
  document.body.dataset.ready = "true";
}

function wire() {
  startSidebar(find("sidebar"));
  startMessages(find("scroller"), find("messages"));
  startHome({ bar: find("tabs"), page: find("home"), talk: find("talk") });
  find("talk").append(composer());
  startThread(find("thread"));
  startTools(find("tools"));
  startWindows();
  startGuide();
  when("as place channels", drawHead);
  when("as", becomeSomeone);
  when("as place", arrive);
  when("channels", stayVisible);
  addEventListener("popstate", () => goTo(placeInAddress()));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && loadMessages());
  find("drawer").addEventListener("click", () => setDrawer(!document.body.classList.contains("has-drawer")));
  find("shade").addEventListener("click", () => setDrawer(false));
  addEventListener("keydown", (event) => event.key === "Escape" && setDrawer(false));
}

function setDrawer(isOpen) {
  document.body.classList.toggle("has-drawer", isOpen);
  find("drawer").setAttribute("aria-expanded", String(isOpen));
  if (isOpen) find("sidebar").querySelector("button")?.focus();
}

function placeInAddress() {
  const query = new URLSearchParams(location.search);
  const tab = query.get("tab") === "home" ? "home" : "messages";
  return { as: query.get("as") ?? state.as, channel: query.get("channel") ?? state.channel, thread: query.get("thread"), tab };
}

function firstPerson() {
  const people = [...state.people.values()];
  return (people.find(({ role, locale }) => role === "employee" && locale?.startsWith("en")) ?? people[0])?.id;
}

/** The first channel with something of the bot's to press in it, else the first one. */
async function firstChannel() {
  const channels = listChannels();
  const open = channels.filter(({ kind, is_archived: isArchived }) => kind === "public" && !isArchived);
  const answers = await Promise.all(open.map(({ id }) => fetchJson("/api/messages", { channel: id, as: state.as, limit: 20 }).catch(() => ({ messages: [] }))));
  const place = answers.findIndex(({ messages }) => messages.some(({ blocks }) => blocks?.some(({ type }) => type === "actions")));
  return (open[place] ?? open[0] ?? channels[0])?.id;
}

function personOfCookie() {
  return decodeURIComponent(/(?:^|; )playground_as=([^;]*)/.exec(document.cookie)?.[1] ?? "");
}

function setCookie() {
  document.cookie = `playground_as=${encodeURIComponent(state.as)}; path=/; SameSite=Lax`;
}

async function becomeSomeone() {
  setCookie();
  await loadChannels();
  noticeAllUnread();
}

function stayVisible() {
  if (findChannel(state.channel)) return;
  goTo({ channel: listChannels()[0]?.id });
}

function arrive() {
  const query = new URLSearchParams({ as: state.as, channel: state.channel });
  if (state.tab === "home") query.set("tab", "home");
  if (state.thread) query.set("thread", state.thread);
  if (location.search !== `?${query}`) history[location.search ? "pushState" : "replaceState"](null, "", `?${query}`);
  if (state.messagesOf !== `${state.as}/${state.channel}`) loadMessages();
}

function drawHead() {
  const channel = findChannel(state.channel);
  if (!channel) return;
  const isApp = channel.kind === "im";
  const sign = isApp ? null : icon(channel.kind === "private" ? "lock" : "hash");
  find("place-name").replaceChildren(...[sign, h("span", { dir: "auto" }, channel.name), isApp && h("span", { class: "badge" }, "APP")].filter(Boolean));
  find("place-topic").textContent = isApp ? "" : (channel.topic ?? "");
  find("guide-home").hidden = isApp && state.tab === "home";
  document.title = `${isApp ? "" : "#"}${channel.name} · ${state.company.name}`;
}

start().catch((error) => {
  console.error(error);
  find("messages").replaceChildren(h("p", { class: "empty", role: "alert" }, "The playground did not answer. Reload the page in a moment."));
});
