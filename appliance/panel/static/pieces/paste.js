// Where a key is pasted: anything at all, in one field.

import {
	ask,
	button,
	form,
	hide,
	link,
	make,
	mark,
	now,
	number,
	Piece,
	problemOf,
	put,
	read,
	reword,
	say,
	sayOr,
	sayProblem,
	when,
} from "../lib/all.js";

/** @type {Promise<Platform[]> | null} */
let asked = null;

/** What the box knows of a platform: its page, how long its keys last, what suits it. @param {string} name */
async function platform(name) {
	asked ??= read("/api/platforms").then(({ ok, body }) => {
		if (!ok) asked = null;
		return ok ? body : [];
	});
	return (await asked).find((one) => one.name === name);
}

export class PasteKey extends Piece {
	#text = make("textarea", {
		rows: 3,
		autocomplete: "off",
		autocapitalize: "off",
		spellcheck: "false",
		maxlength: 16000,
	});
	#facts = make("ul.small.hints");
	/** What was pasted belongs to another platform: there it goes by one tap. */
	#elsewhere = button("", { icon: "chevron-right" });
	#at = "";
	#kind = "";

	get #destination() {
		return this.getAttribute("destination") || "tiktok";
	}

	build() {
		const preset = this.getAttribute("preset") || "tiktok";
		const place = make("div");
		const id = `paste-${this.#destination}`;
		this.#text.id = id;
		// What is pasted is used at once: one tap less, and nobody wonders what comes next.
		this.#text.addEventListener("paste", () => setTimeout(() => this.#use(), 0));
		const sheet = form(
			"paste",
			() => this.#use(),
			place,
			make("label", { for: id }, say("paste.label")),
			this.#text,
			this.said,
			this.#elsewhere,
			button(say("paste.use"), { class: "main", type: "submit" }),
		);
		hide(this.#elsewhere, true);
		this.#elsewhere.addEventListener("click", () => this.#useElsewhere());
		void platform(preset).then((one) => {
			if (one) this.#tell(one, place);
		});
		this.append(sheet, this.#facts, make("p.small", say("paste.secret")));
	}

	/** Where the key is, how long it lasts, and what is allowed. @param {Platform} one @param {Element} place */
	#tell({ name, title, page, recommended, ...more }, place) {
		if (page)
			place.append(
				link(say("paste.open", { title }), "external-link", {
					href: page,
					target: "_blank",
					rel: "noopener noreferrer",
				}),
			);
		const lines = [
			sayOr(`lasts.${more["key-lasts"]}`, " "),
			...sayOr(`rules.${name}`, " ").split("\n"),
			say("paste.suits", { size: recommended.size, rate: recommended.fps }),
		];
		this.#facts.append(...lines.filter((line) => line.trim()).map((line) => make("li", line)));
	}

	focusText() {
		this.#text.focus({ preventScroll: true });
	}

	/** What was read from the clipboard. @param {string} text */
	take(text) {
		this.#text.value = text;
		void this.#use();
	}

	async #use() {
		const text = this.#text.value;
		if (!text.trim()) {
			put(this.said, say("paste.empty"));
			return;
		}
		await this.#give(text, this.#destination);
	}

	/** @param {string} text @param {string} destination */
	async #give(text, destination) {
		const answer = await ask({ do: "paste-key", text, destination });
		const problem = answer.ok ? null : problemOf(answer);
		const { platform: kind, destination: at, title } = problem?.code === "paste-elsewhere" ? problem.facts || {} : {};
		hide(this.#elsewhere, !at);
		this.#at = String(at || "");
		this.#kind = String(kind || "");
		if (at) reword(this.#elsewhere, say("paste.elsewhere", { title: String(title) }));
		mark(this.said, "class", problem ? "reply is-bad" : "reply is-ok");
		put(this.said, problem ? sayProblem(problem) : told(answer.body));
		if (problem) return false;
		this.#text.value = "";
		/** @type {Took} */
		const took = answer.body;
		const isDone = took["took-key"] && !took.expired && !took["hint-code"] && destination === this.#destination;
		this.dispatchEvent(new CustomEvent("pasted", { bubbles: true, detail: isDone }));
		return true;
	}

	async #useElsewhere() {
		const [at, preset] = [this.#at, this.#kind];
		const isThere = this.newest?.destinations.some((one) => one.name === at);
		if (!isThere && !(await this.do({ do: "set-destination", name: at, preset }))) return;
		if (await this.#give(this.#text.value, at))
			put(this.said, say("paste.put-elsewhere", { title: sayOr(`preset.${preset}`, preset) }));
	}
}

/** @param {Took} took */
function told(took) {
	const server = took["took-server"];
	const key = took["took-key"];
	const words = [say(server && key ? "paste.took-both" : key ? "paste.took-key" : "paste.took-server")];
	const at = took["expires-at"] || 0;
	const hours = Math.floor((at - now()) / 3600);
	const hint = took["hint-code"];
	if (hint && !took.expired) words.push(sayOr(`hint.${hint}`, took.hint || ""));
	if (took.expired) words.push(say("paste.expired"));
	else if (at)
		words.push(
			hours < 24 ? say("paste.hours", { hours: number(Math.max(1, hours)) }) : say("paste.until", { when: when(at) }),
		);
	return words.join(" ");
}

customElements.define("plug-paste", PasteKey);
