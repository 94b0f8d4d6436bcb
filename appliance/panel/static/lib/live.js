// What the live is, in words: the state, what can be done about it, and the reason when something is wrong.

import { now } from "./box.js";
import { fixFor } from "./fixes.js";
import { say, sayOr } from "./words.js";

const STILL_S = 3;

let frames = -1;
let movedAt = 0;
let seenAt = 0;

/** Notes whether frames go out, by the box's time: while it is silent, nothing is known. @param {State} state */
export function watchFrames(state) {
	const sent = state.destinations.reduce((sum, one) => sum + one["sent-frames"], 0);
	seenAt = state.at;
	if (sent !== frames || movedAt > seenAt) movedAt = seenAt;
	frames = sent;
}

/** After a time in which nothing was read, standing still means nothing. */
export function forgetFrames() {
	frames = -1;
}

const isMoving = () => seenAt - movedAt < STILL_S;

/** Where a live goes, by the platforms' names. @param {State} state */
export const placesOf = (state) =>
	state.destinations
		.filter((one) => one.enabled)
		.map(({ preset }) => sayOr(`preset.${preset}`, preset))
		.join(" + ") || say("row.nowhere");

/**
 * The one line on the picture. What is wrong is the card's to say; beside it the line says only how bad it is.
 * @param {State} state @param {Said} said @param {{ answered: boolean, hasCard: boolean }} page
 * @returns {{ look: "ok" | "warn" | "bad" | "info", text: string }}
 */
export function statusOf(state, said, { answered, hasCard }) {
	if (!answered) return { look: "bad", text: said.hint };
	if (said.hint) return { look: said.look === "bad" ? "bad" : said.look === "busy" ? "warn" : "info", text: said.hint };
	if (["idle", "ready"].includes(said.look)) return { look: "info", text: say("status.off") };
	// How the stream does is known only while it goes out.
	if (!["live", "practice"].includes(said.look)) return { look: "info", text: "" };
	const { verdict, word, why } = healthOf(state);
	if (verdict === "good") return { look: "ok", text: word };
	return { look: verdict === "bad" ? "bad" : verdict === "fair" ? "warn" : "info", text: (!hasCard && why) || word };
}

/** @param {State} state */
export const isRunning = (state) => state.live.type !== "off";

/** Whether packets go out or are made, so that there is moving video to see. @param {State} state */
export const hasVideo = (state) => ["on-air", "reconnecting", "practicing"].includes(state.live.type);

const EVENING = "plugcast-evening";
const UNSEEN_S = 15;
let began = 0;
let lastAt = 0;

/** Notes when a live began and when it was over: 0 when nobody looked at that time. Call with every State. @param {State} state */
export function watchEvening({ live, at }) {
	if (live.type === "on-air") {
		began = live["since-at"] || at;
		sessionStorage.removeItem(EVENING);
	} else if (live.type === "off" && began) {
		sessionStorage.setItem(EVENING, JSON.stringify([began, at - lastAt < UNSEEN_S ? at : 0]));
		began = 0;
	}
	lastAt = at;
}

/** The live that is over: from when to when, in Unix seconds; to 0 where that is not known. @returns {[number, number] | null} */
export const evening = () => JSON.parse(sessionStorage.getItem(EVENING) || "null");
export const forgetEvening = () => sessionStorage.removeItem(EVENING);

/** @param {State} state @param {boolean} answered whether the box does @returns {Said} */
export function tell(state, answered) {
	if (!answered) return { look: "bad", word: say("live.no-answer"), hint: say("live.no-answer-hint"), act: "none" };
	const { live } = state;
	// What is said of the key from now on was said of this LIVE.
	if (isRunning(state)) kept = "";
	const waits = live["retry-at"] ? Math.max(0, Math.round(live["retry-at"] - now())) : 0;
	const since = now() - (live["since-at"] || now());
	switch (live.type) {
		case "off":
			return before(state);
		case "preparing":
			return { look: "busy", word: say("live.preparing"), hint: "", act: "end" };
		case "connecting":
			return {
				look: "busy",
				word: waits ? say("live.again-in", { seconds: waits }) : say("live.connecting"),
				hint: "",
				act: "end",
			};
		case "on-air":
			if (!isMoving()) return { look: "busy", word: say("live.still"), hint: say("live.still-hint"), act: "end" };
			return { look: "live", word: say("live.live"), seconds: since, hint: "", act: "end" };
		case "reconnecting":
			return {
				look: "busy",
				word: waits ? say("live.reconnecting-in", { seconds: waits }) : say("live.reconnecting"),
				hint: say("live.kept-open"),
				act: "end",
			};
		// The tries go on meanwhile, and can be ended.
		case "needs-key":
			return { look: "bad", word: say("live.needs-key"), hint: "", act: "end" };
		case "ending":
			return ending(state);
		case "practicing":
			return {
				look: "practice",
				word: say("live.practicing"),
				seconds: since,
				hint: say("live.practicing-hint"),
				act: "end",
			};
		default:
			return { look: "busy", word: live.type, hint: "", act: "none" };
	}
}

/** @param {State} state @returns {Said} */
function ending({ live, destinations }) {
	const left = Math.ceil((live["ends-at"] || 0) - now());
	if (left <= 0) return { look: "busy", word: say("live.ending"), hint: "", act: "none" };
	const isSeen = isMoving() && destinations.some((one) => one.state === "publishing");
	return {
		look: isSeen ? "live" : "busy",
		word: say("live.ending-in", { seconds: left }),
		hint: isSeen ? say("live.ending-hint") : "",
		act: "undo",
	};
}

/** @param {State} state @param {Row["name"]} name */
const rowOf = (state, name) => state.readiness.find((one) => one.name === name);

const DEAD = new Set(["key-used", "key-expired", "stream-key-refused"]);
let kept = "";

/** Somebody knows better: the platform's own LIVE goes on, and its key with it. @param {State} state */
export function keepOldKey(state) {
	kept = keysOf(state);
}

/** @param {State} state */
const keysOf = ({ destinations }) => destinations.map((one) => one["key-last4"] + one["key-expires-at"]).join();

/** There is a key, and it will not be taken any more. @param {State} state */
export const hasDeadKey = (state) => DEAD.has(rowOf(state, "tiktok")?.code || "") && kept !== keysOf(state);

/** @param {State} state */
const lacksKey = (state) => rowOf(state, "tiktok")?.state === "bad" || hasDeadKey(state);

/** @param {State} state @returns {Said} */
function before(state) {
	if (!state.engine.connected) return { look: "busy", word: say("live.starting"), hint: "", act: "none" };
	if (lacksKey(state)) {
		const fix = fixFor(rowOf(state, "tiktok")?.code || "");
		return { look: "idle", word: say("live.almost"), hint: "", act: "paste", fix: fix?.go === "#/key" ? null : fix };
	}
	const game = rowOf(state, "game");
	const isReady = !game || game.state === "ok";
	return { look: "ready", word: say(isReady ? "live.ready" : "live.ready-no-game"), hint: "", act: "go" };
}

/** @param {State} state */
export function healthOf(state) {
	const { verdict, cause } = state.health;
	return {
		verdict,
		word: sayOr(`health.${verdict}`, verdict),
		why: cause ? sayOr([`cause.${cause}`, `problem.${cause}`], cause) : "",
	};
}
