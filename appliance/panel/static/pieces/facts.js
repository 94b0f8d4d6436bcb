// What stands on the picture: the state with its time, viewers, a box that is warm, the cover, and the one line that is
// always there. Each has a place of its own, so that nothing moves when another comes or goes.

import {
	clock,
	feed,
	hide,
	icon,
	isRunning,
	make,
	mark,
	number,
	Piece,
	put,
	say,
	setIcon,
	statusOf,
	tell,
} from "../lib/all.js";

const WARM_C = 75;
const LOOK_SIGNS = { ok: "check", warn: "triangle-alert", bad: "triangle-alert", info: "circle" };

customElements.define(
	"plug-facts",
	class extends Piece {
		#state = make("span.pill.state");
		#viewers = make("span.pill.viewers");
		#heat = make("span.pill.heat");
		#covered = make("span");
		#cover = make("p.cover", { role: "status" }, icon("eye-off"), this.#covered);
		#sign = icon("check");
		#text = make("span");
		#status = make("p.status", { role: "status" }, this.#sign, this.#text);
		tickMs = 500;

		build() {
			this.append(make("div.pills", this.#state, this.#viewers, this.#heat), this.#cover, this.#status);
		}

		/** @param {State} state */
		draw(state) {
			const said = tell(state, feed.answered);
			const { viewers } = state.chat;
			const heat = state.health["temperature-c"];
			const isOn = isRunning(state) || !feed.answered;
			hide(this.#state, !isOn);
			put(this.#state, said.seconds === undefined ? said.word : `${said.word} ${clock(said.seconds)}`);
			mark(this.#state, "class", `pill state is-${said.look}`);
			hide(this.#viewers, said.look !== "live" || viewers === null);
			put(this.#viewers, say("facts.viewers", { count: number(viewers || 0) }));
			hide(this.#heat, !feed.answered || heat === null || heat < WARM_C);
			put(this.#heat, `${number(heat || 0)} °C`);
			hide(this.#cover, !state.cover || !feed.answered);
			if (state.cover) put(this.#covered, say(state.cover === "privacy" ? "quick.is-private" : "quick.is-brb"));
			const { look, text } = statusOf(state, said, {
				answered: feed.answered,
				hasCard: document.body.classList.contains("troubled"),
			});
			put(this.#text, text);
			setIcon(this.#sign, LOOK_SIGNS[look]);
			mark(this.#status, "class", `status is-${look}`);
		}
	},
);
