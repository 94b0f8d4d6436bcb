// The worst problem, as one card on top of every screen: what is wrong, and the one thing that mends it.

import { button, fixFor, hide, hintsFor, icon, make, Piece, put, Redraw, say, sayProblem } from "../lib/all.js";

const SEEN = "plugcast-notices";

/** What owners are told of phones, until they look at the list of phones; a new owner is no news to itself. @param {State} state */
function noticesOf(state) {
	const { phone } = document.body.dataset;
	if (phone === undefined) return [];
	const since = Number(localStorage.getItem(SEEN));
	return (state.access?.notices || []).filter((one) => (one["since-at"] || 0) > since && one.facts?.id !== phone);
}

/** The list of phones is on the screen. @param {State} state */
export function noticesSeen(state) {
	const newest = Math.max(
		Number(localStorage.getItem(SEEN)),
		...(state.access?.notices || []).map((one) => one["since-at"] || 0),
	);
	localStorage.setItem(SEEN, String(newest));
}

/** Problems that a person should see: not what is only worth knowing. @param {State} state @returns {Problem[]} */
export function problemsOf(state) {
	const real = state.problems.filter(({ code }) => code !== "not-in-this-version");
	// While no live is wanted, a missing key is a row of its own and no alarm.
	const known = state.live.type === "needs-key" && state.live.problem ? [state.live.problem, ...real] : real;
	/** @type {Set<string>} */
	const seen = new Set();
	return [...known, ...noticesOf(state)].filter(
		(one) => !seen.has(one.code + one.text) && seen.add(one.code + one.text),
	);
}

/** @param {Problem} problem @param {() => HTMLElement | null} fixed what mends it */
export function problemCard(problem, fixed) {
	const hints = hintsFor(problem);
	return make(
		"div.problem",
		icon("triangle-alert"),
		make(
			"div",
			make("p.problem-text", sayProblem(problem)),
			hints.length
				? make(
						"details",
						make("summary", say("problems.try")),
						make("ul.hints", ...hints.map((hint) => make("li", hint))),
					)
				: null,
			fixed(),
		),
	);
}

customElements.define(
	"plug-problem",
	class extends Piece {
		#box = make("div", { role: "region", "aria-label": say("problems.now"), "aria-live": "polite" });
		#more = make("a.more", { href: "#/settings/doctor" });
		#redraw = new Redraw();

		build() {
			this.append(this.#box, this.said, this.#more);
		}

		/** @param {State} state */
		draw(state) {
			const all = problemsOf(state);
			const [worst] = all;
			hide(this, !worst);
			this.parentElement?.classList.toggle("has-problem", Boolean(worst));
			hide(this.#more, all.length < 2);
			put(this.#more, say("problems.more", { count: all.length - 1 }));
			const fix = worst ? fixFor(worst.code) : null;
			this.#redraw.when([worst?.code, worst?.text, worst?.hints, fix], () => {
				const word =
					fix &&
					(() =>
						button(say(fix.word), {
							class: "main",
							onclick: () => {
								if (fix.go) location.hash = fix.go;
							},
						}));
				this.#box.replaceChildren(...(worst ? [problemCard(worst, () => (word ? word() : null))] : []));
			});
		}
	},
);
