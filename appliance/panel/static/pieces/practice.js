// Practice: everything but going out. Nobody sees it, so there is nothing to lose.

import { button, hide, icon, make, Piece, put, reply } from "../lib/dom.js";
import { clock, say } from "../lib/words.js";
import { now } from "../lib/box.js";

export class PracticeScreen extends Piece {
	tickMs = 500;
	#said = reply();
	#state = make("p", { class: "lead", role: "status" });
	#start = button(say("practice.start"), { icon: "play", class: "main", onclick: () => this.do({ do: "go-live", practice: true }, this.#said) });
	#end = button(say("practice.end"), { class: "main", onclick: () => this.do({ do: "end-live" }, this.#said) });

	build() {
		const steps = [say("practice.step-look"), say("practice.step-talk"), say("practice.step-watch")].map((text) => make("li", {}, text));
		this.append(make("h2", {}, say("practice.title")), make("p", { class: "lead" }, say("practice.lead")),
			make("ol", { class: "card steps" }, ...steps), this.#state, this.#said, this.#start, this.#end,
			make("a", { class: "button second", href: "#/clips" }, icon("clapperboard"), make("span", {}, say("practice.clips"))));
	}

	/** @param {State} state */
	draw(state) {
		const isOn = state.live.type === "practicing";
		hide(this.#end, !isOn);
		hide(this.#start, isOn);
		this.#start.disabled = state.live.type !== "off";
		put(this.#state, isOn ? say("practice.on", { time: clock(now() - (state.live["since-at"] || now())) }) : state.live.type === "off" ? "" : say("practice.live"));
	}
}
customElements.define("plug-practice", PracticeScreen);
