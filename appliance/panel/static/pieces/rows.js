// What a live needs, as four rows:

import {
	button,
	fixFor,
	hide,
	icon,
	language,
	make,
	mark,
	Piece,
	put,
	Redraw,
	say,
	sayOr,
	setIcon,
	testFix,
} from "../lib/all.js";

export const SIGNS = { ok: "check", warn: "triangle-alert", bad: "x", unknown: "circle-help" };
const KINDS = /** @type {const} */ ({ game: "gamepad", sound: "volume-2", tiktok: "key-round", internet: "wifi" });

/** Mode as a person says it: 1920x1080@60 is 1080p 60. @param {string} mode */
const spoken = (mode) => mode.replace(/^\d+x(\d+)@(\d+).*$/, "$1p $2");

/** One row's sentence, from its code or from what the State shows. @param {Row} row @param {State} state */
export function sentenceOf(row, state) {
	if (row.code) return sayOr([`ready.${row.code}`, `problem.${row.code}`], row.text);
	const destination = state.destinations.find((one) => one["key-last4"]);
	const facts = { mode: spoken(state.signal.mode), last4: destination?.["key-last4"] || "" };
	if (row.name === "game")
		return row.state === "ok" ? say(facts.mode ? "row.game-ok" : "row.game-here", facts) : row.text;
	if (row.name === "sound" && row.state === "ok") return say("row.sound-ok");
	if (row.name === "tiktok" && row.state === "ok")
		return say(
			state.live.type === "on-air" ? "row.tiktok-live" : facts.last4 ? "row.tiktok-ok" : "row.tiktok-key",
			facts,
		);
	if (row.name === "internet") return internetOf(row, state);
	return language === "en" ? row.text : say("row.unknown");
}

/** @param {Row} row @param {State} state */
function internetOf(row, state) {
	const isLive = state.live.type === "on-air";
	if (row.state === "ok") return say(isLive ? "row.internet-live" : "row.internet-ok");
	if (row.state === "unknown") {
		const isChecking =
			state.uplink?.state === "testing" || state.destinations.some((one) => one.preflight?.state === "checking");
		return say(isChecking ? "row.internet-checking" : "row.internet-later");
	}
	return row.text;
}

customElements.define(
	"plug-rows",
	class extends Piece {
		#list = make("ul.rows", { "aria-label": say("row.all") });
		/** @type {Map<string, RowParts>} */
		#rows = new Map();
		#meter = make("i");

		build() {
			this.append(this.#list, this.said);
		}

		/** @param {State} state */
		draw(state) {
			for (const row of state.readiness) {
				const { item, sign, mark: word, text, fix, redraw } = this.#rows.get(row.name) || this.#add(row);
				mark(item, "class", `row is-${row.state}`);
				setIcon(sign, SIGNS[row.state]);
				put(word, say(`grade.${row.state}`));
				put(text, sentenceOf(row, state));
				const wanted = this.#fixOf(row, state);
				redraw.when(wanted, () =>
					fix.replaceChildren(
						...(wanted ? [button(say(wanted.word), { class: "small-button", onclick: () => this.#mend(wanted) })] : []),
					),
				);
			}
			this.levels(state.audio);
			hide(this, !state.readiness.length);
		}

		/** @param {Row} row @param {State} state */
		#fixOf(row, state) {
			const fix = row.state === "ok" ? null : fixFor(row.code || "");
			if (fix) return fix;
			if (row.name === "internet") return testFix(state);
			return null;
		}

		/** @param {Fix} fix */
		#mend(fix) {
			if (fix.go) location.hash = fix.go;
			if (fix.command) void this.do(fix.command, this.said);
		}

		/** @param {Meters} meters */
		levels({ "levels-db": levels }) {
			const part = Math.min(1, Math.max(0, (Math.max(...levels) + 60) / 60));
			this.#meter.style.transform = `scaleX(${part})`;
		}

		/** @param {Row} row */
		#add(row) {
			const sign = icon(SIGNS[row.state]);
			const word = make("span.unseen");
			const text = make("span.row-text");
			const fix = make("span.row-fix");
			const name = make("span.row-name", icon(KINDS[row.name]), sayOr(`row.${row.name}`, row.name));
			const meter = row.name === "sound" ? make("span.meter", { "aria-hidden": "true" }, this.#meter) : null;
			const item = make("li", make("span.row-sign", sign, word), name, make("span.row-body", text, meter), fix);
			this.#list.append(item);
			const made = { item, sign, mark: word, text, fix, redraw: new Redraw() };
			this.#rows.set(row.name, made);
			return made;
		}
	},
);
