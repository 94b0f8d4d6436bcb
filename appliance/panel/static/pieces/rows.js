// What a LIVE needs, as four rows that lead to where each is mended: what is fine is only a sign and a name.

import { fixFor, hide, icon, language, make, mark, Piece, placesOf, put, say, sayOr, setIcon } from "../lib/all.js";

export const SIGNS = { ok: "check", warn: "triangle-alert", bad: "x", unknown: "circle-help" };
const ROW_WAYS = /** @type {const} */ ({
	game: "#/settings/devices",
	sound: "#/sound",
	tiktok: "#/key",
	internet: "#/settings/doctor",
});

/** Mode as a person says it: 1920x1080@60 is 1080p 60. @param {string} mode */
const spoken = (mode) => mode.replace(/^\d+x(\d+)@(\d+).*$/, "$1p $2");

/** One row's sentence, from its code or from what the State shows. @param {Row} row @param {State} state */
function sentenceOf(row, state) {
	if (row.code) return sayOr([`ready.${row.code}`, `problem.${row.code}`], row.text);
	const last4 = state.destinations.find((one) => one["key-last4"])?.["key-last4"] || "";
	const mode = spoken(state.signal.mode);
	if (row.name === "internet") return internetOf(row, state);
	if (row.state !== "ok") return language === "en" ? row.text : say("row.unknown");
	if (row.name === "game") return say(mode ? "row.game-ok" : "row.game-here", { mode });
	if (row.name === "sound") return say("row.sound-ok");
	return say(last4 ? "row.tiktok-ok" : "row.tiktok-key", { last4 });
}

/** @param {Row} row @param {State} state */
function internetOf(row, state) {
	if (row.state === "ok") return say("row.internet-ok");
	if (row.state !== "unknown") return row.text;
	const isChecking =
		state.uplink?.state === "testing" || state.destinations.some((one) => one.preflight?.state === "checking");
	return say(isChecking ? "row.internet-checking" : "row.internet-later");
}

customElements.define(
	"plug-rows",
	class extends Piece {
		#list = make("ul.rows", { "aria-label": say("row.all") });
		/** @type {Map<string, RowParts>} */
		#rows = new Map();
		#meter = make("i");

		build() {
			this.append(this.#list);
		}

		/** @param {State} state */
		draw(state) {
			for (const row of state.readiness) {
				const parts = this.#rows.get(row.name) || this.#add(row);
				mark(parts.item, "class", `row is-${row.state}`);
				setIcon(parts.sign, SIGNS[row.state]);
				put(parts.mark, say(`grade.${row.state}`));
				put(parts.name, row.name === "tiktok" ? placesOf(state) : sayOr(`row.${row.name}`, row.name));
				put(parts.text, sentenceOf(row, state));
				const isWrong = row.state === "warn" || row.state === "bad";
				const fix = isWrong ? fixFor(row.code || "") : null;
				put(parts.fix, fix ? say(fix.word) : "");
				mark(parts.way, "href", fix?.go || ROW_WAYS[row.name]);
			}
			this.levels(state.audio);
			hide(this, !state.readiness.length);
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
			const name = make("strong");
			const text = make("span.row-text");
			const fix = make("span.row-fix");
			const meter = row.name === "sound" ? make("span.meter", { "aria-hidden": "true" }, this.#meter) : null;
			const way = make("a", make("span.row-sign", sign, word), name, text, meter, fix);
			const item = make("li", way);
			this.#list.append(item);
			const made = { item, sign, mark: word, name, text, fix, way };
			this.#rows.set(row.name, made);
			return made;
		}
	},
);
