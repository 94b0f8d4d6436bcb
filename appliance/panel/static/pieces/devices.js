// Which capture card, which of its inputs, which face camera: chosen by name, from what is plugged in right now.

import { hide, icon, make, Piece, Redraw, say, sayOr } from "../lib/all.js";
import { settingRow, settings } from "../lib/settings.js";

const PATHS = ["capture.device", "capture.input", "facecam.device"];

customElements.define(
	"plug-devices",
	class extends Piece {
		#list = make("section.card.stack");
		#settings = make("section.card.stack");
		#redraw = new Redraw();

		build() {
			this.append(this.#list, this.#settings);
		}

		/** @param {State} state */
		draw(state) {
			this.#redraw.when(state.devices, () => {
				this.#found(state.devices);
				void this.#choose(state);
			});
		}

		/** @param {Device[]} devices */
		#found(devices) {
			const rows = devices.map((one) =>
				make(
					"li",
					icon(one.kind === "hdmi" ? "gamepad" : "tv"),
					make(
						"div",
						make("strong", one.card || one.node),
						make(
							"p.small",
							[sayOr(`device.${one.kind}`, one.kind), one.node, one["in-use"] ? say("devices.in-use") : ""]
								.filter(Boolean)
								.join(" · "),
						),
					),
				),
			);
			this.#list.replaceChildren(
				make("h3", say("devices.found")),
				rows.length ? make("ul.plain.devices", ...rows) : make("p", say("devices.none")),
			);
		}

		/** @param {State} state */
		async #choose(state) {
			const all = (await settings()) || [];
			const ports = state.devices.find((one) => one["in-use"])?.inputs || [];
			const found = PATHS.map((path) => all.find((one) => one.path === path))
				.filter((one) => one !== undefined)
				.filter(({ path }) => path !== "capture.input" || ports.length > 1);
			const again = () => void this.#choose(this.newest || state);
			this.#settings.replaceChildren(
				make("h3", say("devices.choose")),
				...found.map((one) => settingRow(one, again, this.#choices(one, state))),
			);
			hide(this.#settings, found.length === 0);
		}

		/** @param {Setting} setting @param {State} state @returns {string[][] | undefined} */
		#choices({ path, value }, state) {
			const devices = state.devices
				.filter(({ kind }) => kind === "hdmi" || kind === "webcam")
				.map((one) => [one.name && value !== one.node ? one.name : one.node, `${one.card} (${one.node})`]);
			/** @type {string[][]} */
			const usual = [
				["auto", say("devices.auto")],
				["test", say("devices.test")],
			];
			if (path === "capture.device") return [...usual, ...devices];
			if (path === "facecam.device") return [["none", say("devices.no-camera")], ...usual, ...devices];
			const inputs = state.devices.find((one) => one["in-use"])?.inputs || [];
			return inputs.length > 1 ? [["-1", say("devices.auto")], ...inputs.map((one, i) => [String(i), one])] : undefined;
		}
	},
);
