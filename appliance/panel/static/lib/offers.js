// What this box offers. A version that has a feature shows it in its State, or answers at its address; where neither is
// there, the page shows no trace of it.

import { read } from "./box.js";

/** @param {State} state */
export const offers = (state) => ({
	looks: state.look !== undefined,
	cover: state.cover !== undefined,
	sources: Boolean(state.audio.sources?.length),
	undo: state.cover !== undefined,
	practice: state.cover !== undefined,
	uplink: state.uplink !== undefined,
	devices: state.devices !== undefined,
	sounds: state.sounds !== undefined,
	export: state.export !== undefined,
	clock: state.clock !== undefined,
	sessions: state.access !== undefined,
	presets: state.destinations.some((one) => one.preset !== undefined),
});

/** @type {Map<string, Promise<boolean>>} */
const known = new Map();

/** Whether there is something at an address; asked once. @param {string} path @returns {Promise<boolean>} */
export function answersAt(path) {
	const asked = known.get(path) || read(path).then(({ status }) => {
		if (status === 0 || status === 401) known.delete(path);
		return status === 200;
	});
	known.set(path, asked);
	return asked;
}
