// The four facts of a running live: state, health with its cause, viewers, temperature. Unknown is said as unknown.

import { hide, make, mark, Piece, put } from "../lib/dom.js";
import { feed } from "../lib/feed.js";
import { healthOf, isRunning, tell } from "../lib/live.js";
import { clock, number, say } from "../lib/words.js";

export class LiveFacts extends Piece {
	#values = new Map();
	#why = make("p", { class: "why", role: "status" });
	tickMs = 500;

	build() {
		const list = make("dl", { class: "facts" });
		for (const name of /** @type {const} */ (["state", "health", "viewers", "heat"])) {
			const value = make("dd");
			this.#values.set(name, value);
			list.append(make("div", {}, make("dt", {}, say(`facts.${name}`)), value));
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

	/** @param {string} name @param {string} text @param {string} look */
	#set(name, text, look) {
		const value = this.#values.get(name);
		put(value, text);
		mark(value, "class", look ? `is-${look}` : "");
	}
}
customElements.define("plug-facts", LiveFacts);
