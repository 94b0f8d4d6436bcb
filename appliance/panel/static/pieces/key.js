// The key of this LIVE as a step of its own: why it is wanted, where to get it, where to paste it. Done, it leads back.

import { button, hide, icon, keepOldKey, keyWanted, make, Piece, put, say, sayOr, tell } from "../lib/all.js";
import "./paste.js";

/** What a browser offers only on an encrypted page. @type {{ readText?: () => Promise<string> } | undefined} */
const clipboard = navigator.clipboard;

customElements.define(
	"plug-key",
	class extends Piece {
		#title = make("h2");
		#why = make("p.lead", { role: "status" });
		#place = make("div.stack");
		#old = button(say("key.old"), { class: "quiet", onclick: () => this.#keepOld() });
		/** @type {import("./paste.js").PasteKey | null} */ #paste = null;
		#isPasted = false;

		build() {
			this.append(
				make("a.button.quiet.back", { href: "#/" }, icon("chevron-left"), make("span", say("key.back"))),
				this.#title,
				this.#why,
				this.#place,
				this.#old,
			);
			this.addEventListener("pasted", () => {
				this.#isPasted = true;
				this.redraw();
			});
		}

		/** @param {State} state */
		draw(state) {
			const { name, preset } = keyWanted(state);
			const title = sayOr(`preset.${preset}`, preset);
			const row = state.readiness.find((one) => one.name === "tiktok");
			const isWanted = state.live.type === "needs-key" || tell(state, true).act === "paste";
			// A wrong key says why it is wrong; a right one has nothing to wait for here.
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
			hide(this.#old, row?.code !== "key-used" || state.live.type !== "off");
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
