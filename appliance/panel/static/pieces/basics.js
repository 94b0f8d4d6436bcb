// Language, name, clock and time zone.

import { card, hide, keepLanguage, language, LANGUAGES, make, now, Piece, put, Redraw, say } from "../lib/all.js";
import { change, settingRow, settings } from "../lib/settings.js";

customElements.define(
	"plug-basics",
	class extends Piece {
		#clock = card("clock", say("basics.clock"));
		#time = make("p.lead");
		#hint = make("p.small");
		#zone = make("div");
		#others = make("section.card.stack", { hidden: true });
		#redraw = new Redraw();
		tickMs = 1000;

		build() {
			const select = make(
				"select",
				{
					id: "page-language",
					onchange: async () => {
						keepLanguage(select.value);
						if ((await settings())?.some(({ path }) => path === "language")) await change("language", select.value);
						location.reload();
					},
				},
				...Object.entries(LANGUAGES).map(([value, name]) =>
					make("option", { value, selected: value === language, lang: value }, name),
				),
			);
			this.#clock.append(this.#time, this.#hint, this.#zone);
			this.append(
				make("section.card.setting", make("label", { for: "page-language" }, say("basics.language")), select),
				this.#clock,
				this.#others,
			);
		}

		/** @param {State} state */
		draw(state) {
			this.#tick();
			put(
				this.#hint,
				say(
					Math.abs(Date.now() / 1000 - now()) > 90
						? "basics.skew"
						: state.clock.set === false
							? "basics.unset"
							: "basics.set",
				),
			);
			this.#redraw.when([state.clock["time-zone"]], () => void this.#fields());
		}

		#tick() {
			const zone = this.newest?.clock?.["time-zone"];
			let text = new Date(now() * 1000).toLocaleString(language);
			try {
				text = new Date(now() * 1000).toLocaleString(language, {
					timeZone: zone || undefined,
					dateStyle: "full",
					timeStyle: "medium",
				});
			} catch {
				// A zone that this browser does not know: then its own.
			}
			put(this.#time, text);
		}

		async #fields() {
			const all = (await settings()) || [];
			const again = () => void this.#fields();
			const zone = all.find(({ path }) => path === "time-zone");
			if (zone) {
				const names = [
					...new Set([
						Intl.DateTimeFormat().resolvedOptions().timeZone,
						...(Intl.supportedValuesOf?.("timeZone") || []),
					]),
				];
				this.#zone.replaceChildren(
					settingRow(zone, again, [
						["", say("basics.zone-box")],
						...names.map((one) => [one, one.replaceAll("_", " ")]),
					]),
				);
			}
			const others = all.filter(({ path }) => path === "slate.owner-name");
			this.#others.replaceChildren(...others.map((one) => settingRow(one, again)));
			hide(this.#others, others.length === 0);
		}
	},
);
