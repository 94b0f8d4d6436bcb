// Where a key is pasted: anything at all, in one field. Says what was taken, and warns when the key has run out.
// The attribute `destination` names whose key it is.

import { button, form, hide, icon, make, Piece, put, reply } from "../lib/dom.js";
import { now } from "../lib/box.js";
import { number, say, sayOr, when } from "../lib/words.js";

const PAGES = { tiktok: "https://livecenter.tiktok.com/producer", twitch: "https://dashboard.twitch.tv/settings/stream", youtube: "https://www.youtube.com/live_dashboard" };

export class PasteKey extends Piece {
	#text = make("textarea", { rows: 3, autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: 16000 });
	#said = reply();
	#facts = make("ul", { class: "small hints" });

	get #destination() {
		return this.getAttribute("destination") || "tiktok";
	}

	build() {
		const preset = /** @type {keyof typeof PAGES} */ (this.getAttribute("preset") || "tiktok");
		const id = `paste-${this.#destination}`;
		this.#text.id = id;
		// What is pasted is used at once: one tap less, and nobody wonders what comes next.
		this.#text.addEventListener("paste", () => setTimeout(() => this.#use(), 0));
		const address = PAGES[preset];
		const sheet = form("paste", () => this.#use(),
			address ? make("a", { class: "button second", href: address, target: "_blank", rel: "noopener noreferrer" }, icon("external-link"),
				make("span", {}, sayOr(`paste.open-${preset}`, preset))) : null,
			make("label", { for: id }, say("paste.label")),
			this.#text, this.#said,
			button(say("paste.use"), { class: "main", type: "submit" }));
		if (preset === "tiktok") this.#facts.append(...[say("paste.tiktok-per-live"), say("paste.tiktok-who"), say("paste.tiktok-no-password")].map((line) => make("li", {}, line)));
		this.append(sheet, this.#facts, make("p", { class: "small" }, say("paste.secret")));
	}

	focusText() {
		this.#text.focus({ preventScroll: true });
		this.scrollIntoView({ block: "center" });
	}

	async #use() {
		const text = this.#text.value;
		if (!text.trim()) {
			put(this.#said, say("paste.empty"));
			return;
		}
		const took = await this.do({ do: "paste-key", text, destination: this.#destination }, this.#said);
		if (!took) return;
		this.#text.value = "";
		put(this.#said, told(took));
		this.dispatchEvent(new CustomEvent("pasted", { bubbles: true }));
	}
}

/** @param {Record<string, any>} took */
function told(took) {
	const server = took["took-server"];
	const key = took["took-key"];
	const words = [say(server && key ? "paste.took-both" : key ? "paste.took-key" : "paste.took-server")];
	const at = took["expires-at"] || 0;
	const hours = Math.floor((at - now()) / 3600);
	const hint = took["hint-code"];
	if (hint && !took.expired) words.push(sayOr(`hint.${hint}`, took.hint));
	if (took.expired) words.push(say("paste.expired"));
	else if (at) words.push(hours < 24 ? say("paste.hours", { hours: number(Math.max(1, hours)) }) : say("paste.until", { when: when(at) }));
	return words.join(" ");
}

export class KeyCard extends Piece {
	#title = make("span");
	#paste = /** @type {PasteKey} */ (document.createElement("plug-paste"));
	#details = make("details", { class: "card" }, make("summary", {}, icon("key-round"), this.#title), this.#paste);
	#isWanted = false;

	build() {
		this.append(this.#details);
		this.addEventListener("pasted", () => setTimeout(() => { if (!this.#isWanted) this.#details.open = false; }, 4000));
		// Opened by a tap, the field is the next thing a person wants.
		this.#details.addEventListener("toggle", () => { if (this.#details.open && !this.#isWanted) this.#paste.focusText(); });
	}

	open() {
		this.#details.open = true;
		this.#paste.focusText();
	}

	/** @param {State} state */
	draw(state) {
		const row = state.readiness.find((one) => one.name === "tiktok");
		const isWanted = state.live.type === "needs-key" || row?.state === "bad";
		put(this.#title, say(isWanted ? "paste.title-wanted" : "paste.title"));
		hide(this, !state.destinations.some((one) => one.name === "tiktok"));
		if (isWanted && !this.#isWanted) this.#details.open = true;
		this.#isWanted = isWanted;
	}
}
customElements.define("plug-paste", PasteKey);
customElements.define("plug-key", KeyCard);
