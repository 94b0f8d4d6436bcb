// The first screen beside the picture, before a live: what it needs, and practice; after one, what became of it.

import { clock, evening, forgetEvening, hide, icon, isRunning, make, number, Piece, put, say } from "../lib/all.js";
import "./rows.js";

export class Home extends Piece {
	#over = make("a", { href: "#/lives" });
	#clips = make("a", { href: "#/clips" });
	#after = make(
		"section.after",
		{ role: "status", hidden: true },
		this.#over,
		this.#clips,
		make(
			"button.quiet",
			{ type: "button", "aria-label": say("problems.away"), onclick: () => this.#putAway() },
			icon("x"),
		),
	);

	build() {
		this.append(
			make("h2.unseen", { tabindex: "-1" }, say("nav.home")),
			this.#after,
			make("plug-rows"),
			make("a.button.quiet.practice", { href: "#/practice" }, icon("play"), make("span", say("home.practice"))),
		);
	}

	/** @param {State} state */
	draw(state) {
		hide(this, isRunning(state));
		const over = evening();
		hide(this.#after, !over);
		if (!over) return;
		const [from, to] = over;
		const clips = state.recordings.filter(({ kind, at }) => kind === "clip" && at >= from);
		put(this.#over, say("home.over") + (to ? `: ${clock(to - from)}` : "."));
		hide(this.#clips, !clips.length);
		put(this.#clips, say(clips.length === 1 ? "home.clip" : "home.clips", { count: number(clips.length) }));
	}

	#putAway() {
		forgetEvening();
		this.redraw();
		/** @type {HTMLElement | null} */ (this.firstElementChild)?.focus({ preventScroll: true });
	}
}
customElements.define("plug-home", Home);
