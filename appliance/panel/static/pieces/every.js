// Every setting of the box with where its value comes from and the way back; the rare ones behind a switch.

import { make, Piece, put } from "../lib/dom.js";
import { settingRow, settings } from "../lib/settings.js";
import { say, sayOr } from "../lib/words.js";

export class Every extends Piece {
	#groups = make("div", { class: "stack" });
	#isAdvanced = make("input", { type: "checkbox", class: "switch", role: "switch", id: "advanced", onchange: () => this.#load() });
	#lead = make("p", { class: "small" });

	build() {
		put(this.#lead, say("every.lead"));
		this.append(this.#lead, make("div", { class: "card row-between" }, make("label", { for: "advanced" }, say("every.advanced")), this.#isAdvanced), this.#groups);
		void this.#load();
	}

	/** @param {State} _state */
	draw(_state) {}

	async #load() {
		const all = (await settings()) || [];
		/** @type {Map<string, Setting[]>} */
		const groups = new Map();
		for (const one of all) if (this.#isAdvanced.checked || !one.advanced) groups.set(one.group, [...(groups.get(one.group) || []), one]);
		this.#groups.replaceChildren(...[...groups].map(([group, members]) => make("section", { class: "card stack" }, make("h3", {}, sayOr(`group.${group}`, group)), ...members.map((one) => settingRow(one, () => this.#load())))));
	}
}
customElements.define("plug-every", Every);
