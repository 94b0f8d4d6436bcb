// The four facts of a running live: state, health with its cause, viewers, temperature.

import { clock, feed, healthOf, hide, isRunning, make, mark, number, Piece, put, say, tell } from "../lib/all.js";

const FACTS = /** @type {const} */ (["state", "health", "viewers", "heat"]);

customElements.define(
	"plug-facts",
	class extends Piece {
		#values = { state: make("dd"), health: make("dd"), viewers: make("dd"), heat: make("dd") };
		#why = make("p.why", { role: "status" });
		tickMs = 500;

		build() {
			const list = make("dl.facts");
			for (const name of FACTS) list.append(make("div", make("dt", say(`facts.${name}`)), this.#values[name]));
			this.append(list, this.#why);
		}

		/** @param {State} state */
		draw(state) {
			hide(this, !isRunning(state) || !feed.answered);
			const said = tell(state, feed.answered);
			const health = healthOf(state);
			const heat = state.health["temperature-c"];
			this.#set(
				"state",
				said.act === "undo"
					? say("live.ending")
					: said.seconds === undefined
						? said.word
						: `${said.word} ${clock(said.seconds)}`,
				said.look,
			);
			this.#set("health", health.word, health.verdict);
			this.#set("viewers", state.chat.viewers === null ? say("facts.unknown") : number(state.chat.viewers), "");
			this.#set(
				"heat",
				heat === null ? say("facts.unknown") : `${number(heat)} °C`,
				heat !== null && heat >= 75 ? "fair" : "",
			);
			put(this.#why, health.why);
		}

		/** @param {typeof FACTS[number]} name @param {string} text @param {Said["look"] | State["health"]["verdict"] | ""} look */
		#set(name, text, look) {
			const value = this.#values[name];
			put(value, text);
			mark(value, "class", look ? `is-${look}` : "");
		}
	},
);
