// What the live is, in words: the state, what can be done about it, and the reason when something is wrong.

import { now } from "./box.js";
import { say, sayOr, sayProblem } from "./words.js";

const STILL_MS = 3000;

let frames = -1;
let movedAt = 0;

/** Notes whether frames go out. To be called with every State. @param {State} state */
export function watchFrames(state) {
	const sent = state.destinations.reduce((sum, one) => sum + one["sent-frames"], 0);
	if (sent !== frames) movedAt = performance.now();
	frames = sent;
}

/** After a time in which nothing was read, standing still means nothing. */
export function forgetFrames() {
	movedAt = performance.now();
}

const isMoving = () => performance.now() - movedAt < STILL_MS;

/** @param {State} state */
export const isRunning = (state) => state.live.type !== "off";

/** Whether packets go out or are made, so that there is moving video to see. @param {State} state */
export const hasVideo = (state) => ["on-air", "reconnecting", "practicing"].includes(state.live.type);

/** @param {State} state @param {boolean} answered whether the box does @returns {Said} */
export function tell(state, answered) {
	if (!answered) return { look: "bad", word: say("live.no-answer"), hint: say("live.no-answer-hint"), act: "none" };
	const { live } = state;
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
				hint: sayProblem(live.problem),
				act: "end",
			};
		case "on-air":
			if (!isMoving()) return { look: "busy", word: say("live.still"), hint: say("live.still-hint"), act: "end" };
			return { look: "live", word: say("live.live"), seconds: since, hint: "", act: "end" };
		case "reconnecting":
			return {
				look: "busy",
				word: waits ? say("live.reconnecting-in", { seconds: waits }) : say("live.reconnecting"),
				hint: sayProblem(live.problem) || say("live.kept-open"),
				act: "end",
			};
		// The tries go on meanwhile, so that it must be possible to end them; the key is asked for above.
		case "needs-key":
			return { look: "bad", word: say("live.needs-key"), hint: "", act: "end" };
		case "ending":
			return ending(live["ends-at"] || 0);
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

/** @param {number} endsAt Unix seconds @returns {Said} */
function ending(endsAt) {
	const left = Math.ceil(endsAt - now());
	if (left <= 0) return { look: "busy", word: say("live.ending"), hint: "", act: "none" };
	return { look: "live", word: say("live.ending-in", { seconds: left }), hint: say("live.ending-hint"), act: "undo" };
}

/** @param {State} state @returns {Said} */
function before(state) {
	if (!state.engine.connected) return { look: "busy", word: say("live.starting"), hint: "", act: "none" };
	/** @param {Row["name"]} name */
	const row = (name) => state.readiness.find((one) => one.name === name);
	if (row("tiktok")?.state === "bad") return { look: "idle", word: say("live.almost"), hint: "", act: "paste" };
	const game = row("game");
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
