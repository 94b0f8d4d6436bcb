// How the game is placed in the picture, chosen from small live pictures of the own game in each look.

import { hide, make, mark, Piece, put, reply } from "../lib/dom.js";
import { feed } from "../lib/feed.js";
import { say } from "../lib/words.js";

export const LOOKS = /** @type {const} */ (["blur", "fill", "split", "full"]);
const PICTURE_MS = 700;

export class LooksScreen extends Piece {
	#said = reply();
	/** @type {Map<string, { button: HTMLButtonElement, image: HTMLImageElement }>} */
	#looks = new Map();
	/** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
	#isOn = false;
	#hasPictures = true;

	build() {
		const grid = make("div", { class: "looks", role: "group", "aria-label": say("looks.title") });
		for (const look of LOOKS) {
			const image = make("img", { alt: "", hidden: true });
			const choice = make("button", { type: "button", class: `look look-${look}`, "aria-pressed": "false", onclick: () => this.do({ do: "set-look", look }, this.#said) },
				make("span", { class: "look-picture" }, make("span", { class: "look-drawn", "aria-hidden": "true" }), image),
				make("strong", {}, say(`look.${look}`)), make("span", { class: "small" }, say(`look.${look}-said`)));
			this.#looks.set(look, { button: choice, image });
			grid.append(choice);
		}
		this.append(make("h2", {}, say("looks.title")), make("p", { class: "lead" }, say("looks.lead")), this.#said, grid, make("p", { class: "small" }, say("looks.zones")));
	}

	shown() {
		this.#isOn = true;
		void this.#pictures();
	}

	gone() {
		this.#isOn = false;
		clearTimeout(this.#timer);
	}

	/** @param {State} state */
	draw(state) {
		for (const [look, { button }] of this.#looks) mark(button, "aria-pressed", String(state.look === look));
		hide(this, state.look === undefined);
		this.classList.toggle("wide-canvas", (state.canvas.width || 0) > (state.canvas.height || 1));
	}

	async #pictures() {
		if (!document.hidden && feed.answered) {
			for (const [look, { image }] of this.#looks) {
				if (!this.#isOn || !this.#hasPictures) return;
				await this.#picture(look, image);
			}
		}
		if (this.#isOn) this.#timer = setTimeout(() => this.#pictures(), PICTURE_MS);
	}

	/** @param {string} look @param {HTMLImageElement} image */
	async #picture(look, image) {
		try {
			const answer = await fetch(`/api/looks/${look}.jpg`, { signal: AbortSignal.timeout(4000) });
			if (answer.status === 404) this.#hasPictures = false;
			if (!answer.ok) return;
			const before = image.src;
			image.src = URL.createObjectURL(await answer.blob());
			await image.decode();
			hide(image, false);
			if (before) URL.revokeObjectURL(before);
			put(this.#said, "");
		} catch {
			hide(image, true);
		}
	}
}
customElements.define("plug-looks", LooksScreen);
