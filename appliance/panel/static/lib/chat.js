// What viewers say and give as rows of a list: one element for each, kept and changed in place. Their words are text and
// nothing else, in whatever script.

import {
	hintsFor,
	language,
	loadStyle,
	loadWords,
	make,
	mark,
	now,
	number,
	put,
	say,
	sayOr,
	sayProblem,
} from "./all.js";

/** What every screen of the chat needs besides its scripts. */
export function loading() {
	const all = Promise.all([loadStyle("chat"), loadWords("chat")]);
	// Who waits for it says what is wrong, also when it went wrong before anybody waited.
	all.catch(() => {});
	return all;
}

const HUES = 24;
/** From so many coins on a gift is of the next tier. */
const TIERS = [10, 100, 1000];

/** A viewer's own colour, the same every evening. The style sheet makes it light or dark enough. @param {string} id */
export function hueOf(id) {
	let sum = 0x811c9dc5;
	for (let i = 0; i < id.length; i += 1) sum = Math.imul(sum ^ id.charCodeAt(i), 0x01000193) >>> 0;
	return ((sum >>> 8) % HUES) * (360 / HUES);
}

/** @param {string} platform */
export const platformOf = (platform) => sayOr([`chat-place.${platform}`, `preset.${platform}`], platform);

/** @param {ChatUser} user */
export function nameOf(user) {
	const name = make("bdi.who", user.name);
	// The policy of the page knows no style in a text; this is none.
	name.style.setProperty("--hue", String(hueOf(user.id)));
	return name;
}

/** Text of a viewer, which begins at the side that its script begins at. @param {string} text */
const words = (text) => make("bdi.words", { dir: "auto" }, text);

/** Why nobody sees a message, or "". @param {ChatMessage} message @param {Set<string>} viewers those who are hidden */
export const hiddenBy = (message, viewers) => message.hidden || (viewers.has(message.user.id) ? "viewer" : "");

/** One message as it stands in a list. */
export class Row {
	item = make("li");
	/** @type {ChatMessage | null} */ message = null;
	#body;
	#count = make("span.times");
	#coins = make("span.coins");
	#why = make("span.hidden-why");
	/** What it was drawn from. */
	#drawn = "";

	/** @param {boolean} isButton whether a press opens what can be done with it */
	constructor(isButton) {
		this.#body = isButton ? make("button.saying", { type: "button", tabindex: -1 }) : make("div.saying");
		this.item.append(this.#body);
	}

	/** @param {ChatMessage} message @param {string} hidden why nobody sees it @param {boolean} hasPlace whether there are several platforms */
	show(message, hidden, hasPlace) {
		const { gift } = message;
		const drawn = [message.kind, message.user.name, message.text, hidden, hasPlace, gift?.name, message.count].join(
			"\n",
		);
		this.message = message;
		if (gift) this.#grow(gift);
		if (drawn === this.#drawn) return;
		this.#drawn = drawn;
		const { id, kind, platform, user } = message;
		this.item.dataset.id = id;
		mark(this.#body, "class", `saying is-${kind}${hidden ? " is-hidden" : ""}`);
		const place = hasPlace ? [make("span.place", platformOf(platform))] : [];
		const badges = (user.badges || []).map((badge) => make("span.badge", sayOr(`chat-badge.${badge}`, badge)));
		put(this.#why, hidden ? sayOr(`chat-hidden.${hidden}`, hidden) : "");
		// Blanks between, for those who listen and for what is copied.
		const parts = [...place, ...badges, nameOf(user), ...this.#said(message), ...(hidden ? [this.#why] : [])];
		this.#body.replaceChildren(...parts.flatMap((part) => [part, " "]));
	}

	/** @param {NonNullable<ChatMessage["gift"]>} gift */
	#grow({ count, coins, "is-open": isOpen }) {
		put(this.#count, `× ${number(count)}`);
		put(this.#coins, coins ? say("chat.coins", { count: number(coins) }) : "");
		mark(this.item, "class", `tier-${TIERS.filter((least) => coins >= least).length}${isOpen ? " is-open" : ""}`);
	}

	/** @param {ChatMessage} message */
	#said({ kind, text = "", gift, count = 1 }) {
		if (kind === "gift" && gift) return [words(gift.name), this.#count, this.#coins];
		const what = {
			follow: say("chat.follow"),
			share: say("chat.share"),
			subscribe: say("chat.subscribe"),
			join: count > 1 ? say("chat.joins", { count: number(count - 1) }) : say("chat.join"),
			question: say("chat.asks"),
			comment: "",
			gift: "",
		}[kind];
		return [...(what ? [make("span.what", what)] : []), ...(text ? [words(text)] : [])];
	}
}

/** Where the chat is not heard, one line each: what is wrong, what to do, and when the box tries again. @param {Chat} chat */
export function troubles(chat) {
	return (chat.sources || []).filter(({ status }) => status !== "connected" && status !== "off").map(stateOf);
}

/** How one source stands; a problem names its platform itself. @param {ChatSource} source */
export function stateOf({ platform, status, live, problem }) {
	const said = problem ? sayProblem(problem) : `${platformOf(platform)}: ${sayOr(`chat-status.${status}`, status)}`;
	const seconds = problem?.["retry-at"] ? Math.round(problem["retry-at"] - now()) : 0;
	const live_ = ["paused", "ended", "suspended"].includes(live) ? sayOr(`chat-live.${live}`, live) : "";
	return {
		said: [said, live_].filter(Boolean).join(" "),
		hints: problem ? hintsFor(problem) : [],
		again: seconds > 0 ? say("chat.again-in", { seconds: number(seconds) }) : "",
		isBad: status === "failed",
	};
}

/** What a LIVE has brought, in words: only what there was. @param {Record<string, number> | undefined} totals */
export function sums(totals) {
	const parts = /** @type {const} */ (["follows", "gifts", "coins", "likes", "shares", "subscribes", "comments"]);
	return parts.flatMap((name) =>
		totals?.[name] ? [sayOr(`chat.sum-${name}`, name, { count: number(totals[name]) })] : [],
	);
}

/** Viewers now, in words; "" while nobody knows. @param {Chat} chat */
export const watching = ({ viewers }) => (viewers == null ? "" : say("facts.viewers", { count: number(viewers) }));

/** @param {number} at Unix seconds */
export const hour = (at) => new Date(at * 1000).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
