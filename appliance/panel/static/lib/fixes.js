// What a person can do about a problem, as one button: a word, and where it leads or what it asks the box.

/** @type {Fix} */
const PASTE = { word: "fix.paste", go: "#/key" };
/** @type {Fix} */
const SOUND = { word: "fix.sound", go: "#/sound" };
/** @type {Fix} */
const CLIPS = { word: "fix.room", go: "#/clips" };
/** @type {Fix} */
const PHONES = { word: "fix.phones", go: "#/settings/phones" };

/** @type {Record<string, Fix>} */
const BY_CODE = {
	"needs-key": PASTE,
	"needs-server": PASTE,
	"key-expired": PASTE,
	paste: PASTE,
	server: PASTE,
	"key-file": PASTE,
	"key-elsewhere": PASTE,
	"stream-key-missing": PASTE,
	"stream-key-refused": PASTE,
	"stream-key-wrong": PASTE,
	"stream-key-busy": PASTE,
	"platform-ended-live": PASTE,
	"server-address-wrong": PASTE,
	"server-address-refused": PASTE,
	"server-not-found": PASTE,
	"server-not-rtmp": PASTE,
	"server-redirects": PASTE,
	"no-sound-device": SOUND,
	"sound-busy": SOUND,
	"sound-stalled": SOUND,
	"sound-rate": SOUND,
	"unsupported-sound": SOUND,
	"no-sound": SOUND,
	silent: SOUND,
	"mic-muted": SOUND,
	"mic-silent": SOUND,
	"mic-loud": SOUND,
	"sync-apart": SOUND,
	"disk-full": CLIPS,
	"nothing-to-clip": CLIPS,
	"no-device": { word: "fix.device", go: "#/settings/devices" },
	"device-busy": { word: "fix.device", go: "#/settings/devices" },
	"not-a-capture": { word: "fix.device", go: "#/settings/devices" },
	"no-destination": { word: "fix.destinations", go: "#/settings/destinations" },
	"new-owner": PHONES,
	guessing: PHONES,
	"clock-wrong": { word: "fix.clock", go: "#/settings/basics" },
};

/** The one thing to do, or null when nobody has to do anything. @param {string} code @returns {Fix | null} */
export const fixFor = (code) => BY_CODE[code] || null;

/** @param {State} state @returns {Fix | null} */
export const testFix = (state) =>
	state.live.type === "off" ? { word: "fix.test", command: { do: "uplink-test" } } : null;
