// Sound: a moving meter for the game and the microphone, mute, gain, and which microphone.

import {
	button,
	card,
	hide,
	icon,
	make,
	mark,
	number,
	Piece,
	put,
	Redraw,
	reword,
	say,
	sayOr,
	setIcon,
} from "../lib/all.js";
import { settingRow, settings } from "../lib/settings.js";

const FLOOR_DB = -60;
const LOUD_DB = -3;
const SEND_MS = 150;

/** @param {number} db */
const part = (db) => Math.min(1, Math.max(0, (db - FLOOR_DB) / -FLOOR_DB));

/** Two bars, left and right, that a screen reader can ask for. @param {string} name */
function meter(name) {
	const bars = [make("i"), make("i")];
	const element = make(
		"div.bars",
		{
			role: "meter",
			"aria-label": say("sound.level-of", { name }),
			"aria-valuemin": FLOOR_DB,
			"aria-valuemax": 0,
			"aria-valuenow": FLOOR_DB,
		},
		...bars.map((bar) => make("span.bar", bar)),
	);
	/** @param {number[]} levels */
	const draw = (levels) => {
		bars.forEach((bar, i) => {
			const db = levels[i] ?? levels[0] ?? FLOOR_DB;
			bar.style.transform = `scaleX(${part(db)})`;
			bar.classList.toggle("loud", db > LOUD_DB);
		});
		mark(element, "aria-valuenow", String(Math.round(Math.max(FLOOR_DB, ...levels))));
	};
	return { element, draw };
}

customElements.define(
	"plug-sound",
	class SoundScreen extends Piece {
		#mix = meter(say("sound.mix"));
		#cards = make("div.stack");
		#choice = make("div.card.stack");
		/** @type {Map<string, ReturnType<SoundScreen["makeCard"]>>} */
		#sources = new Map();
		#sync = make("p.small");
		#redraw = new Redraw();

		build() {
			const mix = card("volume-2", say("sound.mix"), this.#mix.element, this.#sync);
			this.append(
				make("h2", say("sound.title")),
				make("p.lead", say("sound.lead")),
				this.said,
				mix,
				this.#cards,
				this.#choice,
			);
		}

		/** @param {State} state */
		draw(state) {
			put(
				this.#sync,
				Math.abs(state.audio["sync-ms"]) < 45
					? say("sound.in-sync")
					: say("sound.off-sync", { ms: number(Math.round(state.audio["sync-ms"])) }),
			);
			for (const source of state.audio.sources) {
				const card = this.#sources.get(source.name) || this.#add(source);
				card.draw(source);
			}
			this.levels(state.audio);
			this.#redraw.when([state.sounds], () => void this.#choose(state));
		}

		/** @param {Meters} meters */
		levels(meters) {
			this.#mix.draw(meters["levels-db"]);
			for (const source of meters.sources || []) this.#sources.get(source.name)?.levels(source["levels-db"]);
		}

		/** @param {Source} source */
		#add(source) {
			const card = this.makeCard(source);
			this.#sources.set(source.name, card);
			this.#cards.append(card.element);
			return card;
		}

		/** @param {Source} source */
		makeCard(source) {
			const { name } = source;
			const called = sayOr(`source-of.${name}`, name);
			const bars = meter(called);
			const mute = button("", {
				icon: "mic",
				class: "second",
				onclick: () => this.do({ do: "mute", source: name, on: mute.getAttribute("aria-pressed") !== "true" }),
			});
			const sign = /** @type {SVGElement} */ (mute.firstElementChild);
			const gain = make("input", { type: "range", min: -60, max: 20, step: 1, id: `gain-${name}` });
			const shown = make("output", { for: `gain-${name}` });
			/** @type {Timer} */ let sending;
			/** @param {number} db */
			const show = (db) => {
				put(
					shown,
					db === 0 ? say("sound.as-is") : say(db > 0 ? "sound.louder" : "sound.quieter", { db: number(Math.abs(db)) }),
				);
				mark(gain, "aria-valuetext", shown.textContent || "");
			};
			gain.addEventListener("input", () => {
				show(Number(gain.value));
				clearTimeout(sending);
				sending = setTimeout(() => {
					sending = undefined;
					void this.do({ do: "set-gain", source: name, db: Number(gain.value) });
				}, SEND_MS);
			});
			const absent = make("p.small");
			const element = make(
				`section.card.stack.source-${name}`,
				make("div.row-between", make("h3", icon(name === "mic" ? "mic" : "gamepad"), called), mute),
				bars.element,
				absent,
				make("div.gain", make("label", { for: `gain-${name}` }, say("sound.gain")), gain, shown),
			);
			/** @param {Source} now */
			const draw = (now) => {
				mark(mute, "aria-pressed", String(now.muted));
				reword(mute, say(now.muted ? "sound.unmute" : "sound.mute"));
				mark(mute, "aria-label", say(now.muted ? "sound.unmute-of" : "sound.mute-of", { name: called }));
				setIcon(sign, name === "mic" ? (now.muted ? "mic-off" : "mic") : now.muted ? "volume-x" : "volume-2");
				put(absent, now.present ? "" : say(name === "mic" ? "sound.no-mic" : "sound.no-game"));
				element.classList.toggle("muted", now.muted);
				// A slider under somebody's thumb is not moved by an answer that is a moment old.
				if (!sending && document.activeElement !== gain) gain.value = String(now["gain-db"]);
				show(Number(gain.value));
			};
			return { element, draw, levels: bars.draw };
		}

		/** @param {State} state */
		async #choose(state) {
			const all = await settings();
			const found = (all || []).filter(({ path }) =>
				["audio.microphone", "capture.audio", "audio.offset-ms"].includes(path),
			);
			const devices = (state.sounds || []).map(({ name, text }) => [name, text]);
			const again = () => {
				this.#redraw.when(Math.random(), () => void this.#choose(this.newest || state));
			};
			this.#choice.replaceChildren(
				...found.map((one) =>
					settingRow(
						one,
						again,
						one.path === "audio.offset-ms"
							? undefined
							: [["none", say("sound.none")], ["auto", say("sound.auto")], ...devices],
					),
				),
			);
			// Of a microphone that nobody chose nothing is said but how to choose one.
			const isNone = found.some(({ path, value }) => path === "audio.microphone" && value === "none");
			hide(this.#choice, found.length === 0);
			this.#cards.classList.toggle("no-mic", isNone);
			this.#choice.setAttribute("aria-label", found[0]?.label || say("sound.title"));
		}
	},
);
