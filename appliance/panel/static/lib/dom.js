// Making elements, and the base of every piece of the page. Text is only ever set as text: nothing here parses HTML.

import { ask, problemOf } from "./box.js";
import { sayProblem } from "./words.js";

export const SURE_MS = 4000;
const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. Attributes that are true are set empty, those that are false or undefined are left out; `on…` listens.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, any>} [attributes] @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, attributes = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
		else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value === true ? "" : String(value));
	}
	element.append(...children.filter((child) => child !== null && child !== undefined && child !== false).map((child) => /** @type {Node | string} */ (child)));
	return element;
}

/** A piece of the page, which has no entry in the browser's list of tags. @param {string} tag @param {Record<string, string>} [attributes] */
export function piece(tag, attributes = {}) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
	return element;
}

/** One of the icons in index.html. It says nothing to a screen reader: a word stands beside it. @param {string} name */
export function icon(name) {
	const svg = document.createElementNS(SVG, "svg");
	svg.setAttribute("class", "icon");
	svg.setAttribute("aria-hidden", "true");
	const use = document.createElementNS(SVG, "use");
	use.setAttribute("href", `#i-${name}`);
	svg.append(use);
	return svg;
}

/** Another icon in the same place. @param {Element} svg @param {string} name */
export function setIcon(svg, name) {
	const use = svg.firstElementChild;
	if (use && use.getAttribute("href") !== `#i-${name}`) use.setAttribute("href", `#i-${name}`);
}

/** Sets text only when it is another one, so that a screen reader does not repeat itself. @param {Element} element @param {string} text */
export function put(element, text) {
	if (element.textContent !== text) element.textContent = text;
}

/** @param {Element} element @param {boolean} isHidden */
export function hide(element, isHidden) {
	element.toggleAttribute("hidden", isHidden);
}

/** Sets an attribute only when it changes. @param {Element} element @param {string} name @param {string} value */
export function mark(element, name, value) {
	if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** A button with a word, and an icon before it if there is one. @param {string} word @param {{ icon?: string, class?: string, onclick?: (event: Event) => void, type?: string }} [how] */
export function button(word, how = {}) {
	const { icon: name, class: className = "second", type = "button", onclick = () => {} } = how;
	return make("button", { type, class: className, onclick }, name ? icon(name) : null, make("span", {}, word));
}

/** Another word on a button made here. @param {Element} one @param {string} text */
export const reword = (one, text) => put(/** @type {Element} */ (one.lastElementChild), text);

/**
 * A button for what cannot be taken back: it asks once more on itself, for four seconds.
 * @param {string} word @param {string} sure @param {string} about what it is about, for a screen reader @param {() => unknown} act
 */
export function sureButton(word, sure, about, act) {
	let since = 0;
	const show = (/** @type {boolean} */ isSure) => {
		reword(one, isSure ? sure : word);
		one.setAttribute("aria-label", `${isSure ? sure : word}: ${about}`);
		one.classList.toggle("sure", isSure);
	};
	const one = button(word, { class: "second danger", icon: "trash-2", onclick: () => {
		const isSure = Date.now() - since < SURE_MS;
		since = isSure ? 0 : Date.now();
		show(!isSure);
		if (isSure) act();
		else setTimeout(() => show(false), SURE_MS);
	} });
	show(false);
	return one;
}

/** A card with a title. @param {string} sign @param {string} title @param {...(Node | null)} children */
export const card = (sign, title, ...children) => make("section", { class: "card stack" }, make("h3", {}, sign && icon(sign), title), ...children);

/** A form that is sent by `act` and never leaves the page. @param {string} kind its class @param {() => unknown} act @param {...(Node | null)} children */
export const form = (kind, act, ...children) => make("form", { class: kind, onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void act(); } }, ...children);

/** A line that says how something went; screen readers hear it. */
export const reply = () => make("p", { class: "reply", role: "status" });

/** Draws a list again only when what it shows has changed, so that focus and scrolling stay. */
export class Redraw {
	#known = "";
	/** @param {unknown} shown @param {() => void} draw */
	when(shown, draw) {
		const known = JSON.stringify(shown);
		if (known === this.#known) return;
		this.#known = known;
		draw();
	}
}

/** @type {Set<Piece>} */
const connected = new Set();
/** @type {State | null} */
let newest = null;

/** Gives the newest State to every piece that is on the page. @param {State} state */
export function publish(state) {
	newest = state;
	for (const one of connected) one.state = state;
}

/**
 * A piece of the page: `build` makes its elements once, `draw` shows a State, `do` asks the box. It keeps no State of its
 * own beyond what a person is typing.
 */
export class Piece extends HTMLElement {
	/** How often to draw again without news, for clocks; 0 for never. */
	tickMs = 0;
	#isBuilt = false;
	/** @type {ReturnType<typeof setInterval> | undefined} */ #ticking;

	connectedCallback() {
		if (!this.#isBuilt) this.build();
		this.#isBuilt = true;
		connected.add(this);
		if (newest) this.draw(newest);
		if (this.tickMs) this.#ticking = setInterval(() => { if (newest) this.draw(newest); }, this.tickMs);
		this.shown();
	}

	disconnectedCallback() {
		connected.delete(this);
		clearInterval(this.#ticking);
		this.gone();
	}

	/** @param {State} state */
	set state(state) {
		if (this.#isBuilt) this.draw(state);
	}

	/** The newest State, for handlers. */
	get newest() {
		return newest;
	}

	build() {}
	/** @param {State} _state */
	draw(_state) {}
	/** On the page: time to begin with what costs something. */
	shown() {}
	gone() {}

	/**
	 * Asks the box; a refusal is said in `line`. Returns the answer's values, or null when it was refused.
	 * @param {Command} command @param {Element} [line]
	 */
	async do(command, line) {
		const answer = await ask(command);
		if (line) put(line, answer.ok ? "" : sayProblem(problemOf(answer)));
		return answer.ok ? answer.body : null;
	}
}
