// What a person needs at hand while live: mute, back soon, clip, look, and the privacy button, which works at one tap.

import { button, hide, icon, isRunning, make, mark, number, Piece, put, say, setIcon } from "../lib/all.js";

const CLIP_S = 30;

/** @param {string} sign @param {string} id @param {() => unknown} onclick */
function tile(sign, id, onclick) {
	const svg = icon(sign);
	const word = make("span");
	const element = make("button.tile", { type: "button", id, onclick }, svg, word);
	return { element, svg, word };
}

customElements.define(
	"plug-quick",
	class extends Piece {
		#mute = tile("mic", "quick-mute", () => this.#toggleMute());
		#brb = tile("coffee", "quick-brb", () => this.#ask({ do: "brb", on: this.newest?.cover !== "brb" }));
		#clip = tile("scissors", "quick-clip", () => this.#makeClip());
		#look = tile("image", "quick-look", () => {
			location.hash = "#/looks";
		});
		#privacy = tile("eye-off", "quick-privacy", () =>
			this.#ask({ do: "privacy", on: this.newest?.cover !== "privacy" }),
		);
		#back = button(say("quick.show-again"), { class: "main", onclick: () => this.#uncover() });
		#covered = make("p");
		#card = make("div.card.cover", { role: "status" }, this.#covered, this.#back);

		build() {
			const tiles = [this.#mute, this.#brb, this.#clip, this.#look, this.#privacy].map(({ element }) => element);
			put(this.#clip.word, say("quick.clip", { seconds: CLIP_S }));
			put(this.#brb.word, say("quick.brb"));
			put(this.#look.word, say("quick.look"));
			put(this.#privacy.word, say("quick.privacy"));
			this.append(this.#card, make("div.tiles", ...tiles), this.said);
		}

		/** @param {State} state */
		draw(state) {
			hide(this, !isRunning(state) && !state.cover);
			const source = this.#source(state);
			hide(this.#mute.element, !source);
			if (source) {
				const isMic = source.name === "mic";
				put(
					this.#mute.word,
					say(
						source.muted
							? isMic
								? "quick.unmute-mic"
								: "quick.unmute-game"
							: isMic
								? "quick.mute-mic"
								: "quick.mute-game",
					),
				);
				setIcon(this.#mute.svg, source.muted ? (isMic ? "mic-off" : "volume-x") : isMic ? "mic" : "volume-2");
				mark(this.#mute.element, "aria-pressed", String(source.muted));
			}
			mark(this.#brb.element, "aria-pressed", String(state.cover === "brb"));
			mark(this.#privacy.element, "aria-pressed", String(state.cover === "privacy"));
			hide(this.#card, !state.cover);
			if (state.cover) put(this.#covered, say(state.cover === "privacy" ? "quick.is-private" : "quick.is-brb"));
		}

		/** The microphone where there is one; otherwise the game. @param {State} state */
		#source(state) {
			const there = state.audio.sources.filter((one) => one.present);
			return there.find((one) => one.name === "mic") || there[0];
		}

		/** @param {Command} command */
		#ask(command) {
			void this.do(command, this.said);
		}

		#uncover() {
			const cover = this.newest?.cover;
			if (cover) this.#ask({ do: cover, on: false });
		}

		#toggleMute() {
			const source = this.newest && this.#source(this.newest);
			if (source) this.#ask({ do: "mute", source: source.name, on: !source.muted });
		}

		async #makeClip() {
			this.#clip.element.disabled = true;
			const made = await this.do({ do: "clip", seconds: CLIP_S });
			this.#clip.element.disabled = false;
			if (made) put(this.said, say("quick.clip-made", { seconds: number(made.seconds || CLIP_S) }));
		}
	},
);
