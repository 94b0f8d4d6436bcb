// The worst problem, as one card on the picture: what is wrong, and the one thing that mends it. On other screens a sign
// in the frame leads to it.

import {
	feed,
	fixFor,
	hide,
	hintsFor,
	icon,
	make,
	mark,
	Piece,
	publish,
	put,
	Redraw,
	say,
	sayProblem,
} from "../lib/all.js";

export const SEEN = "plugcast-notices";

/** What owners are told of phones, until they look at the list of phones; a new owner is no news to itself. @param {State} state */
function noticesOf(state) {
	const { phone } = document.body.dataset;
	if (phone === undefined) return [];
	const since = Number(localStorage.getItem(SEEN));
	return (state.access?.notices || []).filter((one) => (one["since-at"] || 0) > since && one.facts?.id !== phone);
}

/** What makes two problems the same one: control knows it as these, too. @param {Problem} problem */
const idOf = ({ code, facts }) =>
	[code, ...["destination", "path", "device", "file", "id"].map((name) => facts?.[name])].join();

/** Problems that a person should see: not what is only worth knowing. @param {State} state @returns {Problem[]} */
export function problemsOf(state) {
	const real = state.problems.filter(({ code }) => code !== "not-in-this-version");
	// What holds the live up comes first. While none is wanted, a missing key is a row of its own and no alarm.
	const known = state.live.problem ? [state.live.problem, ...real] : real;
	/** @type {Set<string>} */
	const seen = new Set();
	return [...known, ...noticesOf(state)].filter((one) => !seen.has(idOf(one)) && seen.add(idOf(one)));
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
		/** Which one somebody has read and put away, so that the picture can be seen. */
		#away = "";

		build() {
			this.append(this.#box, this.#more);
		}

		/** @param {State} state */
		draw(state) {
			const all = problemsOf(state);
			const [worst] = all;
			const name = worst ? idOf(worst) : "";
			if (this.#away !== name) this.#away = "";
			const isShown = Boolean(worst) && !this.#away && feed.answered;
			hide(this, !isShown);
			document.body.classList.toggle("troubled", isShown);
			hide(this.#more, all.length < 2);
			put(this.#more, say("problems.more", { count: all.length - 1 }));
			mark(this.#box, "class", state.live.problem || state.health.verdict === "bad" ? "is-bad" : "is-warn");
			const fix = worst ? fixFor(worst.code) : null;
			this.#redraw.when([name, sayProblem(worst), worst?.hints, fix], () => {
				const way = fix && make("a.button.main", { href: fix.go }, say(fix.word));
				this.#box.replaceChildren(...(worst ? [problemCard(worst, () => way), this.#close(name)] : []));
			});
		}

		/** @param {string} name */
		#close(name) {
			const onclick = () => {
				this.#away = name;
				if (this.newest) publish(this.newest);
				document.getElementById("screen")?.focus({ preventScroll: true });
			};
			return make("button.quiet.put-away", { type: "button", "aria-label": say("problems.away"), onclick }, icon("x"));
		}
	},
);
