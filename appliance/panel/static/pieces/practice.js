// Practice: everything but going out.

import { button, clock, hide, link, make, now, Piece, put, say } from "../lib/all.js";

customElements.define(
	"plug-practice",
	class extends Piece {
		tickMs = 500;
		#state = make("p.lead", { role: "status" });
		#start = button(say("practice.start"), {
			icon: "play",
			class: "main",
			onclick: () => this.do({ do: "go-live", practice: true }),
		});
		#end = button(say("practice.end"), { class: "main", onclick: () => this.do({ do: "end-live" }) });

		build() {
			const steps = [say("practice.step-look"), say("practice.step-talk"), say("practice.step-watch")].map((text) =>
				make("li", text),
			);
			this.append(
				make("h2", say("practice.title")),
				make("p.lead", say("practice.lead")),
				make("ol.card.steps", ...steps),
				this.#state,
				this.said,
				this.#start,
				this.#end,
				link(say("practice.clips"), "video", { href: "#/clips" }),
			);
		}

		/** @param {State} state */
		draw(state) {
			const isOn = state.live.type === "practicing";
			hide(this.#end, !isOn);
			hide(this.#start, isOn);
			this.#start.disabled = state.live.type !== "off";
			put(
				this.#state,
				isOn
					? say("practice.on", { time: clock(now() - (state.live["since-at"] || now())) })
					: state.live.type === "off"
						? ""
						: say("practice.live"),
			);
		}
	},
);
