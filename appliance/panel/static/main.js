// Puts the page together: language, pairing, the feed to every piece, and which screen is shown; a screen is fetched when
// it is first wanted. Decides nothing else.

import { read, setClock } from "./lib/box.js";
import { hide, piece, publish, put } from "./lib/dom.js";
import { feed } from "./lib/feed.js";
import { forgetFrames, watchFrames } from "./lib/live.js";
import { loadWords, say } from "./lib/words.js";

const SCREENS = ["home", "looks", "sound", "clips", "practice", "settings"];
const FIRST = ["frame", "problem", "preview", "facts", "quick", "go", "home", "pairing"];

const $ = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const load = (/** @type {string} */ name) => import(`./pieces/${name}.js`);

async function route() {
	const [name, page] = location.hash.slice(2).split("/");
	const shown = SCREENS.includes(name) ? name : "home";
	await load(shown);
	const tag = page ? "plug-settings-page" : `plug-${shown}`;
	const screen = $("screen");
	const before = screen.firstElementChild;
	document.body.dataset.screen = shown;
	if (!before || before.localName !== tag || before.getAttribute("page") !== (page || null)) {
		screen.replaceChildren(piece(tag, page ? { page } : {}));
		window.scrollTo(0, 0);
		if (before) screen.focus({ preventScroll: true });
	}
	if (name === "key") {
		history.replaceState(null, "", "#/");
		/** @type {any} */ (screen.firstElementChild).openKey();
	}
}

/** @param {boolean} isPaired */
function showPaired(isPaired) {
	hide($("app"), !isPaired);
	hide($("door"), isPaired);
	document.body.classList.toggle("unpaired", !isPaired);
}

function draw() {
	document.body.classList.toggle("stale", !feed.answered);
	if (!feed.answered) forgetFrames();
	const silence = $("silence");
	hide(silence, feed.answered || feed.state !== null);
	put(silence, say("live.no-answer-hint"));
	if (!feed.state) return;
	setClock(feed.state);
	watchFrames(feed.state);
	publish(feed.state);
}

/** The first State of a session: we are in. What only an owner may do is not shown to others. */
async function enter() {
	showPaired(true);
	const { body } = await read("/api/whoami");
	document.body.classList.toggle("viewer", body?.role === "viewer");
}

async function main() {
	await loadWords();
	await Promise.all(FIRST.map(load));
	const { pairByLink } = await load("pairing");
	const problem = await pairByLink();
	const door = /** @type {any} */ (piece("plug-pairing"));
	$("door").append(door);
	door.problem = problem;
	document.addEventListener("stranger", () => showPaired(false));
	document.addEventListener("visibilitychange", forgetFrames);
	window.addEventListener("hashchange", route);
	feed.addEventListener("state", draw);
	feed.addEventListener("entered", enter);
	await route();
	for (const tag of ["problem", "preview", "facts", "quick"]) $("stage").append(piece(`plug-${tag}`));
	$("bar").append(piece("plug-go"));
	document.body.prepend(piece("plug-top"));
	document.body.append(piece("plug-ways"));
	feed.start();
}

void main();
