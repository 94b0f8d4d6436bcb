// Who may use this box: the phones that are paired, a way to name and remove one, an invitation for another, and a password.

import { SEEN } from "./problem.js";
import { httpsSite, secureWay } from "./secure.js";
import {
	button,
	call,
	card,
	form,
	icon,
	make,
	Piece,
	problemOf,
	put,
	read,
	reply,
	say,
	sayOr,
	sayProblem,
	sureButton,
	when,
} from "../lib/all.js";

/** The list of phones is on the screen. @param {State} state */
function noticesSeen(state) {
	const newest = Math.max(
		Number(localStorage.getItem(SEEN)),
		...(state.access?.notices || []).map((one) => one["since-at"] || 0),
	);
	localStorage.setItem(SEEN, String(newest));
}

customElements.define(
	"plug-phones",
	class extends Piece {
		#list = make("ul.plain.stack");
		#invited = make("div.qr-place");
		#about = make("div.row-between");
		#sessions = -1;

		build() {
			/** @param {"owner" | "helper" | "viewer"} role */
			const invite = (role) =>
				button(say(`phones.invite-${role}`), { icon: "qr-code", onclick: () => this.#invite(role) });
			this.append(
				this.said,
				this.#list,
				make(
					"div.stack.own",
					card(
						"plus",
						say("phones.invite"),
						make("p.small", say("phones.roles")),
						make("div.buttons", invite("owner"), invite("helper"), invite("viewer")),
						this.#invited,
					),
					this.#password(),
				),
			);
			void this.#load();
		}

		/** @param {State} state */
		draw(state) {
			const count = state.access?.sessions ?? -1;
			noticesSeen(state);
			if (count !== this.#sessions && this.#sessions !== -1) void this.#load();
			this.#sessions = count;
		}

		async #load() {
			void this.#loadPassword();
			const answer = await read("/api/sessions");
			if (!answer.ok) return;
			/** @type {Session[]} */
			const sessions = answer.body;
			this.#list.replaceChildren(...sessions.map((one) => this.#row(one, Boolean(one.this))));
		}

		/** @param {Session} one @param {boolean} isThis */
		#row(one, isThis) {
			const name = one.name || say("phones.nameless");
			const remove = sureButton(
				say(isThis ? "phones.leave" : "phones.remove"),
				say(isThis ? "phones.remove-this" : "phones.remove-sure"),
				name,
				async () => {
					const answer = await call("DELETE", `/api/sessions/${encodeURIComponent(one.id)}`);
					const { "invited-left": count, "password-ended": ended } = answer.body;
					const left = [count ? say("phones.left", { count }) : "", ended ? say("phones.password-ended") : ""];
					put(this.said, answer.ok ? left.filter(Boolean).join(" ") : sayProblem(problemOf(answer)));
					await this.#load();
				},
			);
			// A viewer may do nothing else here.
			remove.classList.toggle("leave", isThis);
			const by = one["invited-by"];
			const facts = [
				sayOr(`role.${one.role}`, one.role),
				isThis ? say("phones.this") : "",
				one["used-at"] ? say("phones.used", { when: when(one["used-at"]) }) : "",
				by ? say("phones.invited-by", { name: by }) : "",
			];
			const title = make("div", make("strong", name));
			const rename = button(say("phones.rename"), {
				class: "second own",
				onclick: () => title.replaceChildren(this.#naming(one, name)),
				"aria-label": say("phones.name-of", { name }),
			});
			return make(
				"li.card.stack",
				title,
				make("p.small", facts.filter(Boolean).join(" · ")),
				make("div.buttons", rename, remove),
			);
		}

		/** @param {Session} one @param {string} name */
		#naming(one, name) {
			const input = make("input", {
				value: one.name,
				maxlength: 40,
				required: true,
				"aria-label": say("phones.name-of", { name }),
			});
			return form(
				"row-between",
				async () => {
					const answer = await call("POST", `/api/sessions/${encodeURIComponent(one.id)}`, { name: input.value });
					put(this.said, answer.ok ? "" : sayProblem(problemOf(answer)));
					await this.#load();
				},
				input,
				button(say("phones.save"), { type: "submit" }),
			);
		}

		/** When the password was set, by whom, and a way to take it away without knowing it. */
		async #loadPassword() {
			const { ok, body } = await read("/api/password");
			if (!ok) return;
			const since = body["set-at"]
				? say("password.since", { when: when(body["set-at"]), name: body["set-by"] || say("phones.nameless") })
				: say("password.since-unknown");
			const text = body.given ? say("password.given") : body.set ? since : say("password.none");
			const remove =
				body.set &&
				!body.given &&
				sureButton(say("password.remove"), say("phones.remove-sure"), say("password.title"), async () => {
					const answer = await call("DELETE", "/api/password");
					put(this.said, answer.ok ? "" : sayProblem(problemOf(answer)));
					await this.#load();
				});
			this.#about.replaceChildren(make("p.small", text), ...(remove ? [remove] : []));
		}

		/** @param {"owner" | "helper" | "viewer"} role */
		async #invite(role) {
			const answer = await call("POST", "/api/sessions/invite", { role });
			put(this.said, answer.ok ? "" : sayProblem(problemOf(answer)));
			if (!answer.ok) return;
			const { link, qr } = answer.body;
			const image = make("img.qr-image", { alt: say("phones.qr-alt") });
			// As a picture an SVG runs no script, wherever it comes from.
			if (qr) image.src = URL.createObjectURL(new Blob([qr], { type: "image/svg+xml" }));
			this.#invited.replaceChildren(
				make("figure.qr", qr ? image : null, make("figcaption.small", say("phones.scan"))),
				make("p.link", link),
			);
		}

		/** To the same page over HTTPS. There this phone is let in once more, by an invitation of its own. */
		async #goSecure() {
			const answer = await call("POST", "/api/sessions/invite", { role: "owner" });
			if (answer.ok) location.assign(`${httpsSite()}/${new URL(answer.body.link).hash}`);
			else put(this.said, sayProblem(problemOf(answer)));
		}

		#password() {
			const head = [
				make("h3", icon("lock"), say("password.title")),
				make("p.small", say("password.said")),
				this.#about,
			];
			if (!isSecureContext) {
				const way = make(
					"details",
					make("summary", make("span", say("password.set"))),
					make("div.stack", make("p", say("secure.password")), ...secureWay(() => void this.#goSecure())),
				);
				return make("div.card.stack", ...head, way);
			}
			/** @param {string} id @param {string} label @param {AutoFill} autocomplete */
			const field = (id, label, autocomplete) => {
				const input = make("input", { type: "password", id, autocomplete, maxlength: 200 });
				return { input, row: make("div.setting", make("label", { for: id }, label), input) };
			};
			const old = field("password-old", say("password.old"), "current-password");
			const fresh = field("password-new", say("password.new"), "new-password");
			const said = reply();
			return form(
				"card stack",
				async () => {
					const answer = await call("POST", "/api/password", {
						password: fresh.input.value,
						...(old.input.value ? { old: old.input.value } : {}),
					});
					put(said, answer.ok ? say("password.saved") : sayProblem(problemOf(answer)));
					if (answer.ok) for (const { input } of [old, fresh]) input.value = "";
					void this.#loadPassword();
				},
				...head,
				old.row,
				fresh.row,
				said,
				button(say("password.save"), { type: "submit" }),
			);
		}
	},
);
