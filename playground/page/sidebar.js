/** The side bar: the workspace, who one acts as, the channels, and the conversation with the bot. */

import { append, h, icon } from "./dom.js";
import { openMenu } from "./menus.js";
import { avatar } from "./messages.js";
import { directMessage, goTo, listChannels, openChannel, state, when } from "./store.js";

const ROLES = { employee: "Employee", curator: "Curator (comms team)", admin: "Admin", guest: "Guest" };

/** Begin to show the side bar in `bar`. */
export function startSidebar(bar) {
  const workspace = h("div", { class: "workspace" });
  const switcher = h("button", { class: "person", type: "button", "data-testid": "person-switcher", "aria-haspopup": "menu", "aria-expanded": "false" });
  const channels = h("nav", { class: "places", "aria-label": "Channels" });
  bar.append(workspace, switcher, channels);
  switcher.addEventListener("click", () => openMenu(switcher, people(), { label: "Act as" }));
  when("as channels", () => {
    workspace.replaceChildren(h("span", { class: "logo", "aria-hidden": "true" }, state.company.logo ?? "V"), h("span", { dir: "auto" }, state.company.name));
    drawPerson(switcher);
  });
  when("as place channels unread", () => drawPlaces(channels));
}

function drawPerson(switcher) {
  const person = state.people.get(state.as);
  if (!person) return;
  const words = h("span", { class: "person-words" }, h("span", { class: "faint" }, "Acting as"), h("b", { dir: "auto" }, person.name), h("span", { class: "faint" }, roleLine(person)));
  switcher.replaceChildren(avatar(person), words, icon("switch"));
  switcher.setAttribute("aria-label", `Acting as ${person.name}, ${roleLine(person)}. Change person`);
}

function roleLine(person) {
  const language = person.locale?.startsWith("en") ? "" : `, ${languageName(person.locale)}`;
  return `${ROLES[person.role] ?? person.role}${language}`;
}

function languageName(locale) {
  return new Intl.DisplayNames(["en"], { type: "language" }).of(locale?.slice(0, 2) || "en");
}

function people() {
  const order = ["employee", "curator", "admin", "guest"];
  const sorted = [...state.people.values()].sort((one, other) => order.indexOf(one.role) - order.indexOf(other.role));
  return sorted.map((person) => ({
    sign: avatar(person),
    label: person.name,
    description: [roleLine(person), person.title].filter(Boolean).join(" · "),
    testid: `person-${person.id}`,
    current: person.id === state.as ? "true" : null,
    act: () => goTo({ as: person.id }),
  }));
}

function drawPlaces(nav) {
  const focused = document.activeElement?.dataset?.testid;
  const direct = directMessage();
  const rows = listChannels().filter(({ is_archived: isArchived, id }) => !isArchived || id === state.channel);
  nav.replaceChildren();
  append(nav, [
    h("h2", null, "Channels"),
    h("ul", null, rows.map((channel) => h("li", null, placeButton(channel, icon(channel.kind === "private" ? "lock" : "hash"))))),
    direct && h("h2", null, "Apps"),
    direct && h("ul", null, h("li", null, placeButton(direct, avatar(state.company.bot, "small"), h("span", { class: "badge" }, "APP")))),
  ]);
  if (focused && nav.querySelector(`[data-testid="${CSS.escape(focused)}"]`)) nav.querySelector(`[data-testid="${CSS.escape(focused)}"]`).focus();
}

function placeButton(channel, sign, ...rest) {
  const isNew = state.unread.has(channel.id);
  const isHere = channel.id === state.channel;
  const dot = isNew && h("span", { class: "dot" }, h("span", { class: "only-spoken" }, "new messages"));
  const choose = () => {
    openChannel(channel.id);
    document.body.classList.remove("has-drawer");
  };
  return h("button", { class: isNew ? "place is-new" : "place", type: "button", "data-testid": `channel-${channel.id}`, "aria-current": isHere ? "page" : null, onclick: choose },
    sign, h("span", { class: "place-name", dir: "auto" }, channel.name), rest, dot);
}
