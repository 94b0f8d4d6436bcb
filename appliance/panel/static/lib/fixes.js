// What a person can do about a problem, as one button: a word, and where it leads or what it asks the box.

import { box } from "./words.js";

/** By the name that the box's catalogue gives it. @type {Record<string, Fix>} */
const FIXES = {
	paste: { word: "fix.paste", go: "#/key" },
	sound: { word: "fix.sound", go: "#/sound" },
	room: { word: "fix.room", go: "#/clips" },
	device: { word: "fix.device", go: "#/settings/devices" },
	destinations: { word: "fix.destinations", go: "#/settings/destinations" },
	phones: { word: "fix.phones", go: "#/settings/phones" },
	clock: { word: "fix.clock", go: "#/settings/basics" },
};

/** The one thing to do, or null when nobody has to do anything. @param {string} code @returns {Fix | null} */
export const fixFor = (code) => FIXES[box.fixes[code]] || null;
