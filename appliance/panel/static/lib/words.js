// What is said, in the reader's language: sentences with their values filled in, numbers, times and sizes.

export const LANGUAGES = { en: "English", es: "Español" };
const MISSED_MS = 5000;
const KEPT = "plugcast-language";
const EXACT = new Set(["config", "setting", "server"]);
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);

/** @type {Record<string, string>} */
const sentences = Object.create(null);
/** @type {Map<string, Promise<void>>} */
const parts = new Map();
export let language = "en";
/** What the box says itself: how a problem is mended, what helps, looks and platforms. @type {Required<Omit<BoxWords, "sentences">>} */
export const box = { fixes: {}, hints: {}, looks: [], platforms: [] };
/** How many parts of the language are here: what was said before another one came may be said better now. */
export let partsHere = 0;

/** Takes the language that was chosen here, or the browser's, or English; loads what the first screen says. */
export async function loadLanguage() {
	const wanted = [localStorage.getItem(KEPT) || "", ...navigator.languages].map((tag) => tag.slice(0, 2).toLowerCase());
	language = wanted.find((tag) => tag in LANGUAGES) || "en";
	await loadWords("first");
	document.documentElement.lang = language;
	document.documentElement.dir = RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr";
}

/** Loads more of the language, each part once. @param {...keyof typeof FILES} wanted */
export async function loadWords(...wanted) {
	await Promise.all(
		wanted.map((part) => {
			const loading = parts.get(part) || loadPart(part);
			parts.set(part, loading);
			// What did not arrive is asked for again when it is needed again.
			loading.catch(() => parts.delete(part));
			return loading;
		}),
	);
}

/** Which files a part is made of: the page's own sentences, and those that the box has of itself. */
const FILES = {
	first: ["sentences", "box"],
	problems: ["box"],
	answers: ["box"],
	screens: ["sentences", "box"],
	settings: ["sentences"],
	chat: ["sentences"],
};

/** @param {keyof typeof FILES} part */
async function loadPart(part) {
	await Promise.all(
		FILES[part].map(async (place) => {
			const { default: all } = await import(`../${place}/${language}/${part}.js`);
			if (place === "sentences") return take(all);
			const { sentences: said, fixes, hints, looks, platforms } = /** @type {BoxWords} */ (all);
			take(said);
			Object.assign(box.fixes, fixes);
			Object.assign(box.hints, hints);
			box.looks = looks || box.looks;
			box.platforms = platforms || box.platforms;
		}),
	);
	partsHere += 1;
	if (part !== "first") document.dispatchEvent(new CustomEvent("words"));
}

/** @param {Record<string, Record<string, string>>} groups */
function take(groups) {
	for (const [group, all] of Object.entries(groups)) {
		for (const [name, text] of Object.entries(all)) sentences[`${group}.${name}`] = text;
	}
}

let triedAt = -MISSED_MS;

/** A sentence about a problem is wanted before they are here: they come now. */
function missProblems() {
	if (parts.has("problems") || performance.now() - triedAt < MISSED_MS) return;
	triedAt = performance.now();
	loadWords("problems").catch(() => {});
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
 * The sentence of a name that the box made up, the first there is of several; `otherwise` when there is none or a value
 * for it is missing.
 * @param {string | string[]} names @param {string} otherwise @param {Facts} [facts]
 */
export function sayOr(names, otherwise, facts = {}) {
	let found = "";
	for (const name of [names].flat()) {
		if (name.startsWith("problem.") && !(name in sentences)) missProblems();
		const sentence = fill(sentences[name] || "", facts);
		if (sentence && !/\{[a-z0-9-]+\}/.test(sentence)) return sentence;
		found ||= sentence || name;
	}
	return otherwise || found;
}

/** @param {Problem | null | undefined} problem */
export function sayProblem(problem) {
	if (!problem) return "";
	/** @type {Facts} */
	const facts = { ...problem.facts };
	for (const place of ["destination", "platform"]) {
		if (facts[place]) facts[place] = sayOr(`preset.${facts[place]}`, String(facts[place]));
	}
	for (const [name, value] of Object.entries(facts)) {
		const all = String(value).split(",");
		if (all.every((one) => sentences[`value.${name}.${one}`]))
			facts[name] = all.map((one) => sentences[`value.${name}.${one}`]).join(", ");
	}
	// Which setting or which line it is, and what its rule is, only the sentence says that it was raised with.
	if (language === "en" && EXACT.has(problem.code) && problem.text) return problem.text;
	const kind = facts.kind || facts.found;
	return sayOr([...(kind ? [`problem.${problem.code}.${kind}`] : []), `problem.${problem.code}`], problem.text, facts);
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
