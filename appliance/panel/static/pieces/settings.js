// The menu of everything that can be set, and the way into each of its pages.

import { icon, make, Piece, say } from "../lib/all.js";

export const PAGES = /** @type {const} */ ({
	doctor: "activity",
	destinations: "tv",
	devices: "gamepad",
	phones: "smartphone",
	basics: "globe",
	backup: "download",
	every: "settings",
	help: "circle-help",
});
/** @typedef {keyof typeof PAGES} Page */

customElements.define(
	"plug-settings",
	class extends Piece {
		build() {
			this.append(
				make("h2", say("nav.settings")),
				make(
					"ul.menu",
					.../** @type {[Page, string][]} */ (Object.entries(PAGES)).map(([name, sign]) =>
						make(
							"li",
							make(
								"a",
								{ href: `#/settings/${name}` },
								icon(sign),
								make("span.menu-words", make("strong", say(`${name}.title`)), make("span.small", say(`${name}.said`))),
								icon("chevron-right"),
							),
						),
					),
				),
			);
		}
	},
);

customElements.define(
	"plug-settings-page",
	class extends Piece {
		build() {
			const name = /** @type {Page} */ (this.getAttribute("page"));
			if (!(name in PAGES)) return;
			this.append(
				make("a.back", { href: "#/settings" }, icon("chevron-left"), make("span", say("nav.settings"))),
				make("h2", say(`${name}.title`)),
				make(`plug-${name}`),
			);
		}
	},
);
