// The way to the box: requests and their answers as values, and what time it is there.

import { after } from "./stop.js";
import { loadWords } from "./words.js";

export const stranger = () => document.dispatchEvent(new CustomEvent("stranger"));

/** Says that this browser cannot do what the page needs: no fault of the box's. @param {unknown} error */
export const unable = (error) => document.dispatchEvent(new CustomEvent("unable", { detail: error }));

const PATIENCE_MS = 12_000;
let skewS = 0;

/** The box's time in Unix seconds: phones are often wrong, and the box's times are the box's. */
export const now = () => Date.now() / 1000 + skewS;

/** @param {State} state */
export function setClock(state) {
	// State is stamped in whole seconds; moving only for more keeps a running clock from stepping back and forth.
	const seen = state.at - Date.now() / 1000;
	if (Math.abs(seen - skewS) > 1.5) skewS = seen;
}

/**
 * One request. Never throws: a box that does not answer is an answer with status 0.
 * @param {Method} method @param {string} path @param {Record<string, unknown>} [body] @returns {Promise<Answer>}
 */
export async function call(method, path, body) {
	/** @type {RequestInit} */
	const request = { method, signal: after(PATIENCE_MS) };
	if (body !== undefined) {
		request.headers = { "Content-Type": "application/json" };
		request.body = JSON.stringify(body);
	}
	try {
		const answer = await fetch(path, request);
		const isJson = (answer.headers.get("Content-Type") || "").includes("json");
		const said = isJson ? await answer.json() : await answer.text();
		if (answer.status === 401) stranger();
		// What is wrong will be said: its words are here then, or the box's own English stands in for them.
		if (!answer.ok && said.code !== "not-paired") await loadWords("problems", "answers").catch(() => {});
		return { ok: answer.ok, status: answer.status, body: said };
	} catch {
		return { ok: false, status: 0, body: { code: "page-no-answer", facts: {}, text: "" } };
	}
}

/** @param {string} path */
export const read = (path) => call("GET", path);

/** @param {Command} command */
export const ask = (command) => call("POST", "/api/do", command);

/** What went wrong, from an answer that is not ok. @param {Answer} answer @returns {Problem} */
export function problemOf(answer) {
	const { body } = answer;
	return body?.code ? body : { code: "page-not-understood", text: "", facts: { status: answer.status } };
}
