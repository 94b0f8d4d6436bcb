// The list of what viewers say: newest at the bottom, at rest while somebody reads further up. Each message is one element
// that is kept, so that much at once costs little; a message that goes out of sight goes from here at once.

import { make, Piece, put, read, say } from "../lib/all.js";
import { hiddenBy, Row } from "../lib/chat.js";

const DRAW_MS = 150;
/** So far from the end is still at the end. */
const NEAR_PX = 24;
const OLDER_PX = 120;
const MOST_UNSEEN = 200;
/** The box keeps 200, a quarter of them for what is hidden: where fewer are shown, it has forgotten none. */
const FULL = 150;

/** Which messages a filter shows. @type {Record<string, (message: ChatMessage, hidden: string) => boolean>} */
export const FILTERS = {
	all: (_, hidden) => !hidden,
	talk: ({ kind }, hidden) => !hidden && ["comment", "question"].includes(kind),
	gifts: ({ kind }, hidden) => !hidden && ["gift", "follow", "share", "subscribe"].includes(kind),
	hidden: (_, hidden) => Boolean(hidden),
};

/** Where what is new begins: behind the last one that was there before. @param {ChatMessage[]} before @param {ChatMessage[]} messages */
function endOf(before, messages) {
	const had = new Set(before.map(({ id }) => id));
	return messages.reduce((end, { id }, at) => (had.has(id) ? at + 1 : end), 0);
}

export class Messages extends Piece {
	#list = make("ol.plain.sayings", { "aria-label": say("chat.title") });
	// The end is where it begins: what comes at the end, or is added before all, moves nothing.
	#scroll = make("div.chat-scroll", { tabindex: 0, onscroll: () => this.#scrolled() }, this.#list);
	#word = make("span");
	#back = make("button.main.chat-back", { type: "button", hidden: true, onclick: () => this.toEnd() }, this.#word);
	#empty = make("p.lead.chat-empty");
	/** @type {Map<string, Row>} */ #rows = new Map();
	/** Older ones than the State has. @type {ChatMessage[]} */ #kept = [];
	/** Those of the State that are shown. @type {ChatMessage[]} */ #base = [];
	/** Of the State before. @type {ChatMessage[]} */ #before = [];
	#isReading = false;
	/** How often somebody came back from reading. */
	#times = 0;
	#unseen = 0;
	#filter = "all";
	#isAll = false;
	#isAsking = false;
	#mayAct = true;
	#drawnAt = -DRAW_MS;
	/** @type {Timer} */ #due;

