// The chat on a second phone that only stands there: large, nothing to press, and the screen stays on where the browser
// lets a page do that. A touch shows the way back for a moment.

import { clock, feed, hide, isRunning, make, Piece, put, Redraw, say, tell } from "../lib/all.js";
import { hiddenBy, loading as load, nameOf, Row, troubles, watching } from "../lib/chat.js";

export const loading = load();
const MOST = 40;
const DRAW_MS = 150;
const BACK_MS = 5000;

customElements.define(
	"plug-monitor",
	class extends Piece {
		tickMs = 1000;
		#state = make("strong");
		#viewers = make("span");
		#notes = make("div.monitor-notes");
		#list = make("ol.plain.sayings");
		#trouble = make("p.monitor-trouble", { role: "status" });
		#back = make("a.button.monitor-back.unseen", { href: "#/chat" }, say("monitor.back"));
		/** @type {Map<string, Row>} */ #rows = new Map();
		#redraw = new Redraw();
		/** @type {Chat | null} */ #drawn = null;
		#drawnAt = -DRAW_MS;
		/** @type {Timer} */ #due;
		/** @type {Timer} */ #hiding;
		/** @type {{ release(): Promise<void> } | null} */ #awake = null;
		/** That the screen goes dark, where it does. */
		#dark = "";
		#stayAwake = () => void this.#wake();

		build() {
			this.append(
				make("h2.unseen", say("chat.title")),
				make("div.monitor-head", this.#state, this.#viewers),
				this.#notes,
				make("div.monitor-list", this.#list),
				this.#trouble,
				this.#back,
			);
			this.addEventListener("click", () => {
				this.#back.classList.remove("unseen");
				clearTimeout(this.#hiding);
				this.#hiding = setTimeout(() => this.#back.classList.add("unseen"), BACK_MS);
			});
		}

		shown() {
			document.addEventListener("visibilitychange", this.#stayAwake);
			this.#stayAwake();
		}

		gone() {
			document.removeEventListener("visibilitychange", this.#stayAwake);
			clearTimeout(this.#due);
			clearTimeout(this.#hiding);
			this.#due = undefined;
			void this.#awake?.release();
			this.#awake = null;
		}

		/** A lock ends when the page goes out of sight; over plain HTTP there is none. */
		async #wake() {
			if (document.hidden) return;
			try {
				this.#awake = (await navigator.wakeLock?.request("screen")) || null;
			} catch {
				this.#awake = null;
			}
			if (!this.isConnected) void this.#awake?.release();
			this.#dark = this.#awake ? "" : say("monitor.dark");
			this.redraw();
		}

		/** @param {State} state */
		draw(state) {
			const { chat } = state;
			const said = tell(state, feed.answered);
			const isOn = isRunning(state) || !feed.answered;
			put(
				this.#state,
				isOn ? [said.word, said.seconds === undefined ? "" : clock(said.seconds)].join(" ") : state.name,
			);
			this.#state.className = `is-${said.look}`;
			put(this.#viewers, feed.answered ? watching(chat) : "");
			const [wrong] = troubles(chat);
			if (!feed.answered) put(this.#trouble, say("live.no-answer-hint"));
			else if (wrong) put(this.#trouble, `${wrong.said} ${wrong.again}`);
			else put(this.#trouble, this.#dark);
			this.#redraw.when([chat.pinned, chat.questions], () => this.#drawNotes(chat));
			if (chat === this.#drawn || this.#due) return;
			this.#due = setTimeout(() => this.#paint(), Math.max(0, DRAW_MS - (performance.now() - this.#drawnAt)));
		}

		#paint() {
			this.#due = undefined;
			this.#drawnAt = performance.now();
			const chat = this.newest?.chat;
			if (!chat) return;
			this.#drawn = chat;
			const viewers = new Set((chat["hidden-viewers"] || []).map(({ id }) => id));
			const shown = chat.messages.filter((one) => !hiddenBy(one, viewers)).slice(-MOST);
			const hasPlace = new Set(chat.messages.map(({ platform }) => platform)).size > 1;
			const rows = new Map(shown.map((one) => [one.id, this.#rows.get(one.id) || new Row(false)]));
			for (const [id, row] of this.#rows) if (!rows.has(id)) row.item.remove();
			let place = this.#list.firstElementChild;
			for (const message of shown) {
				const row = /** @type {Row} */ (rows.get(message.id));
				row.show(message, "", hasPlace);
				if (row.item === place) place = place.nextElementSibling;
				else this.#list.insertBefore(row.item, place);
			}
			this.#rows = rows;
		}

		/** @param {Chat} chat */
		#drawNotes({ pinned, questions = [] }) {
			/** @param {string} label @param {ChatUser | null} user @param {string} text */
			const note = (label, user, text) =>
				make("p", make("span.what", `${label} `), user && nameOf(user), " ", make("bdi.words", { dir: "auto" }, text));
			const [first] = questions;
			const notes = [
				pinned?.text &&
					note(say("chat.pinned"), pinned.name ? { id: pinned.id || "", name: pinned.name } : null, pinned.text),
				first && note(say("chat.questions", { count: questions.length }), first.user, first.text || ""),
			];
			this.#notes.replaceChildren(...notes.filter((one) => one instanceof HTMLElement));
			hide(this.#notes, !this.#notes.childElementCount);
		}
	},
);
