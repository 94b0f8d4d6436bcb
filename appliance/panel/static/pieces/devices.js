// Which capture card, which of its inputs, which face camera: chosen by name, from what is plugged in right now.

import { icon, make, Piece, Redraw } from "../lib/dom.js";
import { settingRow, settings } from "../lib/settings.js";
import { say, sayOr } from "../lib/words.js";

const PATHS = ["capture.device", "capture.input", "capture.audio", "facecam.device", "audio.microphone"];

export class Devices extends Piece {
	#list = make("section", { class: "card stack" });
	#settings = make("section", { class: "card stack" });
	#redraw = new Redraw();

	build() {
		this.append(this.#list, this.#settings);
	}

	/** @param {State} state */
	draw(state) {
		this.#redraw.when([state.devices, state.sounds], () => { this.#found(state.devices || []); void this.#choose(state); });
	}

	/** @param {Device[]} devices */
	#found(devices) {
		const rows = devices.map((one) => make("li", {}, icon(one.kind === "hdmi" ? "gamepad-2" : "tv"),
			make("div", {}, make("strong", {}, one.card || one.node), make("p", { class: "small" }, [sayOr(`device.${one.kind}`, one.kind), one.node, one["in-use"] ? say("devices.in-use") : ""].filter(Boolean).join(" · ")))));
		this.#list.replaceChildren(make("h3", {}, say("devices.found")), rows.length ? make("ul", { class: "plain devices" }, ...rows) : make("p", {}, say("devices.none")));
	}

	/** @param {State} state */
	async #choose(state) {
		const all = (await settings()) || [];
		const ports = (state.devices || []).find((one) => one["in-use"])?.inputs || [];
		const found = PATHS.map((path) => all.find((one) => one.path === path)).filter((one) => one !== undefined)
			.filter(({ path }) => path !== "capture.input" || ports.length > 1);
		const again = () => void this.#choose(this.newest || state);
		this.#settings.replaceChildren(make("h3", {}, say("devices.choose")), ...found.map((one) => settingRow(one, again, this.#choices(one, state))));
		this.#settings.toggleAttribute("hidden", found.length === 0);
	}

	/** @param {Setting} setting @param {State} state @returns {[string, string][] | undefined} */
	#choices({ path }, state) {
		const devices = (state.devices || []).filter(({ kind }) => kind === "hdmi" || kind === "webcam").map((one) => /** @type {[string, string]} */ ([one.node, `${one.card} (${one.node})`]));
		const sounds = (state.sounds || []).map(({ name, text }) => /** @type {[string, string]} */ ([name, text]));
		/** @type {[string, string][]} */
		const usual = [["auto", say("devices.auto")], ["test", say("devices.test")]];
		if (path === "capture.device") return [...usual, ...devices];
		if (path === "facecam.device") return [["none", say("devices.no-camera")], ...usual, ...devices];
		if (path === "capture.audio" || path === "audio.microphone") return [["none", say("sound.none")], ...usual, ...sounds];
		const inputs = (state.devices || []).find((one) => one["in-use"])?.inputs || [];
		return inputs.length > 1 ? [["-1", say("devices.auto")], ...inputs.map((one, i) => /** @type {[string, string]} */ ([String(i), one]))] : undefined;
	}
}
customElements.define("plug-devices", Devices);
