// The four facts of a running live: state, health with its cause, viewers, temperature.

import { clock, feed, healthOf, hide, isRunning, make, mark, number, Piece, put, say, tell } from "../lib/all.js";

customElements.define("plug-facts", class extends Piece {
	#values = new Map();
	#why = make("p.why", { role: "status" });
	tickMs = 500;

	build() {
		const list = make("dl.facts");
		for (const name of /** @type {const} */ (["state", "health", "viewers", "heat"])) {
			const value = make("dd");
			this.#values.set(name, value);
			list.append(make("div", make("dt", say(`facts.${name}`)), value));
		}
		this.append(list, this.#why);
	}

	/** @param {State} state */
	draw(state) {
		hide(this, !isRunning(state) || !feed.answered);
		const said = tell(state, feed.answered);
		const health = healthOf(state);
		const heat = state.health["temperature-c"];
		this.#set("state", said.act === "undo" ? say("live.ending") : said.seconds === undefined ? said.word : `${said.word} ${clock(said.seconds)}`, said.look);
		this.#set("health", health.word, health.verdict);
		this.#set("viewers", state.chat.viewers === null ? say("facts.unknown") : number(state.chat.viewers), "");
		this.#set("heat", heat === null ? say("facts.unknown") : `${number(heat)} °C`, heat !== null && heat >= 75 ? "fair" : "");
		put(this.#why, health.why);
	}

	#set(name, text, look) {
		const value = this.#values.get(name);
		put(value, text);
		mark(value, "class", look ? `is-${look}` : "");
	}
});
