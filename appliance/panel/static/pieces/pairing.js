// The first thing a new phone sees: the one-time link has paired it already, or it types the PIN that the box shows, or
// a password if the owner has set one.

import { button, call, clock, feed, form, icon, make, Piece, problemOf, put, say, sayProblem } from "../lib/all.js";
import { httpsSite, secureWay } from "./secure.js";

const PIN_LENGTH = 8;

export class Pairing extends Piece {
	#pin = make("input", {
		id: "pin",
		inputmode: "numeric",
		autocomplete: "one-time-code",
		maxlength: PIN_LENGTH + 1,
		required: true,
		pattern: "[0-9 ]*",
		placeholder: "0000 0000",
		"aria-describedby": "pin-hint",
	});
	#password = make("input", {
		id: "login",
		type: "password",
		autocomplete: "current-password",
		maxlength: 200,
		required: true,
	});

	/** @type {Timer} */ #waiting;

	build() {
		// Who was in and stands here again was removed, or was away for too long.
		if (localStorage.getItem("plugcast-in")) this.#tellRemoved();
		this.#pin.addEventListener("input", () => {
			const digits = this.#pin.value.replace(/\D/g, "").slice(0, PIN_LENGTH);
			this.#pin.value = digits.replace(/(\d{4})(?=\d)/, "$1 ");
			if (digits.length === PIN_LENGTH) void this.#enter("/api/pair", { pin: digits });
		});
		const byPin = form(
			"card stack",
			() => this.#enter("/api/pair", { pin: this.#pin.value.replace(/\D/g, "") }),
			make("label", { for: "pin" }, say("pair.pin")),
			this.#pin,
			make("p.small", { id: "pin-hint" }, say("pair.pin-said")),
			button(say("pair.enter"), { class: "main", type: "submit" }),
		);
		const login = make(
			"details.card",
			make("summary", make("span", say("pair.password"))),
			isSecureContext
				? this.#byPassword()
				: make("div.stack", make("p", say("secure.password")), ...secureWay(`${httpsSite()}/`)),
		);
		this.append(
			make("h2", say("pair.title")),
			make("p.lead", icon("scan"), make("span", say("pair.lead"))),
			this.said,
			byPin,
			login,
			make("p.small", say("pair.lost")),
		);
	}

	#byPassword() {
		return form(
			"stack",
			() => this.#enter("/api/login", { password: this.#password.value }),
			make("label", { for: "login" }, say("pair.password-label")),
			this.#password,
			button(say("pair.enter"), { type: "submit" }),
		);
	}

	/** @param {string} text */
	set problem(text) {
		put(this.said, text);
	}

	#tellRemoved() {
		this.problem = sayProblem({ code: "not-paired", text: "" });
	}

	gone() {
		clearTimeout(this.#waiting);
	}

	/** What was typed keeps its place in the line of guesses and is sent again when its turn has come. @param {number} until @param {() => void} act */
	#wait(until, act) {
		const left = (until - Date.now()) / 1000;
		put(this.said, left > 0 ? say("pair.waits", { time: clock(Math.ceil(left)) }) : "");
		if (left > 0) this.#waiting = setTimeout(() => this.#wait(until, act), Math.min(1000, left * 1000));
		else act();
	}

	/** @param {string} path @param {Record<string, string>} body */
	async #enter(path, body) {
		clearTimeout(this.#waiting);
		const answer = await call("POST", path, body);
		if (answer.ok) {
			this.#tellRemoved();
			feed.again();
		} else if (answer.status === 404 || answer.body?.code === "command") put(this.said, say("pair.link-only"));
		else if (answer.body?.code === "waits-its-turn")
			this.#wait(Date.now() + answer.body.facts.seconds * 1000, () => void this.#enter(path, body));
		else put(this.said, sayProblem(problemOf(answer)));
		this.#pin.value = "";
	}
}
customElements.define("plug-pairing", Pairing);
