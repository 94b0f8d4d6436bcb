// The evenings that were: each LIVE with what it brought, what went wrong and the moments worth a clip, newest first.

import {
	button,
	clock,
	hide,
	icon,
	link,
	make,
	number,
	Piece,
	problemOf,
	put,
	read,
	say,
	sayOr,
	sayProblem,
	when,
} from "../lib/all.js";
import { hour, loading as load, nameOf, sums } from "../lib/chat.js";

export const loading = load();
const MOST = 20;

customElements.define(
	"plug-lives",
	class extends Piece {
		#list = make("div.stack");
		#none = make("p.card.lead", { hidden: true }, say("lives.none"));
		#more = button(say("lives.more"), { onclick: () => this.#load() });
		#last = 0;

		build() {
			hide(this.#more, true);
			this.append(
				make("a.back", { href: "#/chat" }, icon("chevron-left"), make("span", say("chat.title"))),
				make("h2", say("lives.title")),
				this.said,
				this.#none,
				this.#list,
				this.#more,
			);
			void this.#load();
		}

		async #load() {
			const answer = await read(`/api/lives?most=${MOST}${this.#last ? `&before=${this.#last}` : ""}`);
			put(this.said, answer.ok ? "" : sayProblem(problemOf(answer)));
			if (!answer.ok) return;
			/** @type {LiveSummary[]} */
			const lives = answer.body;
			const isFirst = !this.#last;
			this.#list.append(...lives.map((one, at) => cardOf(one, isFirst && !at)));
			this.#last = lives.length ? lives[lives.length - 1].id : this.#last;
			hide(this.#none, !isFirst || lives.length > 0);
			hide(this.#more, lives.length < MOST);
		}
	},
);

/** @param {LiveSummary} live @param {boolean} isOpen */
function cardOf(live, isOpen) {
	const { id, title, seconds, totals, problems, highlights, clips } = live;
	const gifters = live["top-gifters"];
	const peak = live["viewers-peak"];
	const average = live["viewers-average"];
	const name = when(live["began-at"]);
	const facts = [
		...(peak == null ? [] : [say("lives.peak", { count: number(peak) })]),
		...(average == null ? [] : [say("lives.average", { count: number(average) })]),
		...sums(totals),
		...(clips.length ? [say("lives.clips", { count: number(clips.length) })] : []),
	];
	/** @param {Key} word @param {Node[]} rows */
	const part = (word, rows) => (rows.length ? make("div", make("h3", say(word)), make("ul.plain", ...rows)) : null);
	const gave = gifters.map(({ user, gifts, coins }) =>
		make("li", nameOf(user), ` ${say("lives.gave", { gifts: number(gifts), coins: number(coins) })}`),
	);
	const wrong = problems.map(({ code, text, seconds: lasted, times }) => {
		const said = sayProblem({ code, text });
		return make("li", `${said} ${times > 1 ? `× ${number(times)}, ` : ""}${clock(lasted)}`);
	});
	const moments = highlights.map(({ at, why, count, coins, recording, "recording-s": from }) =>
		make(
			"li",
			`${hour(at)} ${sayOr(`lives.moment-${why}`, why, { count: number(count), coins: number(coins || 0) })} `,
			recording ? make("span.small", say("lives.recorded", { file: recording, time: clock(from || 0) })) : null,
		),
	);
	/** @param {string} kind */
	const file = (kind) => {
		const word = kind === "csv" ? say("lives.table") : say("lives.log");
		const how = { href: `/api/lives/${id}.${kind}`, download: `live-${id}.${kind}`, "aria-label": `${word}: ${name}` };
		return link(word, "download", how);
	};
	return make(
		"details.card",
		{ open: isOpen },
		make("summary", make("span", `${name} · ${live["ended-at"] ? clock(seconds) : say("lives.on")}`)),
		make(
			"div.stack",
			title ? make("p", make("bdi", { dir: "auto" }, title)) : null,
			facts.length ? make("p", facts.join(" · ")) : null,
			part("lives.gifters", gave),
			part("lives.moments", moments),
			part("lives.problems", wrong),
			make("div.buttons", file("csv"), file("jsonl")),
		),
	);
}
