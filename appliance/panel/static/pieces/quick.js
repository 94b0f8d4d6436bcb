// What a person needs at hand while live: mute, back soon, clip, look; and Privacy, which has its own place on every screen.

import { hide, icon, isRunning, make, mark, number, Piece, put, say, setIcon } from "../lib/all.js";

const CLIP_S = 30;
/** A thumb that trembles, or taps twice to be sure, must not show again what it has just hidden. */
const CANNOT_UNCOVER_MS = 1000;

/** @param {string} sign @param {string} id @param {() => unknown} onclick */
function tile(sign, id, onclick) {
	const svg = icon(sign);
	const word = make("span");
	const element = make("button.tile", { type: "button", id, onclick }, svg, word);
	return { element, svg, word };
}

/** @param {boolean} isMic @param {boolean} isMuted */
const muteWord = (isMic, isMuted) =>
	isMic ? (isMuted ? "quick.unmute-mic" : "quick.mute-mic") : isMuted ? "quick.unmute-game" : "quick.mute-game";

customElements.define(
	"plug-quick",
	class extends Piece {
		#mute = tile("mic", "quick-mute", () => this.#toggleMute());
		#brb = tile("coffee", "quick-brb", () => this.do({ do: "brb", on: this.newest?.cover !== "brb" }));
		#clip = tile("scissors", "quick-clip", () => this.#makeClip());
		#look = tile("image", "quick-look", () => {
			location.hash = "#/looks";
		});

		build() {
			put(this.#clip.word, say("quick.clip", { seconds: CLIP_S }));
			put(this.#look.word, say("quick.look"));
			const tiles = [this.#mute, this.#brb, this.#clip, this.#look].map(({ element }) => element);
			this.append(make("div.tiles", ...tiles), this.said);
		}

		/** @param {State} state */
		draw(state) {
			hide(this, !isRunning(state));
			const source = this.#source(state);
			this.#mute.element.disabled = !source;
			const isMic = !source || source.name === "mic";
			const isMuted = Boolean(source?.muted);
			put(this.#mute.word, say(muteWord(isMic, isMuted)));
			setIcon(this.#mute.svg, isMuted ? (isMic ? "mic-off" : "volume-x") : isMic ? "mic" : "volume-2");
			mark(this.#mute.element, "aria-pressed", String(isMuted));
			const isAway = state.cover === "brb";
			put(this.#brb.word, say(isAway ? "quick.back" : "quick.brb"));
			mark(this.#brb.element, "aria-pressed", String(isAway));
		}

		/** The microphone where there is one; otherwise the game. @param {State} state */
		#source(state) {
			const there = state.audio.sources.filter((one) => one.present);
			return there.find((one) => one.name === "mic") || there[0];
		}

		#toggleMute() {
			const source = this.newest && this.#source(this.newest);
			if (source) void this.do({ do: "mute", source: source.name, on: !source.muted });
		}

		async #makeClip() {
			this.#clip.element.disabled = true;
			const made = await this.do({ do: "clip", seconds: CLIP_S });
			this.#clip.element.disabled = false;
			if (!made) return;
			this.answer(say("quick.clip-made", { seconds: number(made.seconds || CLIP_S) }));
		}
	},
);

customElements.define(
	"plug-privacy",
	class extends Piece {
		#word = make("strong");
		#more = make("span");
		#button = make(
			"button",
			{ type: "button", id: "quick-privacy", onclick: () => this.#turn() },
			icon("eye-off"),
			make("span.privacy-words", this.#word, this.#more),
		);
		#coveredAt = -CANNOT_UNCOVER_MS;
		#isCovered = false;

		build() {
			this.append(this.said, this.#button);
		}

		/** @param {State} state */
		draw(state) {
			const isCovered = state.cover === "privacy";
			if (isCovered && !this.#isCovered) this.#coveredAt = performance.now();
			this.#isCovered = isCovered;
			hide(this, !isRunning(state) && !state.cover);
			put(this.#word, say(isCovered ? "quick.privacy-on" : "quick.privacy"));
			put(this.#more, say(isCovered ? "quick.show-again" : "quick.privacy-said"));
			mark(this.#button, "aria-pressed", String(isCovered));
		}

		#turn() {
			if (this.#isCovered && performance.now() - this.#coveredAt < CANNOT_UNCOVER_MS) return;
			void this.do({ do: "privacy", on: !this.#isCovered });
		}
	},
);
