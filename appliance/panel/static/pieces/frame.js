// The frame around every screen: the name and the state on top, the bar with the ways in.

/** @import { Key } from "../lib/words.js" */
import { hide, icon, make, mark, Piece, put } from "../lib/dom.js";
import { feed } from "../lib/feed.js";
import { isRunning, tell } from "../lib/live.js";
import { offers } from "../lib/offers.js";
import { clock, say } from "../lib/words.js";

/** @type {{ name: string, sign: string, word: Key, isThere?: (state: State) => boolean }[]} */
const WAYS = [
	{ name: "", sign: "house", word: "nav.home" },
	{ name: "looks", sign: "sparkles", word: "nav.looks", isThere: (state) => offers(state).looks },
	{ name: "sound", sign: "volume-2", word: "nav.sound" },
	{ name: "clips", sign: "clapperboard", word: "nav.clips" },
	{ name: "settings", sign: "settings", word: "nav.settings" },
];

export class TopBar extends Piece {
	#name = make("span", { class: "box-name" });
	#state = make("a", { class: "pill", href: "#/" });
	tickMs = 500;

	build() {
		this.append(make("a", { class: "brand", href: "#/" }, make("img", { src: "/static/icon.svg", alt: "", width: 24, height: 24 }), make("h1", {}, "Plugcast")), this.#name, this.#state);
	}

	/** @param {State} state */
	draw(state) {
		put(this.#name, state.name);
		const said = tell(state, feed.answered);
		hide(this.#state, feed.answered && !isRunning(state));
		put(this.#state, said.seconds === undefined ? said.word : `${said.word} ${clock(said.seconds)}`);
		mark(this.#state, "class", `pill is-${said.look}`);
		document.title = said.look === "live" ? `${said.word} · Plugcast` : "Plugcast";
	}
}

export class WayBar extends Piece {
	/** @type {Map<string, HTMLElement>} */ #links = new Map();

	build() {
		const nav = make("nav", { "aria-label": say("nav.all") });
		for (const { name, sign, word, isThere } of WAYS) {
			const link = make("a", { href: `#/${name}`, hidden: Boolean(isThere) }, icon(sign), make("span", {}, say(word)));
			this.#links.set(name, link);
			nav.append(link);
		}
		this.append(nav);
		window.addEventListener("hashchange", () => this.#here());
		this.#here();
	}

	/** @param {State} state */
	draw(state) {
		for (const { name, isThere } of WAYS) {
			const link = this.#links.get(name);
			if (link && isThere) hide(link, !isThere(state));
		}
	}

	#here() {
		const at = location.hash.slice(2).split("/")[0];
		for (const [name, link] of this.#links) {
			if (name === at || (name === "" && (at === "key" || at === "practice"))) link.setAttribute("aria-current", "page");
			else link.removeAttribute("aria-current");
		}
	}
}
customElements.define("plug-top", TopBar);
customElements.define("plug-ways", WayBar);
