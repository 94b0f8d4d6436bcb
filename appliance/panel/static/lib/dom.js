// Making elements, and the base of every piece of the page.

import { ask, problemOf, stranger } from "./box.js";
import { after } from "./stop.js";
import { partsHere, sayProblem } from "./words.js";

export const SURE_MS = 4000;
const SAID_MS = 6000;
const SVG = "http://www.w3.org/2000/svg";

/**
 * An element: "p.small" is one with a class. Attributes that are true are set empty, those that are false or undefined
 * are left out; `on…` listens. Children that are nothing are left out.
 * @template {string} T @param {T} sign @param {...Part} parts @returns {Made<T>}
 */
export function make(sign, ...parts) {
	const [tag, ...classes] = sign.split(".");
	const element = document.createElement(tag);
	if (classes.length) element.className = classes.join(" ");
	for (const part of parts) {
		if (part instanceof Node || typeof part === "string") element.append(part);
		else
			for (const [name, value] of Object.entries(part || {})) {
				if (name.startsWith("on")) element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
				else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : String(value));
			}
	}
	return /** @type {Made<T>} */ (element);
}

/** Those of the first screen stand in index.html. @param {string} name */
const iconAt = (name) => `${document.getElementById(`i-${name}`) ? "" : "/static/icons.svg"}#i-${name}`;

/** One of the icons. It says nothing to a screen reader: a word stands beside it. @param {string} name */
export function icon(name) {
	const svg = document.createElementNS(SVG, "svg");
	svg.setAttribute("class", "icon");
	svg.setAttribute("viewBox", "0 0 24 24");
	svg.setAttribute("aria-hidden", "true");
	const use = document.createElementNS(SVG, "use");
	use.setAttribute("href", iconAt(name));
	svg.append(use);
	return svg;
}

/** @param {SVGElement} svg @param {string} name */
export function setIcon(svg, name) {
	const use = svg.firstElementChild;
	if (use) mark(use, "href", iconAt(name));
}

/** Sets text only when it is another one, so that a screen reader does not repeat itself. @param {Element} element @param {string} text */
export function put(element, text) {
	if (element.textContent !== text) element.textContent = text;
}

/** @param {Element} element @param {boolean} isHidden */
export function hide(element, isHidden) {
	element.toggleAttribute("hidden", isHidden);
}

