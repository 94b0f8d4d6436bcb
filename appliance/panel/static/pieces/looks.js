// How the game is placed in the picture, chosen from small live pictures of the own game in each look.

import { box, feed, hide, make, mark, picture, Piece, say } from "../lib/all.js";
import { settings } from "../lib/settings.js";

const PICTURE_MS = 700;

customElements.define(
	"plug-looks",
	class extends Piece {
		/** @type {Map<string, { button: HTMLButtonElement, image: HTMLImageElement }>} */
		#looks = new Map();
		/** @type {Timer} */ #timer;
		#isOn = false;
		#noCamera = make("span.look-note", { hidden: true }, say("looks.no-camera"));

		build() {
			const grid = make("div.looks", { role: "group", "aria-label": say("looks.title") });
			for (const { value, label, about } of box.looks) {
				const look = String(value);
				const image = make("img", { alt: "", hidden: true });
				const choice = make(
					"button",
					{
						type: "button",
						class: `look look-${look}`,
						"aria-pressed": "false",
						onclick: () => this.do({ do: "set-look", look }),
					},
					make(
						"span.look-picture",
						make("span.look-drawn", { "aria-hidden": "true" }),
						image,
						look === "split" ? this.#noCamera : null,
					),
					make("strong", label),
					make("span.small", about),
				);
				this.#looks.set(look, { button: choice, image });
				grid.append(choice);
			}
			this.append(make("h2", say("looks.title")), make("p.lead", say("looks.lead")), this.said, grid);
		}

		shown() {
			this.#isOn = true;
			void this.#pictures();
			void this.#camera();
		}

		gone() {
			this.#isOn = false;
			clearTimeout(this.#timer);
		}

		/** @param {State} state */
		draw(state) {
			const isViewer = document.body.classList.contains("viewer");
			for (const [look, { button }] of this.#looks) {
				mark(button, "aria-pressed", String(state.look === look));
				button.disabled = isViewer;
			}
			this.classList.toggle("wide-canvas", (state.canvas.width || 0) > (state.canvas.height || 1));
		}

		/** A look with a place for a camera says on its picture that there is none. */
		async #camera() {
			const all = await settings();
			hide(this.#noCamera, !all?.some(({ path, value }) => path === "facecam.device" && value === "none"));
		}

		async #pictures() {
			if (!document.hidden && feed.answered) {
				for (const [look, { image }] of this.#looks) {
					if (!this.#isOn) return;
					await this.#picture(look, image);
				}
			}
			if (this.#isOn) this.#timer = setTimeout(() => this.#pictures(), PICTURE_MS);
		}

		/** @param {string} look @param {HTMLImageElement} image */
		async #picture(look, image) {
			const { ok } = await picture(image, `/api/looks/${look}.jpg`);
			hide(image, !ok);
		}
	},
);
