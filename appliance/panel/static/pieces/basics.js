// Language, name, clock and time zone.

import { now } from "../lib/box.js";
import { card, make, Piece, put, Redraw, reply } from "../lib/dom.js";
import { change, settingRow, settings } from "../lib/settings.js";
import { keepLanguage, language, LANGUAGES, say } from "../lib/words.js";

const CLOCK_PATH = "time-zone";
const OTHERS = ["slate.owner-name"];

export class Basics extends Piece {
	#clock = card("clock", say("basics.clock"));
	#time = make("p", { class: "lead" });
	#hint = make("p", { class: "small" });
	#zone = make("div");
	#others = make("section", { class: "card stack", hidden: true });
	#redraw = new Redraw();
	tickMs = 1000;

	build() {
		const said = reply();
		const select = make("select", { id: "page-language", onchange: async () => {
			keepLanguage(select.value);
			if ((await settings())?.some(({ path }) => path === "language")) await change("language", select.value);
			location.reload();
		} }, ...Object.entries(LANGUAGES).map(([value, name]) => make("option", { value, selected: value === language, lang: value }, name)));
		this.#clock.append(this.#time, this.#hint, this.#zone);
		this.append(make("section", { class: "card setting" }, make("label", { for: "page-language" }, say("basics.language")), select, said), this.#clock, this.#others);
	}

	/** @param {State} state */
	draw(state) {
		this.#clock.toggleAttribute("hidden", !state.clock);
		this.#tick();
		if (state.clock) {
			const skewS = Math.abs(Date.now() / 1000 - now());
			put(this.#hint, say(skewS > 90 ? "basics.skew" : state.clock.set === false ? "basics.unset" : "basics.set"));
		}
		this.#redraw.when([state.clock?.["time-zone"]], () => void this.#fields());
	}

	#tick() {
		const zone = this.newest?.clock?.["time-zone"];
		let text = new Date(now() * 1000).toLocaleString(language);
		try {
			text = new Date(now() * 1000).toLocaleString(language, { timeZone: zone || undefined, dateStyle: "full", timeStyle: "medium" });
		} catch {
			// A zone that this browser does not know: then its own.
		}
		put(this.#time, text);
	}

	async #fields() {
		const all = (await settings()) || [];
		const again = () => void this.#fields();
		const zone = all.find(({ path }) => path === CLOCK_PATH);
		if (zone) {
			const names = [...new Set([Intl.DateTimeFormat().resolvedOptions().timeZone, ...Intl.supportedValuesOf("timeZone")])];
			this.#zone.replaceChildren(settingRow(zone, again, [["", say("basics.zone-box")], ...names.map((one) => /** @type {[string, string]} */ ([one, one.replaceAll("_", " ")]))]));
		}
		const others = all.filter(({ path }) => OTHERS.includes(path));
		this.#others.replaceChildren(...others.map((one) => settingRow(one, again)));
		this.#others.toggleAttribute("hidden", others.length === 0);
	}
}
customElements.define("plug-basics", Basics);
