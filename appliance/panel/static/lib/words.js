// What is said, in the reader's language: sentences with their values filled in, numbers, times and sizes.

export const LANGUAGES = { en: "English", es: "Español" };
const KEPT = "plugcast-language";
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);

/** @type {Record<string, string>} */
let sentences = Object.create(null);
export let language = "en";
/** What the box says itself, of its problems for one: the same that it says on a TV. @type {BoxWords} */
export let box;

/** Loads the language that was chosen here, or the browser's, or English. */
export async function loadWords() {
	const wanted = [localStorage.getItem(KEPT) || "", ...navigator.languages].map((tag) => tag.slice(0, 2).toLowerCase());
	language = wanted.find((tag) => tag in LANGUAGES) || "en";
	const [own, boxes] = await Promise.all([import(`../sentences/${language}.js`), import(`../box/${language}.js`)]);
	box = boxes.default;
	for (const groups of [own.default, box.sentences])
		for (const [group, all] of Object.entries(groups))
			for (const [name, text] of Object.entries(all)) sentences[`${group}.${name}`] = text;
	document.documentElement.lang = language;
	document.documentElement.dir = RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr";
}

/** @param {string} chosen */
export function keepLanguage(chosen) {
	localStorage.setItem(KEPT, chosen);
}

/** @param {string} sentence @param {Facts} facts */
const fill = (sentence, facts) =>
	sentence.replace(/\{([a-z0-9-]+)\}/g, (whole, name) => (name in facts ? String(facts[name]) : whole));

/** @param {Key} key @param {Facts} [facts] */
export const say = (key, facts = {}) => fill(sentences[key], facts);

/**
 * The sentence of a name that the box made up, or `otherwise` when there is none or a value for it is missing.
 * @param {string} key @param {string} otherwise @param {Facts} [facts]
 */
export function sayOr(key, otherwise, facts = {}) {
	const sentence = fill(sentences[key] || "", facts);
	return sentence && !/\{[a-z0-9-]+\}/.test(sentence) ? sentence : otherwise || sentence || key;
}

/** @param {Problem | null | undefined} problem */
export function sayProblem(problem) {
	if (!problem) return "";
	const { destination } = problem.facts || {};
	/** @type {Facts} */
	const facts = { ...problem.facts, ...(destination && { destination: sayOr(`preset.${destination}`, String(destination)) }) };
	for (const [name, value] of Object.entries(facts)) {
		const all = String(value).split(",");
		if (all.every((one) => sentences[`value.${name}.${one}`]))
			facts[name] = all.map((one) => sentences[`value.${name}.${one}`]).join(", ");
	}
	return sayOr(`problem.${problem.code}`, problem.text, facts);
}

/** What to try, most likely first. @param {Problem} problem @returns {string[]} */
export const hintsFor = ({ code, hints = [] }) => (language === "en" && hints.length ? hints : box.hints[code] || []);

/** @param {number} value @param {number} [digits] how many after the point at most */
export const number = (value, digits = 0) => value.toLocaleString(language, { maximumFractionDigits: digits });

/** @param {number} seconds */
export function clock(seconds) {
	const whole = Math.max(0, Math.floor(seconds));
	/** @param {number} n */
	const two = (n) => String(n).padStart(2, "0");
	const hours = Math.floor(whole / 3600);
	return `${hours ? `${hours}:` : ""}${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** @param {number} bytes */
export function size(bytes) {
	const mb = bytes / 1e6;
	return mb >= 1000 ? `${number(mb / 1000, 1)} GB` : `${number(mb, mb < 10 ? 1 : 0)} MB`;
}

/** @param {number} at Unix seconds */
export const when = (at) =>
	new Date(at * 1000).toLocaleString(language, {
		weekday: "short",
		day: "numeric",
		month: "short",
		hour: "2-digit",
		minute: "2-digit",
	});
