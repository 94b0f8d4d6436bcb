// The box's settings as a person can change them: read once, read again after a change, and a field for each.

import { ask, problemOf, read } from "./box.js";
import { button, make, put, reply } from "./dom.js";
import { language, say, sayOr, sayProblem } from "./words.js";

/** @type {Promise<Setting[] | null> | null} */
let kept = null;

/** All settings, or null when this box has none to change. @returns {Promise<Setting[] | null>} */
export function settings() {
	kept ??= read(`/api/settings?lang=${language}`).then(({ ok, status, body }) => {
		if (!ok && status !== 404) kept = null;
		return ok ? body : null;
	});
	return kept;
}

/** @param {string} path @param {SettingValue} value */
export async function change(path, value) {
	const answer = await ask({ do: "set-setting", path, value });
	if (answer.ok) kept = null;
	return answer;
}

/** @param {Setting} setting */
const textOf = ({ value }) => (Array.isArray(value) ? value.join(", ") : String(value ?? ""));

/** @param {Setting} setting @param {string} text @returns {SettingValue} */
function valueFrom(setting, text) {
	if (Array.isArray(setting.default) || Array.isArray(setting.value))
		return text
			.split(",")
			.map((one) => one.trim())
			.filter(Boolean);
	if (typeof (setting.default ?? setting.value) === "number") return text.trim() === "" ? null : Number(text);
	return text;
}

/**
 * A field for a setting. `choices` replaces the setting's own: pairs of a value and what it is called.
 * @param {Setting} setting @param {string} id @param {(value: SettingValue) => unknown} wanted @param {string[][]} [choices]
 */
function field(setting, id, wanted, choices) {
	if (typeof setting.value === "boolean") {
		/** @type {HTMLInputElement} */
		const box = make("input.switch", { type: "checkbox", id, role: "switch", onchange: () => wanted(box.checked) });
		box.checked = setting.value;
		return box;
	}
	const pairs = choices || setting.options?.map(({ value, label }) => [String(value), label]);
	if (pairs) {
		const known = pairs.some(([value]) => value === textOf(setting))
			? pairs
			: [...pairs, [textOf(setting), textOf(setting)]];
		/** @type {HTMLSelectElement} */
		const select = make(
			"select",
			{ id, onchange: () => wanted(valueFrom(setting, select.value)) },
			...known.map(([value, text]) => make("option", { value, selected: value === textOf(setting) }, text)),
		);
		return select;
	}
	const isNumber = typeof setting.value === "number";
	/** @type {HTMLInputElement} */
	const input = make("input", {
		id,
		type: isNumber ? "number" : "text",
		min: setting.min,
		max: setting.max,
		autocomplete: "off",
		spellcheck: "false",
		// What is no number is empty to the browser, and empty means: back to what the box came with.
		onchange: () => wanted(input.validity.badInput ? Number.NaN : valueFrom(setting, input.value)),
	});
	input.value = textOf(setting);
	return input;
}

/** Why a number cannot be taken, by the box's own rule and in the reader's language; "" when it can. @param {Setting} setting @param {SettingValue} value */
function ruleBroken({ min, max, type }, value) {
	if (type !== "int" || value === null) return "";
	const isWithin = Number(value) >= (min ?? -Infinity) && Number(value) <= (max ?? Infinity);
	if (Number.isInteger(value) && isWithin) return "";
	const from = min ?? 0;
	return max == null ? say("settings.at-least", { min: from }) : say("settings.between", { min: from, max });
}

/**
 * A row: name, field, where the value comes from, and the way back.
 * @param {Setting} setting @param {() => void} redraw called when it has changed @param {string[][]} [choices]
 */
export function settingRow(setting, redraw, choices) {
	const id = `set-${setting.path.replaceAll(".", "-")}`;
	const said = reply();
	/** @type {HTMLElement} */
	let shown;
	/** @param {SettingValue} value */
	const set = async (value) => {
		const rule = ruleBroken(setting, value);
		if (rule) {
			put(said, rule);
			if (shown instanceof HTMLInputElement) shown.value = textOf(setting);
			return;
		}
		const answer = await change(setting.path, value);
		const waits = needs ? `${say("settings.saved")} (${needs})` : say("settings.saved");
		put(said, answer.ok ? waits : sayProblem(problemOf(answer)));
		if (answer.ok) setTimeout(redraw, 600);
	};
	const needs = setting.needs && setting.needs !== "now" ? sayOr(`needs.${setting.needs}`, "") : "";
	const isOwn = setting.settable !== false && /^panel/.test(setting.source);
	const back = button(say("settings.reset"), { class: "quiet", icon: "rotate-ccw", onclick: () => set(null) });
	back.setAttribute("aria-label", say("settings.reset-of", { name: setting.label }));
	shown =
		setting.settable === false ? make("output", { id }, textOf(setting) || "–") : field(setting, id, set, choices);
	return make(
		"div.setting",
		make("label", { for: id }, setting.label),
		shown,
		make(
			"p.small",
			[sayOr(`source.${setting.source.split(" ")[0]}`, setting.source), needs].filter(Boolean).join(" · "),
		),
		setting.hint ? make("p.small", setting.hint) : null,
		isOwn ? back : null,
		said,
	);
}
