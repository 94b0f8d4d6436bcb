// The first screen beside the picture, before a live: what it needs, and practice.

import { hide, icon, isRunning, make, Piece, say } from "../lib/all.js";
import "./rows.js";

export class Home extends Piece {
	build() {
		this.append(
			make("h2.unseen", say("nav.home")),
			make("plug-rows"),
			make("a.button.quiet.practice", { href: "#/practice" }, icon("play"), make("span", say("home.practice"))),
		);
	}

	/** @param {State} state */
	draw(state) {
		hide(this, isRunning(state));
	}
}
customElements.define("plug-home", Home);
