// The big button.

import { feed, hasDeadKey, make, mark, Piece, put, say, SURE_MS, tell } from "../lib/all.js";

export const HOLD_MS = 800;
const REPEAT_MS = 300;
const UNDO_S = 5;

customElements.define(
	"plug-go",
	class extends Piece {
		#word = make("span.go-word");
		#action = make("span.go-action");
		#button = make("button", { type: "button", id: "go" }, this.#word, this.#action);
		/** @type {Timer} */ #holding;
		tickMs = 250;
		#sureSince = 0;
		#isBusy = false;
		#hasFired = false;
		#does = "";

		build() {
			const press = this.#button;
			press.addEventListener("pointerdown", (event) => this.#hold(event));
			for (const name of ["pointerup", "pointercancel", "pointerleave"])
				press.addEventListener(name, () => this.#letGo());
			press.addEventListener("contextmenu", (event) => event.preventDefault());
			press.addEventListener("click", (event) => this.#click(event));
			this.append(this.said, press);
		}

		gone() {
			this.#letGo();
		}

		/** @param {State} state */
		draw(state) {
			const said = tell(state, feed.answered);
			const does = said.act + (said.look === "practice");
			if (this.#does !== does) {
				// What was held or pressed once was another button.
				this.#sureSince = 0;
				this.#hasFired ||= this.#holding !== undefined;
				this.#letGo();
				put(this.said, "");
				this.#does = does;
			}
			// While it runs, the state stands on the picture, and the button says what it does.
			put(this.#word, said.act === "go" || said.act === "none" ? said.word : "");
			put(this.#action, this.#actionOf(said, state));
			mark(
				this.#button,
				"class",
				`is-${said.look} does-${said.act}${this.#isSure ? " sure" : ""}${this.#holding === undefined ? "" : " held"}`,
			);
			// One that is disabled in earnest would lose the focus of whoever goes by keyboard.
			mark(this.#button, "aria-disabled", `${this.#isBusy || said.act === "none"}`);
		}

		get #isSure() {
			return Date.now() - this.#sureSince < SURE_MS;
		}

		/** @param {Said} said @param {State} state */
		#actionOf(said, state) {
			const isPractice = state.live.type === "practicing";
			switch (said.act) {
				case "go":
					return say(this.#isSure ? "go.again-live" : "go.hold-live");
				case "end":
					return say(this.#isSure ? "go.again-end" : isPractice ? "go.hold-practice" : "go.hold-end");
				case "undo":
					return say("go.undo");
				case "paste":
					return say(said.fix?.word || (hasDeadKey(state) ? "go.paste-new" : "go.paste"));
				default:
					return "";
			}
		}

		/** @param {PointerEvent} event */
		#hold(event) {
			this.#hasFired = false;
			const act = this.newest && tell(this.newest, feed.answered).act;
			if (event.button !== 0 || this.#isBusy || (act !== "go" && act !== "end")) return;
			this.#button.classList.add("held");
			this.#holding = setTimeout(() => {
				this.#letGo();
				this.#hasFired = true;
				navigator.vibrate?.(40);
				void this.#act();
			}, HOLD_MS);
		}

		#letGo() {
			clearTimeout(this.#holding);
			this.#holding = undefined;
			this.#button.classList.remove("held");
		}

		/** @param {MouseEvent} event */
		#click(event) {
			// The thumb that held comes off: that is no tap on what the button says by now.
			if (this.#hasFired && event.detail !== 0) return;
			const said = this.newest && tell(this.newest, feed.answered);
			if (this.#isBusy || said?.act === "none") return;
			if (said?.act === "paste") location.hash = said.fix?.go || "#/key";
			else if (said?.act === "undo") void this.#act();
			else if (event.detail === 0)
				// From a keyboard or a screen reader: nobody holds there.
				this.#press();
			else this.answer(say("go.keep-holding"));
		}

		#press() {
			const since = Date.now() - this.#sureSince;
			if (since < REPEAT_MS) return;
			if (since < SURE_MS) void this.#act();
			else {
				this.#sureSince = Date.now();
				if (this.newest) this.draw(this.newest);
			}
		}

		async #act() {
			const state = this.newest;
			if (!state || this.#isBusy) return;
			this.#sureSince = 0;
			this.#isBusy = true;
			put(this.said, "");
			const { act } = tell(state, feed.answered);
			// A practice has nothing that could not be begun again, so it ends at once.
			const undo = state.live.type !== "practicing" ? { "undo-s": UNDO_S } : {};
			if (act === "go") await this.do({ do: "go-live" });
			if (act === "end") await this.do({ do: "end-live", ...undo });
			if (act === "undo") await this.do({ do: "undo-end" });
			this.#isBusy = false;
			if (this.newest) this.draw(this.newest);
		}
	},
);
