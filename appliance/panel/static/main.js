// Puts the page together: language, pairing, the feed to every piece, and which screen is shown; what is not of the first
// screen is fetched when it is first wanted.

import {
	button,
	call,
	feed,
	forgetFrames,
	hide,
	isRunning,
	loadLanguage,
	loadStyle,
	loadWords,
	make,
	problemOf,
	publish,
	publishMeters,
	put,
	read,
	say,
	sayProblem,
	setClock,
	unable,
	watchEvening,
	watchFrames,
} from "./lib/all.js";
import "./pieces/facts.js";
import "./pieces/frame.js";
import "./pieces/go.js";
import "./pieces/home.js";
import "./pieces/preview.js";
import "./pieces/problem.js";
import "./pieces/quick.js";

const SCREENS = ["home", "key", "chat", "monitor", "lives", "looks", "sound", "clips", "practice", "settings"];
const AGAIN_MS = 2000;
/** How browsers say that a part did not arrive, or is of another release than the rest; start.js knows it, too. */
const MISSING = /dynamically imported|importing a module|provide an export|binding name/i;

/** @param {string} id */
const $ = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** Pairs with the one-time token of the link, if the page was opened by one. Returns what went wrong. */
async function pairByLink() {
	const token = location.hash.slice(1);
	if (!token || token.startsWith("/")) return null;
	// The token works once; it must not stay in the address bar or in the history.
	history.replaceState(null, "", location.pathname);
	const answer = await call("POST", "/api/pair", { token });
	return answer.ok ? null : problemOf(answer);
}

/** @type {Promise<unknown> | undefined} */
let style;

/** The words and the looks of everything but the first screen. */
function loadRest() {
	style ??= loadStyle("screens");
	return Promise.all([style, loadWords("problems", "screens", "settings")]);
}

/** @param {string} name @param {string} page */
async function loadScreen(name, page) {
	if (name === "home") return;
	const [screen] = await Promise.all([import(`./pieces/${name}.js`), loadRest()]);
	// Some bring more of their own.
	await screen.loading;
	if (page && page in screen.PAGES) await import(`./pieces/${page}.js`);
}

let turn = 0;

async function route() {
	const [name, page] = location.hash.slice(2).split("/");
	const shown = SCREENS.includes(name) ? name : "home";
	const mine = ++turn;
	const isLate = () => mine !== turn;
	try {
		await loadScreen(shown, page);
	} catch (error) {
		if (isLate()) return;
		document.body.dataset.screen = shown;
		void missing($("screen"), error, isLate);
		return;
	}
	// Somebody may have gone on meanwhile.
	if (isLate()) return;
	const tag = page ? "plug-settings-page" : `plug-${shown}`;
	const screen = $("screen");
	const before = screen.firstElementChild;
	document.body.dataset.screen = shown;
	if (!before || before.localName !== tag || before.getAttribute("page") !== (page || null)) {
		screen.replaceChildren(make(tag, page ? { page } : {}));
		window.scrollTo(0, 0);
		if (before && !screen.contains(document.activeElement)) screen.focus({ preventScroll: true });
	}
	draw();
}

/**
 * Says in its place that a part of the page did not arrive: it comes by itself from a box that was away. What a browser
 * could not load once it may never load again, so that the page begins anew.
 * @param {HTMLElement} place @param {unknown} error @param {() => boolean} isLate whether nobody waits for it any more
 */
async function missing(place, error, isLate) {
	if (!MISSING.test(String(error))) return unable(error);
	const words = make("p", say("missing.away"));
	const card = make("div.card.stack.missing", { role: "alert" }, words);
	for (let isFirst = true; !isLate(); isFirst = false) {
		const { ok } = await read("/healthz");
		if (isLate()) return;
		if (ok && !isFirst) return location.reload();
		place.replaceChildren(card);
		if (ok) {
			put(words, say("missing.part"));
			card.append(button(say("missing.reload"), { class: "main", onclick: () => location.reload() }));
			return;
		}
		await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
	}
}

let isChatHere = false;

/** Why the link let nobody in. @type {ReturnType<typeof problemOf> | null} */
let problem = null;

/** Nobody knows us here: the door, which is fetched now. */
async function showDoor() {
	const place = $("door");
	showPaired(false);
	if (place.firstElementChild) return;
	try {
		await Promise.all([import("./pieces/pairing.js"), loadRest()]);
	} catch (error) {
		void missing(place, error, () => place.hidden);
		return;
	}
	// The box says it again while the door is on its way.
	if (place.querySelector("plug-pairing")) return;
	const door = make("plug-pairing");
	place.replaceChildren(door);
	// Its words have come with the door.
	if (problem) door.problem = sayProblem(problem);
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
	hide(silence, feed.answered || (feed.state !== null && document.body.dataset.screen === "home"));
	put(silence, say("live.no-answer-hint"));
	if (!feed.state) return;
	setClock(feed.state);
	if (feed.answered) {
		watchFrames(feed.state);
		watchEvening(feed.state);
	}
	document.body.classList.toggle("running", isRunning(feed.state));
	// Where viewers talk, their screen is at hand.
	if (!isChatHere && feed.state.chat.status !== "off") {
		isChatHere = true;
		loadScreen("chat", "").catch(() => {});
	}
	publish(feed.state);
}

/** The first State of a session: we are in. What only an owner may do is not shown to others. */
async function enter() {
	showPaired(true);
	localStorage.setItem("plugcast-in", "1");
	const { body } = await read("/api/whoami");
	// A helper is a viewer who may hide and pin what is said.
	document.body.classList.toggle("viewer", ["viewer", "helper"].includes(body?.role));
	document.body.classList.toggle("helper", body?.role === "helper");
	document.body.dataset.phone = body?.id || "";
	draw();
}

async function main() {
	await loadLanguage();
	problem = await pairByLink();
	document.addEventListener("stranger", showDoor);
	document.addEventListener("words", draw);
	document.addEventListener("visibilitychange", forgetFrames);
	window.addEventListener("hashchange", route);
	feed.addEventListener("meters", (event) => publishMeters(/** @type {CustomEvent<Meters>} */ (event).detail));
	feed.addEventListener("state", draw);
	feed.addEventListener("entered", enter);
	await route();
	for (const tag of ["preview", "problem", "facts"]) $("stage").append(make(`plug-${tag}`));
	for (const tag of ["quick", "go", "privacy"]) $("bar").append(make(`plug-${tag}`));
	document.body.append(make("plug-ways"));
	feed.start();
	document.documentElement.dataset.runs = "";
}

// The page that stands for this one where the box wants HTTPS uses its parts, and is not it.
if (document.getElementById("app")) main().catch(unable);
