// The first screen beside the picture: what a live needs, the key, and practice.

import "./paste.js";
import "./rows.js";
import { hide, icon, make, piece, Piece } from "../lib/dom.js";
import { offers } from "../lib/offers.js";
import { say } from "../lib/words.js";

export class HomeScreen extends Piece {
	#practice = make("a", { class: "button second practice", href: "#/practice", hidden: true }, icon("play"), make("span", {}, say("home.practice")));
	#key = /** @type {import("./paste.js").KeyCard} */ (document.createElement("plug-key"));

	build() {
		this.append(make("h2", { class: "unseen" }, say("nav.home")), piece("plug-rows"), this.#key, this.#practice);
	}

	openKey() {
		this.#key.open();
	}

	/** @param {State} state */
	draw(state) {
		hide(this.#practice, !offers(state).practice || state.live.type !== "off");
	}
}
customElements.define("plug-home", HomeScreen);