	build() {
		this.append(this.#scroll, this.#empty, this.#back);
		this.#list.addEventListener("click", (event) => this.#pick(/** @type {Element} */ (event.target)));
		this.#scroll.addEventListener("keydown", (event) => this.#walk(event));
	}

	gone() {
		clearTimeout(this.#due);
		this.#due = undefined;
	}

	set filter(/** @type {string} */ name) {
		this.#filter = name;
		this.toEnd();
	}

	/** Back to the newest. */
	toEnd() {
		this.#scroll.scrollTop = 0;
		this.#leave();
	}

	/** However much comes, it is drawn seven times a second at most. */
	draw() {
		if (this.#due) return;
		const wait = DRAW_MS - (performance.now() - this.#drawnAt);
		if (wait <= 0) this.#paint();
		else this.#due = setTimeout(() => this.#paint(), wait);
	}

	#paint() {
		clearTimeout(this.#due);
		this.#due = undefined;
		const chat = this.newest?.chat;
		if (!chat) return;
		this.#drawnAt = performance.now();
		const { classList } = document.body;
		const mayAct = !classList.contains("viewer") || classList.contains("helper");
		if (mayAct !== this.#mayAct) this.#forget();
		this.#mayAct = mayAct;
		const viewers = new Set((chat["hidden-viewers"] || []).map(({ id }) => id));
		const hasPlace = new Set([...(chat.sources || []), ...chat.messages].map(({ platform }) => platform)).size > 1;
		this.#follow(chat.messages, viewers);
		const isShown = FILTERS[this.#filter];
		let place = this.#list.firstElementChild;
		/** @type {Map<string, Row>} */
		const rows = new Map();
		const shown = [...this.#kept, ...this.#base].filter((one) => isShown(one, hiddenBy(one, viewers)));
		const ids = new Set(shown.map(({ id }) => id));
		for (const [id, row] of this.#rows) {
			if (ids.has(id)) continue;
			if (row.item === place) place = place.nextElementSibling;
			row.item.remove();
		}
		for (const message of shown) {
			const row = this.#rows.get(message.id) || new Row(mayAct);
			row.show(message, hiddenBy(message, viewers), hasPlace);
			if (row.item === place) place = place.nextElementSibling;
			else this.#list.insertBefore(row.item, place);
			rows.set(message.id, row);
		}
		this.#rows = rows;
		put(this.#empty, rows.size ? "" : say(this.#filter === "all" ? "chat.empty" : "chat.none"));
		this.#count();
	}

	/** What the list begins from: all there is, or what was there when somebody began to read. @param {ChatMessage[]} messages @param {Set<string>} viewers */
	#follow(messages, viewers) {
		const fresh = messages.slice(endOf(this.#before, messages));
		this.#before = messages;
		if (!this.#isReading) {
			this.#base = messages;
			return;
		}
		this.#unseen += fresh.filter((one) => FILTERS[this.#filter](one, hiddenBy(one, viewers))).length;
		const here = new Set(messages.map(({ id }) => id));
		this.#kept = this.#kept.filter(({ id }) => !here.has(id));
		// The State forgets what is old; who reads it, does not. What vanished from among the others was taken away.
		const first = this.#base.findIndex(({ id }) => here.has(id));
		if (messages.length >= FULL) this.#kept.push(...this.#base.slice(0, first < 0 ? undefined : first));
		this.#base = messages.slice(0, endOf(this.#base, messages));
	}

	#count() {
		const unseen = Math.min(this.#unseen, MOST_UNSEEN);
		const more = this.#unseen > MOST_UNSEEN ? "+" : "";
		put(this.#word, unseen ? say("chat.new", { count: `${unseen}${more}` }) : say("chat.newest"));
		this.#back.toggleAttribute("hidden", !this.#isReading);
	}

	#scrolled() {
		const up = -this.#scroll.scrollTop;
		if (up < NEAR_PX) {
			if (this.#isReading) this.#leave();
			return;
		}
		if (!this.#isReading) {
			this.#isReading = true;
			this.#count();
		}
		if (this.#scroll.scrollHeight - this.#scroll.clientHeight - up < OLDER_PX) void this.#older();
	}

	/** Nobody reads any longer: the newest again, and no more than the State has. */
	#leave() {
		this.#isReading = false;
		this.#isAsking = false;
		this.#times += 1;
		this.#unseen = 0;
		this.#kept = [];
		this.#isAll = false;
		this.#paint();
	}

	/** What was before the first one, of a box that still knows it. */
	async #older() {
		const [first] = [...this.#kept, ...this.#base];
		if (this.#isAsking || this.#isAll || !first) return;
		this.#isAsking = true;
		const times = this.#times;
		const { ok, body } = await read(`/api/chat?before=${encodeURIComponent(first.id)}`);
		// An answer to who came back since then would come at the wrong place.
		if (times !== this.#times) return;
		this.#isAsking = false;
		/** @type {ChatMessage[]} */
		const older = (ok && body.messages) || [];
		const here = new Set([...this.#kept, ...this.#base].map(({ id }) => id));
		this.#isAll = !ok || !body.more || !older.length;
		this.#kept = [...older.filter(({ id }) => !here.has(id)), ...this.#kept];
		this.#paint();
	}

	#forget() {
		for (const [, row] of this.#rows) row.item.remove();
		this.#rows.clear();
	}

	/** @param {Element} target */
	#pick(target) {
		const item = /** @type {HTMLElement | null} */ (target.closest("li"));
		const row = this.#rows.get(item?.dataset.id || "");
		if (row?.message && this.#mayAct) this.dispatchEvent(new CustomEvent("pick", { detail: row.message }));
	}

	/** From message to message by the keys up and down: with the tabulator alone it would be 200 presses. @param {KeyboardEvent} event */
	#walk(event) {
		const step = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" }[event.key];
		if (!step || !this.#mayAct) return;
		const here = document.activeElement?.closest("li");
		const next = here
			? here[/** @type {"previousElementSibling"} */ (step)]
			: event.key === "ArrowUp" && this.#list.lastElementChild;
		if (!next) return;
		event.preventDefault();
		/** @type {HTMLElement} */ (next.firstElementChild).focus();
	}
}
customElements.define("plug-messages", Messages);
