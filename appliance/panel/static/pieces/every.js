// Every setting of the box with where its value comes from and the way back; the rare ones behind a switch.

import { make, Piece, say } from "../lib/all.js";
import { settingRow, settings } from "../lib/settings.js";

customElements.define(
	"plug-every",
	class extends Piece {
		#groups = make("div.stack");
		#isAdvanced = make("input.switch", {
			type: "checkbox",
			role: "switch",
			id: "advanced",
			onchange: () => this.#load(),
		});

		build() {
			this.append(
				make("div.card.row-between", make("label", { for: "advanced" }, say("every.advanced")), this.#isAdvanced),
				this.#groups,
			);
			void this.#load();
		}

		async #load() {
			const all = (await settings()) || [];
			/** @type {Map<string, Setting[]>} */
			const groups = new Map();
			for (const one of all)
				if (this.#isAdvanced.checked || !one.advanced) groups.set(one.group, [...(groups.get(one.group) || []), one]);
			this.#groups.replaceChildren(
				...[...groups].map(([, members]) =>
					make(
						"section.card.stack",
						make("h3", members[0]["group-label"]),
						...members.map((one) => settingRow(one, () => this.#load())),
					),
				),
			);
		}
	},
);
