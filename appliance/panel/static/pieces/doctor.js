// The check-up: everything that is wrong now, worst first, and the twelve checks with a fix each.

import {
	button,
	card,
	fixFor,
	hide,
	icon,
	language,
	make,
	number,
	Piece,
	put,
	read,
	Redraw,
	say,
	sayOr,
} from "../lib/all.js";
import { problemCard, problemsOf } from "./problem.js";
import { SIGNS } from "./rows.js";

/** @type {Record<Grade, number>} */
const RANK = { bad: 0, warn: 1, unknown: 2, ok: 3 };

customElements.define(
	"plug-doctor",
	class extends Piece {
		#problems = make("div.stack");
		#checks = make("ul.rows.checks", { hidden: true });
		#again = button(say("doctor.again"), { icon: "rotate-ccw", onclick: () => this.#run() });
		#uplink = card("wifi", say("doctor.uplink"));
		#uplinkText = make("p", { role: "status" });
		#test = button(say("doctor.test"), { icon: "wifi", onclick: () => this.do({ do: "uplink-test" }) });
		#advice = make("div.stack");
		#isWrong = false;
		#redraw = new Redraw();
		#redrawAdvice = new Redraw();

		build() {
			this.#uplink.append(make("p.small", say("doctor.uplink-said")), this.#uplinkText, this.#advice, this.#test);
			hide(this.#again, true);
			this.append(this.said, this.#problems, this.#checks, this.#again, this.#uplink);
			void this.#run();
		}

		/** @param {State} state */
		draw(state) {
			const problems = problemsOf(state);
			this.#redraw.when([this.#isWrong, ...problems.map(({ code, text }) => code + text)], () => {
				const cards = problems.map((one) => {
					const fix = fixFor(one.code);
					return problemCard(one, () => (fix ? make("a.button.second", { href: fix.go }, say(fix.word)) : null));
				});
				this.#problems.replaceChildren(
					...(cards.length || this.#isWrong ? cards : [make("p.card.fine", icon("check"), say("doctor.fine"))]),
				);
			});
			const { uplink } = state;
			this.#test.disabled = uplink.state === "testing" || state.live.type !== "off";
			const facts = { mbps: number(uplink.kbps / 1000, 1) };
			put(
				this.#uplinkText,
				uplink.state === "none"
					? ""
					: uplink.state === "testing"
						? say("doctor.testing")
						: uplink.state === "failed"
							? say("doctor.test-failed")
							: say("doctor.speed", facts),
			);
			this.#advise(uplink.state === "ok" ? uplink.advice : null);
		}

		/** @param {Advice | null} advice */
		#advise(advice) {
			this.#redrawAdvice.when(advice, () =>
				this.#advice.replaceChildren(
					...(advice
						? [
								make(
									"p",
									say(advice.limit === "box" ? "doctor.advice-box" : "doctor.advice", {
										preset: advice.preset.replace(/p(\d)/, "p $1"),
									}),
								),
								button(say("doctor.advice-use"), {
									class: "main",
									onclick: async () => {
										for (const [path, value] of /** @type {[string, string | number][]} */ ([
											["picture.size", advice.size],
											["picture.fps", advice.fps],
											["encoder.bitrate-kbps", advice["bitrate-kbps"]],
										])) {
											if (!(await this.do({ do: "set-setting", path, value }))) return;
										}
										put(this.said, say("settings.saved"));
									},
								}),
							]
						: []),
				),
			);
		}

		async #run() {
			this.#again.disabled = true;
			const answer = await read("/api/doctor");
			this.#again.disabled = false;
			if (!answer.ok) return;
			/** @type {Check[]} */
			const checks = Array.isArray(answer.body) ? answer.body : answer.body.checks;
			checks.sort((one, other) => RANK[one.state] - RANK[other.state]);
			this.#checks.replaceChildren(...checks.map((one) => this.#row(one)));
			this.#isWrong = checks.some((one) => one.state === "bad" || one.state === "warn");
			if (this.newest) this.draw(this.newest);
			hide(this.#checks, false);
			hide(this.#again, false);
		}

		/** @param {Check} one */
		#row(one) {
			const name = sayOr(`check.${one.name}`, one.name);
			// The box speaks English; in another language its code has a short sentence, and a long one that says what to do.
			const { code, facts, state } = one;
			const long = code ? sayOr(`problem.${code}`, one.fix, facts) : one.fix;
			const short = code
				? sayOr([`ready.${code}`, `problem.${code}`], one.text, facts)
				: state === "ok"
					? say("check.fine")
					: state === "unknown"
						? say("row.unknown")
						: one.text;
			const [text, fix] = language === "en" ? [one.text, one.fix] : [short, state === "ok" || !code ? "" : long];
			return make(
				"li",
				{ class: `row is-${one.state}` },
				make("span.row-sign", icon(SIGNS[one.state]), make("span.unseen", say(`grade.${one.state}`))),
				make("span.row-name", name),
				make("span.row-body", make("span.row-text", text), fix && fix !== text ? make("span.small", fix) : null),
			);
		}
	},
);
