// The chat: what viewers say and give, what waits for an answer, and what can be done about it with one thumb. Where no
// chat is chosen it says what that means and takes the names.

import { button, hide, icon, make, Piece, put, Redraw, reply, say, sayOr } from "../lib/all.js";
import { loading as load, nameOf, troubles, watching } from "../lib/chat.js";
import { settingRow, settings } from "../lib/settings.js";
import { FILTERS } from "./messages.js";
import { aboutMessage, aboutChat } from "./sheet.js";

export const loading = load();
const UNDO_MS = 10_000;
const WANTED = ["chat.tiktok.handle", "chat.twitch.channel"];

customElements.define(
	"plug-chat",
	class extends Piece {
		tickMs = 1000;
		/** @type {import("./messages.js").Messages} */ #messages = make("plug-messages");
		#viewers = make("strong.chat-viewers");
		#options = Object.keys(FILTERS).map((name) => make("option", { value: name }, sayOr(`chat.filter-${name}`, name)));
		#filter = make(
			"select.chat-filter",
			{ "aria-label": say("chat.filter"), onchange: () => this.#show() },
			...this.#options,
		);
		#more = make(
			"button.chat-more",
			{ type: "button", "aria-expanded": "false", "aria-label": say("chat.more"), onclick: () => this.#openMore() },
			icon("ellipsis"),
		);
		#troubles = make("ul.plain.chat-troubles");
		#start = make("section.chat-start.stack");
		#pinned = make("div.chat-pinned.row-between");
		#asked = make("summary");
		#questions = make("ul.plain");
		#waiting = make("details.chat-questions", this.#asked, this.#questions);
		#sheet = make("section.chat-sheet.stack", { hidden: true });
		#undone = make("div.chat-undo.row-between", { role: "status", hidden: true });
		/** How something went that is done outside the sheet. */
		#told = reply();
		#redrawTroubles = new Redraw();
		#redrawTalk = new Redraw();
		/** @type {Timer} */ #undoing;

		build() {
			this.append(
				make("h2.unseen", say("chat.title")),
				make("div.chat-head", this.#viewers, this.#filter, this.#more),
				this.#troubles,
				this.#pinned,
				this.#waiting,
				this.#told,
				this.#start,
				this.#messages,
				this.#undone,
				this.#sheet,
			);
			this.#messages.addEventListener("pick", (event) => this.#pick(/** @type {CustomEvent} */ (event).detail));
			this.addEventListener("keydown", (event) => {
				if (event.key === "Escape") this.#close();
			});
			void this.#begin();
		}

		gone() {
			clearTimeout(this.#undoing);
		}

		/** @param {State} state */
		draw({ chat }) {
			put(this.#viewers, watching(chat));
			const hidden = chat.messages.filter(({ hidden }) => hidden).length;
			put(this.#options[this.#options.length - 1], say("chat.filter-hidden", { count: hidden }));
			const isOff = chat.status === "off" && !chat.sources?.length;
			hide(this.#start, !isOff || chat.messages.length > 0);
			hide(this.#messages, isOff && !chat.messages.length);
			hide(this.#filter, isOff && !chat.messages.length);
			const wrong = troubles(chat);
			this.#redrawTroubles.when(wrong, () => {
				this.#troubles.replaceChildren(
					...wrong.map(({ said, hints, again, isBad }) =>
						make(
							`li.chat-trouble${isBad ? ".is-bad" : ""}`,
							icon("triangle-alert"),
							make("span", `${said} `, ...hints.map((hint) => `${hint} `), make("span.tabular", again)),
						),
					),
				);
			});
			this.#redrawTalk.when([chat.pinned, chat.questions], () => this.#drawTalk(chat));
		}

		/** What is pinned, and what waits for an answer. @param {Chat} chat */
		#drawTalk({ pinned, questions = [] }) {
			hide(this.#pinned, !pinned?.text);
			if (pinned) {
				const text = make("bdi.words", { dir: "auto" }, pinned.text);
				const who = pinned.name ? nameOf({ id: pinned.id || "", name: pinned.name }) : "";
				this.#pinned.replaceChildren(
					icon("pin"),
					make("p", make("span.unseen", `${say("chat.pinned")}: `), who, " ", text),
					make(
						"button.quiet.own.helps",
						{ type: "button", "aria-label": say("chat.unpin"), onclick: () => this.do({ do: "unpin" }, this.#told) },
						icon("x"),
					),
				);
			}
			hide(this.#waiting, !questions.length);
			put(this.#asked, say("chat.questions", { count: questions.length }));
			this.#questions.replaceChildren(
				...questions.map(({ id, user, text = "" }) =>
					make(
						"li.row-between",
						make("p", nameOf(user), " ", make("bdi.words", { dir: "auto" }, text)),
						button(say("chat.answered"), {
							class: "second own",
							icon: "check",
							onclick: () => this.do({ do: "answer-question", id }, this.#told),
						}),
					),
				),
			);
		}

		/** What a chat is and means, and where the names go, while there is none. */
		async #begin() {
			const all = (await settings()) || [];
			const rows = WANTED.flatMap((path) => all.filter((one) => one.path === path));
			this.#start.replaceChildren(
				make("h3", say("chat.start")),
				make("p.lead", say("chat.start-said")),
				...rows.map((one) =>
					make(
						"div.card.own",
						settingRow(one, () => void this.#begin()),
					),
				),
				make("details.card", make("summary", say("chat.unofficial")), make("p", say("chat.unofficial-said"))),
				button(say("chat.test"), { class: "second own", icon: "play", onclick: () => this.#openMore() }),
				make("a.button.quiet.own", { href: "#/settings/every" }, say("chat.settings")),
			);
		}

		#show() {
			this.#messages.filter = this.#filter.value;
		}

		/** @param {ChatMessage} message */
		#pick(message) {
			const { chat } = this.newest || {};
			if (chat) this.#open(aboutMessage(message, chat, (command, undo) => this.#act(command, undo)));
		}

		#openMore() {
			if (!this.#sheet.hidden && this.#sheet.classList.contains("is-more")) return this.#close();
			if (this.newest)
				this.#open(
					aboutChat(this.newest, (command) => this.do(command)),
					true,
				);
		}

		/** @param {Node[]} parts @param {boolean} [isMore] */
		#open(parts, isMore = false) {
			const close = make(
				"button.quiet.chat-close",
				{ type: "button", "aria-label": say("chat.close"), onclick: () => this.#close() },
				icon("x"),
			);
			this.#hideUndo();
			put(this.said, "");
			put(this.#told, "");
			this.#sheet.replaceChildren(close, ...parts, this.said);
			this.#sheet.classList.toggle("is-more", isMore);
			hide(this.#sheet, false);
			this.#more.setAttribute("aria-expanded", String(isMore));
			close.focus({ preventScroll: true });
		}

		#close() {
			if (this.#sheet.hidden) return;
			const hadFocus = this.#sheet.contains(document.activeElement);
			hide(this.#sheet, true);
			this.#more.setAttribute("aria-expanded", "false");
			if (hadFocus) /** @type {HTMLElement} */ (this.#messages.firstElementChild).focus({ preventScroll: true });
		}

		/** Does it, and offers the way back where there is one. @param {Command} command @param {Command | null} undo */
		async #act(command, undo) {
			if (!(await this.do(command))) return;
			this.#close();
			if (!undo) return;
			const back = button(say("chat.undo"), {
				icon: "rotate-ccw",
				onclick: async () => {
					if (await this.do(undo, this.#told)) this.#hideUndo();
				},
			});
			this.#undone.replaceChildren(make("span", say("chat.gone")), back);
			hide(this.#undone, false);
			this.#undoing = setTimeout(() => this.#hideUndo(), UNDO_MS);
		}

		#hideUndo() {
			clearTimeout(this.#undoing);
			hide(this.#undone, true);
		}
	},
);
