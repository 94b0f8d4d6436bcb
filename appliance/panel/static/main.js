// Puts the page together: language, pairing, the feed to every piece, and which screen is shown; a screen is fetched when it is first wanted.

import {
	feed,
	forgetFrames,
	hide,
	loadWords,
	make,
	publish,
	publishMeters,
	put,
	read,
	say,
	setClock,
	unable,
	watchFrames,
} from "./lib/all.js";
import "./pieces/facts.js";
import "./pieces/frame.js";
import "./pieces/go.js";
import "./pieces/home.js";
import "./pieces/preview.js";
import "./pieces/problem.js";
import "./pieces/quick.js";
import { pairByLink } from "./pieces/pairing.js";

const SCREENS = ["home", "looks", "sound", "clips", "practice", "settings"];

/** @param {string} id */
const $ = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

async function route() {
	const [name, page] = location.hash.slice(2).split("/");
	const shown = SCREENS.includes(name) ? name : "home";
	await import(`./pieces/${shown}.js`);
	const tag = page ? "plug-settings-page" : `plug-${shown}`;
	const screen = $("screen");
	const before = screen.firstElementChild;
	document.body.dataset.screen = shown;
	if (!before || before.localName !== tag || before.getAttribute("page") !== (page || null)) {
		screen.replaceChildren(make(tag, page ? { page } : {}));
		window.scrollTo(0, 0);
		if (before) screen.focus({ preventScroll: true });
	}
	if (name === "key") {
		history.replaceState(null, "", "#/");
		screen.querySelector("plug-home")?.openKey();
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
	document.body.dataset.phone = body?.id || "";
	draw();
}

async function main() {
	await loadWords();
	const problem = await pairByLink();
	const door = make("plug-pairing");
	$("door").append(door);
	door.problem = problem;
	document.addEventListener("stranger", () => showPaired(false));
	document.addEventListener("visibilitychange", forgetFrames);
	window.addEventListener("hashchange", route);
	feed.addEventListener("meters", (event) => publishMeters(/** @type {CustomEvent<Meters>} */ (event).detail));
	feed.addEventListener("state", draw);
	feed.addEventListener("entered", enter);
	await route();
	for (const tag of ["problem", "preview", "facts", "quick"]) $("stage").append(make(`plug-${tag}`));
	$("bar").append(make("plug-go"));
	document.body.prepend(make("plug-top"));
	document.body.append(make("plug-ways"));
	feed.start();
	document.documentElement.dataset.runs = "";
}

main().catch(unable);
