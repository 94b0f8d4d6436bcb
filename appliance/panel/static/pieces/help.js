// For whoever helps: the numbers, the last lines of the log, and a bundle without secrets.

import { button, card, link, make, number, Piece, put, read, say, sayProblem } from "../lib/all.js";

const LINES = 200;

customElements.define(
	"plug-help",
	class extends Piece {
		#numbers = make("dl.numbers");
		#notes = make("ul.plain.small");
		#log = make("pre.log", { tabindex: "0", hidden: true, "aria-label": say("help.log") });
		#bundle = card(
			"download",
			say("help.bundle"),
			make("p.small", say("help.bundle-said")),
			link(say("help.bundle-get"), "download", { href: "/api/bundle", download: "plugcast-support.zip" }),
		);
		#logs = card("clock", say("help.log"), button(say("help.log-show"), { onclick: () => this.#read() }), this.#log);

		build() {
			this.append(card("activity", say("help.numbers"), this.#numbers, this.#notes), this.#logs, this.#bundle);
		}

		/** @param {State} state */
		draw(state) {
			const { encoder, signal, engine, destinations } = state;
			/** @type {string[][]} */
			const rows = [
				[say("numbers.console"), signal.mode || "–"],
				[
					say("numbers.picture"),
					encoder.width ? `${encoder.width}×${encoder.height}, ${number(encoder.fps, 1)} fps` : "–",
				],
				[say("numbers.encoder"), encoder.name || "–"],
				[say("numbers.rate"), encoder.kbps ? `${number(encoder.kbps)} / ${number(encoder["target-kbps"])} kb/s` : "–"],
				...destinations
					.filter(({ state: is }) => is === "publishing")
					.map((one) => [
						one.name,
						say("numbers.waiting", {
							kbps: number(one.kbps),
							ms: number(one["backlog-ms"]),
							dropped: number(one["dropped-frames"]),
						}),
					]),
				[say("numbers.memory"), engine["memory-mb"] ? `${number(engine["memory-mb"])} MB` : "–"],
				[say("numbers.version"), state.update.version],
			];
			while (this.#numbers.children.length > rows.length * 2) this.#numbers.lastChild?.remove();
			rows.forEach(([name, value], i) => {
				while (this.#numbers.children.length < i * 2 + 2) this.#numbers.append(make("dt"), make("dd"));
				put(this.#numbers.children[i * 2], name);
				put(this.#numbers.children[i * 2 + 1], value);
			});
			const notes = state.problems.filter(({ code }) => code === "not-in-this-version").map(sayProblem);
			if (this.#notes.children.length !== notes.length)
				this.#notes.replaceChildren(...notes.map((text) => make("li", text)));
		}

		async #read() {
			const answer = await read(`/api/logs?lines=${LINES}`);
			this.#log.hidden = false;
			put(
				this.#log,
				answer.ok ? (Array.isArray(answer.body) ? answer.body.join("\n") : String(answer.body)) : say("help.log-none"),
			);
			this.#log.scrollTop = this.#log.scrollHeight;
		}
	},
);
