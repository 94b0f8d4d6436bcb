// The first screen beside the picture: what a live needs, the key, and practice.

import { hide, icon, make, Piece, say } from "../lib/all.js";
import "./paste.js";
import "./rows.js";

export class Home extends Piece {
	#practice = make(
		"a.button.second.practice",
		{ href: "#/practice", hidden: true },
		icon("play"),
		make("span", say("home.practice")),
	);
	#key = document.createElement("plug-key");

	build() {
		this.append(make("h2.unseen", say("nav.home")), make("plug-rows"), this.#key, this.#practice);
	}

	openKey() {
		this.#key.open();
	}

	/** @param {State} state */
	draw(state) {
		hide(this.#practice, state.live.type !== "off");
	}
}
customElements.define("plug-home", Home);
