// What lies over the chat's lower end, within reach of a thumb: what can be done with a message, and all else that there is
// to do. It asks through who opened it.

import { button, form, icon, link, make, say, sayOr, when } from "../lib/all.js";
import { hiddenBy, nameOf, platformOf, stateOf, sums } from "../lib/chat.js";

const KINDS = /** @type {const} */ (["comment", "gift", "follow", "share", "subscribe", "join", "question"]);
const MOST_OWN = 200;
/** What a helper may do; the way back is an owner's. */
const HELPS = ["hide-message", "hide-viewer", "pin"];

/** @param {string} text */
const words = (text) => make("bdi.words", { dir: "auto" }, text);

/**
 * @param {ChatMessage} message @param {Chat} chat
 * @param {(command: Command, undo: Command | null) => unknown} act
 * @returns {HTMLElement[]}
 */
export function aboutMessage(message, chat, act) {
	const { id, at, kind, platform, text = "", user } = message;
	const viewers = new Set((chat["hidden-viewers"] || []).map((one) => one.id));
	const hidden = hiddenBy(message, viewers);
	const facts = [user.handle ? `@${user.handle}` : "", platformOf(platform), when(at)];
	if (hidden) facts.push(sayOr(`chat-hidden.${hidden}`, hidden));
	// What the box no longer keeps is read, and no more.
	const kept = [...chat.messages, ...(chat.questions || [])];
	const isThere = chat.pinned?.id === id || kept.some((one) => one.id === id);
	const needs = { "show-viewer": true, "hide-viewer": kept.some((one) => one.user.id === user.id) };
	const isHelper = document.body.classList.contains("helper");
	/** @param {Key} word @param {string} sign @param {string} verb @param {string} [undo] @param {string} [whom] */
	const way = (word, sign, verb, undo = "", whom = id) => {
		if (isHelper && !HELPS.includes(verb)) return null;
		if (!(needs[/** @type {keyof typeof needs} */ (verb)] ?? isThere)) return null;
		const back = undo && !isHelper ? { do: undo, id: whom } : null;
		return button(say(word), { icon: sign, onclick: () => act({ do: verb, id: whom }, back) });
	};
	/** @type {(HTMLElement | null)[]} */
	const ways = [];
	if (hidden === "viewer") ways.push(way("chat.show-viewer", "rotate-ccw", "show-viewer", "", user.id));
	else if (hidden === "held") ways.push(way("chat.approve", "check", "approve-message", "hide-message"));
	else if (hidden && hidden !== "deleted") ways.push(way("chat.show", "rotate-ccw", "show-message", "hide-message"));
	if (!hidden) ways.push(way("chat.hide-message", "eye-off", "hide-message", "show-message"));
	if (hidden !== "viewer") ways.push(way("chat.hide-viewer", "x", "hide-viewer", "show-viewer", user.id));
	if (!hidden && ["comment", "question"].includes(kind)) {
		const isAsked = chat.questions?.some((one) => one.id === id);
		ways.push(
			chat.pinned?.id === id
				? button(say("chat.unpin"), { icon: "pin", onclick: () => act({ do: "unpin" }, null) })
				: way("chat.pin", "pin", "pin"),
			isAsked
				? way("chat.answered", "check", "answer-question")
				: way("chat.ask", "circle-help", "ask-question", "answer-question"),
		);
	}
	return [
		make("p.chat-about", nameOf(user), " ", words(text)),
		make("p.small", facts.filter(Boolean).join(" · ")),
		make(isHelper ? "div.buttons" : "div.buttons.own", ...ways),
	];
}

/**
 * @param {State} state @param {(command: Command) => Promise<unknown>} ask
 * @returns {HTMLElement[]}
 */
export function aboutChat({ chat }, ask) {
	const own = make("input", { id: "chat-own", maxlength: MOST_OWN, dir: "auto", required: true, autocomplete: "off" });
	const parts = [
		make("h3.chat-about", say("chat.more")),
		link(say("chat.big"), "tv", { href: "#/monitor" }),
		make("p.small", say("chat.big-said")),
		form(
			"stack own",
			async () => {
				if (await ask({ do: "pin", text: own.value })) own.value = "";
			},
			make("label", { for: "chat-own" }, say("chat.own")),
			make("div.row-between", own, button(say("chat.pin"), { icon: "pin", type: "submit" })),
		),
		make(
			"div.stack.own",
			make("h3", say("chat.test")),
			make("p.small", say("chat.test-said")),
			make(
				"div.buttons",
				...KINDS.map((kind) => button(say(`chat.try-${kind}`), { onclick: () => ask({ do: "test-alert", kind }) })),
			),
		),
	];
	const known = sums(chat.totals);
	if (known.length) parts.push(make("div.stack", make("h3", say("chat.sums")), make("p.small", known.join(" · "))));
	const sources = (chat.sources || []).map((source) => {
		const { said, hints, again } = stateOf(source);
		return make("li.small", [said, ...hints, again].filter(Boolean).join(" "));
	});
	if (sources.length) parts.push(make("div.stack", make("h3", say("chat.sources")), make("ul.plain", ...sources)));
	const hidden = (chat["hidden-viewers"] || []).map((user) => {
		/** @type {HTMLElement} */
		const row = make(
			"li.row-between",
			nameOf(user),
			button(say("chat.show-viewer"), {
				class: "second own",
				icon: "rotate-ccw",
				onclick: async () => (await ask({ do: "show-viewer", id: user.id })) && row.remove(),
			}),
		);
		return row;
	});
	if (hidden.length) parts.push(make("div.stack", make("h3", say("chat.hidden-viewers")), make("ul.plain", ...hidden)));
	parts.push(make("a.button.second.own", { href: "#/lives" }, icon("clock"), make("span", say("lives.title"))));
	parts.push(make("a.button.quiet.own", { href: "#/settings/every" }, icon("settings"), say("chat.settings")));
	return parts;
}
