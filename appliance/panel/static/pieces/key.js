// The key of this LIVE as a step of its own: why it is wanted, where to get it, where to paste it. Done, it leads back.

import { button, fixFor, hide, icon, keepOldKey, make, Piece, put, say, sayOr, tell } from "../lib/all.js";
import "./paste.js";

/** What a browser offers only on an encrypted page. @type {{ readText?: () => Promise<string> } | undefined} */
const clipboard = navigator.clipboard;

/** A key that may be good again, as only its owner knows. @param {string} code */
const hasTriedKey = (code) => code === "key-used" || code === "stream-key-refused";

/** The destination whose key is wanted, or may be changed. @param {State} state */
function keyWanted({ live, destinations }) {
	const on = destinations.filter((one) => one.enabled);
	const wanted =
		on.find((one) => one.name === live.destination) ||
		on.find((one) => fixFor(one.problem?.code || "")?.go === "#/key") ||
		on[0];
	return wanted || { name: "tiktok", preset: "tiktok" };
}

customElements.define(
	"plug-key",
	class extends Piece {
		#title = make("h2");
		#why = make("p.lead", { role: "status" });
		#place = make("div.stack");
		#old = button(say("key.old"), { class: "quiet", onclick: () => this.#keepOld() });
		/** @type {import("./paste.js").PasteKey | null} */ #paste = null;
		#isPasted = false;
		/** Whose key it is: one and the same for as long as the step is open. @type {ReturnType<typeof keyWanted> | null} */
		#whose = null;

		build() {
			this.append(
				make("a.button.quiet.back", { href: "#/" }, icon("chevron-left"), make("span", say("key.back"))),
				this.#title,
				this.#why,
				this.#place,
				this.#old,
			);
			this.addEventListener("pasted", (event) => {
				this.#isPasted = /** @type {CustomEvent<boolean>} */ (event).detail;
				this.redraw();
			});
		}

		/** @param {State} state */
		draw(state) {
			this.#whose ||= keyWanted(state);
			const { name, preset } = this.#whose;
			const title = sayOr(`preset.${preset}`, preset);
			const row = state.readiness.find((one) => one.name === "tiktok");
			const { act, fix } = tell(state, true);
			const isWanted = state.live.type === "needs-key" || (act === "paste" && !fix);
			// What was not all that is needed says why; a right key has nothing to wait for here.
			if (this.#isPasted && !isWanted) {
				location.hash = "#/";
				return;
			}
			put(this.#title, say(isWanted ? "key.title-wanted" : "key.title", { title }));
			put(
				this.#why,
				isWanted && row?.code && row.code !== "needs-key"
					? sayOr([`ready.${row.code}`, `problem.${row.code}`], row.text)
					: "",
			);
			hide(this.#old, !hasTriedKey(row?.code || "") || state.live.type !== "off");
			this.#paste ||= this.#begin(name, preset);
		}

		/** @param {string} destination @param {string} preset */
		#begin(destination, preset) {
			const paste = /** @type {import("./paste.js").PasteKey} */ (make("plug-paste", { destination, preset }));
			if (clipboard?.readText)
				this.#place.append(button(say("key.paste"), { class: "main", onclick: () => this.#read(paste) }));
			this.#place.append(paste);
			paste.focusText();
			return paste;
		}

		/** @param {import("./paste.js").PasteKey} paste */
		async #read(paste) {
			// Whoever refuses can still paste into the field.
			const text = await clipboard?.readText?.().catch(() => "");
			if (text) paste.take(text);
			else paste.focusText();
		}

		#keepOld() {
			if (this.newest) keepOldKey(this.newest);
			location.hash = "#/";
		}
	},
);
