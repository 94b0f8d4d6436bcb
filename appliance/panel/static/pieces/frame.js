// The frame around every screen: the name and the state on top, the bar with the ways in.

import { feed, clock, hide, icon, isRunning, make, mark, Piece, put, say, setIcon, tell } from "../lib/all.js";

/** @type {{ name: string, sign: string, word: Key }[]} */
const WAYS = [
	{ name: "", sign: "house", word: "nav.home" },
	{ name: "chat", sign: "chat", word: "nav.chat" },
	{ name: "looks", sign: "image", word: "nav.looks" },
	{ name: "sound", sign: "volume-2", word: "nav.sound" },
	{ name: "clips", sign: "video", word: "nav.clips" },
	{ name: "settings", sign: "settings", word: "nav.settings" },
];

customElements.define(
	"plug-top",
	class extends Piece {
		#name = make("span.box-name");
		#state = make("a.pill", { href: "#/", hidden: true });
		tickMs = 500;

		build() {
			// The name stands in index.html, to be seen before any script has come.
			this.append(this.#name, this.#state);
		}

		/** @param {State} state */
		draw(state) {
			put(this.#name, state.name);
			const said = tell(state, feed.answered);
			hide(this.#state, feed.answered && !isRunning(state));
			put(this.#state, said.seconds === undefined ? said.word : `${said.word} ${clock(said.seconds)}`);
			mark(this.#state, "class", `pill is-${said.look}`);
			// By its name the box is found again among the bookmarks.
			const title = `${state.name} · Plugcast`;
			document.title = said.look === "live" ? `${said.word} · ${title}` : title;
		}
	},
);

customElements.define(
	"plug-ways",
	class extends Piece {
		/** @type {Map<string, HTMLElement>} */ #links = new Map();
		#home = icon("house");
		#wrong = make("span.unseen");

		build() {
			const nav = make("nav", { "aria-label": say("nav.all") });
			for (const { name, sign, word } of WAYS) {
				const parts = name ? [icon(sign), make("span", say(word))] : [this.#home, make("span", say(word), this.#wrong)];
				const link = make("a", { href: `#/${name}` }, ...parts);
				this.#links.set(name, link);
				nav.append(link);
			}
			this.append(nav);
			window.addEventListener("hashchange", () => this.#here());
			this.#here();
		}

		/** Trouble has its card at home; from everywhere else the way there says so. */
		draw() {
			const isWrong = location.hash.length > 2 && document.body.classList.contains("troubled");
			setIcon(this.#home, isWrong ? "triangle-alert" : "house");
			this.#home.classList.toggle("wrong", isWrong);
			put(this.#wrong, isWrong ? `: ${say("problems.now")}` : "");
		}

		#here() {
			const at = location.hash.slice(2).split("/")[0];
			for (const [name, link] of this.#links) {
				if (name === at || (name === "" && (!at || at === "key" || at === "practice")))
					link.setAttribute("aria-current", "page");
				else link.removeAttribute("aria-current");
			}
			this.draw();
		}
	},
);
