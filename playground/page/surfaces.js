/** Where blocks stand: a message, a modal or the Home tab, each with the state of its inputs and its way to the bot. */

import { act } from "./actions.js";
import { openAddress } from "./addresses.js";
import { post } from "./api.js";
import { patient } from "./dom.js";
import { state } from "./store.js";
import { progress } from "./guide.js";

const REMEMBER_PAUSE_MS = 400;
const surfaces = new Map();

/** Return the surface called `key`, the same one as long as it lives, so that what was typed survives every update. */
export function surfaceFor(key, where, values = {}) {
  if (!surfaces.has(key)) surfaces.set(key, newSurface(where, structuredClone(values)));
  return surfaces.get(key);
}

/** Return the surface of a message. */
export function messageSurface(message, channel) {
  return surfaceFor(`message/${state.as}/${channel}/${message.ts}`, { channel, ts: message.ts }, message.state?.values);
}

/** Return the surface of a view, a modal's or Home's. */
export function viewSurface(view) {
  return surfaceFor(`view/${state.as}/${view.id}`, { view_id: view.id }, view.state?.values);
}

/** Forget a closed window's inputs. */
export function forgetView(viewId) {
  surfaces.delete(`view/${state.as}/${viewId}`);
}

function newSurface(where, values) {
  const as = state.as;
  const place = (block, element) => ({ as, ...where, block_id: block.block_id, action_id: element.action_id });
  const remember = patient(() => post("/api/type", { as, ...where, values: surface.values }), REMEMBER_PAUSE_MS);
  const follow = (block, element) => {
    progress("open");
    act("/api/click", { ...place(block, element), value: element.value ?? null, state: surface.values });
  };
  follow.address = openAddress;
  const surface = {
    where,
    values,
    errors: {},
    follow,
    isOptional: (block) => Boolean(block.optional),
    isTelling: (block) => block.type !== "input" || Boolean(block.dispatch_action),
    prune(blocks) {
      const shown = new Set(blocks.map((block) => block.block_id));
      for (const id of Object.keys(values)) if (!shown.has(id)) delete values[id];
    },
    keep(block, element, value) {
      (values[block.block_id] ??= {})[element.action_id] = value;
    },
    changed(block, element, value) {
      return surface.isTelling(block) ? surface.act(block, element, value, 0) : remember();
    },
    async act(block, element, value, wait) {
      const answer = await act("/api/click", { ...place(block, element), value, state: values, wait_s: wait });
      if (answer.ok) progress("click", element);
      return answer;
    },
  };
  return surface;
}