/** @param {Element} element @param {string} name @param {string} value */
export function mark(element, name, value) {
	if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** A button with a word, and an icon before it if there is one. @param {string} word @param {ButtonHow} [how] */
export const button = (word, { icon: name, ...more } = {}) =>
	make("button", { type: "button", class: "second", ...more }, name && icon(name), make("span", word));

/** @param {string} word @param {string} name its icon @param {Attributes} how */
export const link = (word, name, how) => make("a.button.second", how, icon(name), make("span", word));

/** @param {Element} one @param {string} text */
export const reword = (one, text) => put(/** @type {Element} */ (one.lastElementChild), text);

/**
 * A button for what cannot be taken back: it asks once more on itself, for four seconds.
 * @param {string} word @param {string} sure the word that asks once more
 * @param {string} about what it is about, for a screen reader @param {() => unknown} act
 */
export function sureButton(word, sure, about, act) {
	let since = 0;
	/** @param {boolean} isSure */
	const show = (isSure) => {
		reword(one, isSure ? sure : word);
		one.setAttribute("aria-label", `${isSure ? sure : word}: ${about}`);
		one.classList.toggle("sure", isSure);
	};
	const one = button(word, {
		class: "second danger",
		icon: "trash-2",
		onclick: () => {
			const isSure = Date.now() - since < SURE_MS;
			since = isSure ? 0 : Date.now();
			show(!isSure);
			if (isSure) act();
			else setTimeout(() => show(false), SURE_MS);
		},
	});
	show(false);
	return one;
}

/** @param {string} sign its icon @param {string} title @param {...(Node | null)} children */
export const card = (sign, title, ...children) =>
	make("section.card.stack", make("h3", sign && icon(sign), title), ...children);

/** A form that is sent by `act` and never leaves the page. @param {string} kind its class @param {() => unknown} act @param {...(Node | null)} children */
export const form = (kind, act, ...children) =>
	make(
		"form",
		{
			class: kind,
			onsubmit: (event) => {
				event.preventDefault();
				void act();
			},
		},
		...children,
	);

/** Another style sheet. @param {string} name */
export const loadStyle = (name) =>
	new Promise((resolve, reject) => {
		const onerror = () => reject(new TypeError("dynamically imported style"));
		document.head.append(make("link", { rel: "stylesheet", href: `/static/${name}.css`, onload: resolve, onerror }));
	});

/** A line that says how something went; screen readers hear it. */
export const reply = () => make("p.reply", { role: "status" });

/** Draws a list again only when what it shows has changed, so that focus and scrolling stay. */
export class Redraw {
	#known = "";
	/** @param {unknown} shown @param {() => void} draw */
	when(shown, draw) {
		const known = JSON.stringify([shown, partsHere]);
		if (known === this.#known) return;
		this.#known = known;
		draw();
	}
}

/** Another picture into `image`; the answer says why when there is none. @param {HTMLImageElement} image @param {string} path @returns {Promise<Answer>} */
export async function picture(image, path) {
	try {
		const answer = await fetch(path, { signal: after(4500) });
		if (answer.status === 401) stranger();
		if (!answer.ok) return { ok: false, status: answer.status, body: await answer.json().catch(() => ({})) };
		const before = image.src;
		image.src = URL.createObjectURL(await answer.blob());
		await image.decode();
		if (before) URL.revokeObjectURL(before);
		return { ok: true, status: 200, body: null };
	} catch {
		return { ok: false, status: 0, body: null };
	}
}

/** @type {Set<Piece>} */
const connected = new Set();
/** @type {State | null} */
let newest = null;

/** Gives the newest State to every piece that is on the page. @param {State} state */
export function publish(state) {
	newest = state;
	for (const one of connected) one.draw(state);
}

/** The same for how loud it is, many times a second. @param {Meters} meters */
export function publishMeters(meters) {
	for (const one of connected) one.levels(meters);
}

/**
 * A piece of the page: `build` makes its elements once, `draw` shows a State, `do` asks the box and says a refusal in
 * `said`. It keeps no State of its own beyond what a person is typing.
 */
export class Piece extends HTMLElement {
	tickMs = 0;
	said = reply();
	#isBuilt = false;
	/** @type {Timer} */ #ticking;
	#saying = 0;

	connectedCallback() {
		if (!this.#isBuilt) this.build();
		this.#isBuilt = true;
		connected.add(this);
		this.redraw();
		if (this.tickMs) this.#ticking = setInterval(() => this.redraw(), this.tickMs);
		this.shown();
	}

	disconnectedCallback() {
		connected.delete(this);
		clearInterval(this.#ticking);
		clearTimeout(this.#saying);
		this.gone();
	}

	get newest() {
		return newest;
	}

	redraw() {
		if (newest) this.draw(newest);
	}

	build() {}
	/** @param {State} _state */
	draw(_state) {}
	/** @param {Meters} _meters */
	levels(_meters) {}
	/** On the page: time to begin with what costs something. */
	shown() {}
	gone() {}

	/** Asks the box. Returns the answer's values, or null when it was refused. @param {Command} command */
	async do(command, line = this.said) {
		const answer = await ask(command);
		mark(line, "class", answer.ok ? "reply is-ok" : "reply is-bad");
		this.answer(answer.ok ? "" : sayProblem(problemOf(answer)), line);
		return answer.ok ? answer.body : null;
	}

	/** Says how something went; in the bar it lies over the picture, and not for ever. @param {string} text */
	answer(text, line = this.said) {
		put(line, text);
		clearTimeout(this.#saying);
		if (line.closest("#bar")) this.#saying = setTimeout(() => put(line, ""), SAID_MS);
	}
}
