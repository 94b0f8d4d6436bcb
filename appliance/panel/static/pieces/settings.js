// The menu of everything that can be set, and the way into each of its pages. Pages that this box has nothing for are
// not in the menu.

/** @import { Key } from "../lib/words.js" */
import { hide, icon, make, piece, Piece, put } from "../lib/dom.js";
import { answersAt, offers } from "../lib/offers.js";
import { settings } from "../lib/settings.js";
import { say } from "../lib/words.js";

/** @typedef {{ name: string, sign: string, title: Key, said: Key, isThere?: (state: State) => boolean | Promise<boolean> }} Entry */

/** @type {Entry[]} */
export const ENTRIES = [
	{ name: "doctor", sign: "activity", title: "doctor.title", said: "doctor.said" },
	{ name: "destinations", sign: "tv", title: "destinations.title", said: "destinations.said" },
	{ name: "devices", sign: "gamepad-2", title: "devices.title", said: "devices.said", isThere: async (state) => offers(state).devices && (await settings()) !== null },
	{ name: "phones", sign: "smartphone", title: "phones.title", said: "phones.said", isThere: () => answersAt("/api/sessions") },
	{ name: "basics", sign: "globe", title: "basics.title", said: "basics.said" },
	{ name: "backup", sign: "download", title: "backup.title", said: "backup.said", isThere: () => answersAt("/api/settings/backup") },
	{ name: "every", sign: "settings", title: "every.title", said: "every.said", isThere: async () => (await settings()) !== null },
	{ name: "help", sign: "circle-help", title: "help.title", said: "help.said" },
];

export class SettingsScreen extends Piece {
	#list = make("ul", { class: "menu" });
	/** @type {Map<string, HTMLElement>} */ #items = new Map();
	#isAsked = false;

	build() {
		for (const { name, sign, title, said, isThere } of ENTRIES) {
			const item = make("li", { hidden: Boolean(isThere) }, make("a", { href: `#/settings/${name}` }, icon(sign), make("span", { class: "menu-words" }, make("strong", {}, say(title)), make("span", { class: "small" }, say(said))), icon("chevron-right")));
			this.#items.set(name, item);
			this.#list.append(item);
		}
		this.append(make("h2", {}, say("nav.settings")), this.#list);
	}

	/** @param {State} state */
	draw(state) {
		if (this.#isAsked) return;
		this.#isAsked = true;
		for (const { name, isThere } of ENTRIES) {
			const item = this.#items.get(name);
			if (isThere && item) void Promise.resolve(isThere(state)).then((is) => hide(item, !is));
		}
	}
}

/** One page of the settings, with the way back. */
export class SettingsPage extends Piece {
	build() {
		const entry = ENTRIES.find(({ name }) => name === this.getAttribute("page"));
		if (!entry) return;
		void Promise.all([import(`./${entry.name}.js`), import("./paste.js")]);
		const heading = make("h2", {});
		put(heading, say(entry.title));
		this.append(make("a", { class: "back", href: "#/settings" }, icon("chevron-left"), make("span", {}, say("nav.settings"))), heading, piece(`plug-${entry.name}`));
	}
}
customElements.define("plug-settings", SettingsScreen);
customElements.define("plug-settings-page", SettingsPage);
