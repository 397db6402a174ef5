/** The bot's Home tab and the tabs above it. */

import { openApp, openHome } from "./actions.js";
import { showBlocks } from "./blocks.js";
import { h } from "./dom.js";
import { findChannel, state, when } from "./store.js";
import { viewSurface } from "./surfaces.js";

/** Begin to show the tabs in `bar` and Home in `page`; `talk` is what the Messages tab shows. */
export function startHome({ bar, page, talk }) {
  const tabs = { messages: tab("Messages", "messages"), home: tab("Home", "home") };
  bar.append(tabs.home, tabs.messages);
  bar.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const other = state.tab === "home" ? "messages" : "home";
    openApp(other);
    tabs[other].focus();
  });
  const blocks = h("div", { class: "blocks home-blocks" });
  page.append(blocks);
  let isOpen = false;
  when("as place channels", () => {
    const isApp = findChannel(state.channel)?.kind === "im";
    bar.hidden = !isApp;
    const isHome = isApp && state.tab === "home";
    for (const [name, node] of Object.entries(tabs)) {
      const isChosen = isHome === (name === "home");
      node.setAttribute("aria-selected", String(isChosen));
      node.tabIndex = isChosen ? 0 : -1;
    }
    page.hidden = !isHome;
    talk.hidden = isHome;
    const place = isHome ? state.as : false;
    if (place && isOpen !== place) openHome();
    isOpen = place;
  });
  when("as", () => {
    state.home = null;
    draw(blocks);
  });
  when("home clock", () => draw(blocks));
}

function tab(words, name) {
  const panel = name === "home" ? "home" : "talk";
  return h("button", { class: "tab", role: "tab", type: "button", "data-testid": `tab-${name}`, "aria-controls": panel, onclick: () => openApp(name) }, words);
}

function draw(blocks) {
  if (!state.home) {
    blocks.replaceChildren(h("p", { class: "empty" }, `${state.company.bot.name} is getting this page ready…`));
    return;
  }
  blocks.querySelector(":scope > .empty")?.remove();
  const surface = viewSurface(state.home);
  surface.prune(state.home.blocks);
  showBlocks(blocks, surface, state.home.blocks);
}
