// The State as it happens, by server-sent events.

import { stranger, unable } from "./box.js";
import { after, within } from "./stop.js";

// The box says something every 10 s, and its time every second.
const QUIET_MS = 15_000;
const DOUBT_MS = 4000;
const PROBE_MS = 2500;
const STRANGER_MS = 5000;
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 4000;
const STEADY_MS = 5000;
const WAKE_MS = 1000;

/** @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
const pause = (ms, signal) =>
	new Promise((resolve) => {
		setTimeout(resolve, ms);
		signal.addEventListener("abort", () => resolve(), { once: true });
	});

/** Splits what a server sends into events. Comments become an event without a name. @param {string} text */
export function parseEvents(text) {
	const blocks = text.replaceAll("\r\n", "\n").split("\n\n");
	const rest = blocks.pop() || "";
	const events = blocks.map((block) => {
		const event = { name: "", data: "" };
		for (const line of block.split("\n")) {
			if (line.startsWith("event:")) event.name = line.slice(6).trim();
			else if (line.startsWith("data:")) event.data += (event.data ? "\n" : "") + line.slice(5).trimStart();
		}
		return event;
	});
	return { events, rest };
}

/** The connection could not be made or broke: that is what "the box does not answer" means, and nothing else is. */
class Silence extends Error {}

/** @template T @param {Promise<T>} step @returns {Promise<T>} */
const orSilence = (step) =>
	step.catch(() => {
		throw new Silence();
	});

/**
 * Of the chat only what is new comes: it takes the place of what has its id, or comes last. So many are there then.
 * @param {Chat} before @param {ChatChange} change @returns {Chat}
 */
function joined(before, { append = [], messages = before.messages, count, ...chat }) {
	const all = new Map([...messages, ...append].map((one) => [one.id, one]));
	return { ...chat, messages: [...all].map(([, one]) => one).slice(count ? -count : 0) };
}

export class Feed extends EventTarget {
	/** @type {State | null} */ state = null;
	answered = true;
	#failures = 0;
	#isIn = false;
	/** @type {AbortController | null} */ #running = null;

	start() {
		document.addEventListener("visibilitychange", () => this.#turn());
		window.addEventListener("online", () => this.again());
		window.addEventListener("offline", () => this.#tell(false));
		void this.#begin();
		this.#turn();
	}

	/** Takes the State that the page asked for together with its own parts: nobody waits for the feed's first words. */
	async #begin() {
		try {
			const answer = await fetch("/api/state");
			const text = await answer.text();
			if (answer.ok && !this.state) this.#take("state", text);
		} catch {
			// What is wrong is the feed's to say.
		}
	}

	/** Starts anew at once, such as after pairing. */
	again() {
		this.#running?.abort();
		this.#running = null;
		this.#failures = 0;
		this.#turn();
	}

	#turn() {
		if (document.hidden) {
			this.#running?.abort();
			this.#running = null;
		} else if (!this.#running) {
			const running = new AbortController();
			this.#running = running;
			void this.#run(running.signal);
			// What was known before somebody looked away holds for a moment only.
			const asleep = this.state;
			setTimeout(() => {
				if (asleep && this.state === asleep && !running.signal.aborted) this.#tell(false);
			}, WAKE_MS);
		}
	}

	/** @param {AbortSignal} signal */
	async #run(signal) {
		while (!signal.aborted) {
			let wait = STRANGER_MS;
			try {
				await this.#listen(signal);
			} catch (error) {
				if (signal.aborted) return;
				this.#failures += 1;
				wait = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1));
				// What the page cannot do is not the box's silence. And one broken connection is nothing yet: a box whose
				// panel restarts is back at once.
				if (!(error instanceof Silence || error instanceof SyntaxError)) unable(error);
				else if (this.#failures > 1) this.#tell(false);
			}
			await pause(wait, signal);
		}
	}

	/** Reads the feed until it breaks. @param {AbortSignal} signal */
	async #listen(signal) {
		const begun = performance.now();
		const stop = within(signal);
		/** @type {Timer} */ let watch;
		/** @type {Timer} */ let doubt;
		const heard = () => {
			clearTimeout(watch);
			clearInterval(doubt);
			watch = setTimeout(() => stop.abort(), QUIET_MS);
			doubt = setInterval(() => this.#probe(stop), DOUBT_MS);
		};
		heard();
		try {
			const answer = await orSilence(
				fetch("/api/feed", {
					headers: { Accept: "text/event-stream", "X-Phone-Time": String(Date.now()) },
					signal: stop.signal,
				}),
			);
			if (answer.status === 401) {
				this.#isIn = false;
				this.#tell(true);
				stranger();
				return;
			}
			if (!answer.ok) throw new Silence();
			if (!answer.body) throw new Error("Response.body");
			const reader = answer.body.getReader();
			const decoder = new TextDecoder();
			for (let text = ""; ; ) {
				const { done, value } = await orSilence(reader.read());
				if (done) throw new Silence();
				heard();
				const { events, rest } = parseEvents(text + decoder.decode(value, { stream: true }));
				text = rest;
				for (const event of events) this.#take(event.name, event.data);
				// One that breaks after its first words is none.
				if (performance.now() - begun > STEADY_MS) this.#failures = 0;
			}
		} finally {
			clearTimeout(watch);
			clearInterval(doubt);
			stop.abort();
		}
	}

	/** A feed that is quiet says nothing of why; a phone that lost its network hears no end of it. @param {AbortController} listening */
	async #probe(listening) {
		try {
			await fetch("/healthz", { cache: "no-store", signal: after(PROBE_MS) });
		} catch {
			if (listening.signal.aborted) return;
			this.#tell(false);
			listening.abort();
		}
	}

	/** @param {string} name @param {string} data */
	#take(name, data) {
		if (name === "meters") {
			this.dispatchEvent(new CustomEvent("meters", { detail: /** @type {Meters} */ (JSON.parse(data)) }));
			return;
		}
		if (name === "state") {
			if (!this.#isIn) this.dispatchEvent(new CustomEvent("entered"));
			this.#isIn = true;
			this.state = JSON.parse(data);
		}
		if (name === "change" && this.state) {
			const change = JSON.parse(data);
			if (change.chat) change.chat = joined(this.state.chat, change.chat);
			this.state = { ...this.state, ...change };
		} else if (name !== "state") return;
		this.answered = true;
		this.dispatchEvent(new CustomEvent("state"));
	}

	/** @param {boolean} answered */
	#tell(answered) {
		this.answered = answered;
		this.dispatchEvent(new CustomEvent("state"));
	}
}

export const feed = new Feed();
