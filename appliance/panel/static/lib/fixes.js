// What a person can do about a problem, as one button: a word, and where it leads or what it asks the box.

/** @import { Key } from "./words.js" */
import { offers } from "./offers.js";

/** @typedef {{ word: Key, go?: string, command?: Command }} Fix */

/** @type {Fix} */
const PASTE = { word: "fix.paste", go: "#/key" };
/** @type {Fix} */
const SOUND = { word: "fix.sound", go: "#/sound" };
/** @type {Fix} */
const CLIPS = { word: "fix.room", go: "#/clips" };

/** @type {Record<string, Fix>} */
const BY_CODE = {
	"needs-key": PASTE, "needs-server": PASTE, "key-expired": PASTE, paste: PASTE, server: PASTE, "key-file": PASTE,
	"stream-key-missing": PASTE, "stream-key-refused": PASTE, "stream-key-wrong": PASTE, "stream-key-busy": PASTE,
	"server-address-wrong": PASTE, "server-address-refused": PASTE, "server-not-found": PASTE, "server-not-rtmp": PASTE,
	"no-sound-device": SOUND, "sound-busy": SOUND, "sound-stalled": SOUND, "unsupported-sound": SOUND, "no-sound": SOUND, "silent": SOUND,
	"disk-full": CLIPS, "nothing-to-clip": CLIPS,
	"no-device": { word: "fix.device", go: "#/settings/devices" }, "device-busy": { word: "fix.device", go: "#/settings/devices" },
	"not-a-capture": { word: "fix.device", go: "#/settings/devices" },
	"no-destination": { word: "fix.destinations", go: "#/settings/destinations" },
	"clock-wrong": { word: "fix.clock", go: "#/settings/basics" },
};

/** The one thing to do, or null when nobody has to do anything. @param {string} code @param {State} state @returns {Fix | null} */
export function fixFor(code, state) {
	const fix = BY_CODE[code];
	const offered = offers(state);
	if (fix?.go === "#/settings/devices" && !offered.devices) return null;
	if (fix?.go === "#/settings/basics" && !offered.clock) return null;
	return fix || null;
}

/** What tests the way to the server. @param {State} state @returns {Fix | null} */
export function testFix(state) {
	if (["on-air", "reconnecting", "connecting"].includes(state.live.type)) return null;
	if (offers(state).uplink) return { word: "fix.test", command: { do: "uplink-test" } };
	const ready = state.destinations.find((one) => one.host && one["key-last4"]);
	return ready ? { word: "fix.test", command: { do: "preflight", destination: ready.name } } : null;
}
