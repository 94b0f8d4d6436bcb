// Who may use this box: the phones that are paired, a way to remove one, an invitation for another, and a password.

import { button, call, card, form, icon, make, Piece, problemOf, put, read, reply, say, sayOr, sayProblem, sureButton, when } from "../lib/all.js";

customElements.define("plug-phones", class extends Piece {
	#list = make("ul.plain.stack");
	#invited = make("div.qr-place");
	#sessions = -1;

	build() {
		/** @param {"owner" | "viewer"} role */
		const invite = (role) => button(say(`phones.invite-${role}`), { icon: "qr-code", onclick: () => this.#invite(role) });
		this.append(this.said, this.#list,
			card("plus", say("phones.invite"), make("p.small", say("phones.roles")), make("div.buttons", invite("owner"), invite("viewer")), this.#invited),
			this.#password());
		void this.#load();
	}

	/** @param {State} state */
	draw(state) {
		const count = state.access?.sessions ?? -1;
		if (count !== this.#sessions && this.#sessions !== -1) void this.#load();
		this.#sessions = count;
	}

	async #load() {
		const answer = await read("/api/sessions");
		if (!answer.ok) return;
		/** @type {Session[]} */
		const sessions = answer.body;
		this.#list.replaceChildren(...sessions.map((one) => this.#row(one, Boolean(one.this))));
	}

	/** @param {Session} one @param {boolean} isThis */
	#row(one, isThis) {
		const name = one.name || say("phones.nameless");
		const remove = sureButton(say("phones.remove"), say(isThis ? "phones.remove-this" : "phones.remove-sure"), name, async () => {
			const answer = await call("DELETE", `/api/sessions/${encodeURIComponent(one.id)}`);
			put(this.said, answer.ok ? "" : sayProblem(problemOf(answer)));
			await this.#load();
		});
		const facts = [sayOr(`role.${one.role}`, one.role), isThis ? say("phones.this") : "", one["used-at"] ? say("phones.used", { when: when(one["used-at"]) }) : ""];
		return make("li.card.row-between", make("div", make("strong", name), make("p.small", facts.filter(Boolean).join(" · "))), remove);
	}

	/** @param {"owner" | "viewer"} role */
	async #invite(role) {
		const answer = await call("POST", "/api/sessions/invite", { role });
		put(this.said, answer.ok ? "" : sayProblem(problemOf(answer)));
		if (!answer.ok) return;
		const { link, qr } = answer.body;
		const image = make("img.qr-image", { alt: say("phones.qr-alt") });
		// As a picture an SVG runs no script, wherever it comes from.
		if (qr) image.src = URL.createObjectURL(new Blob([qr], { type: "image/svg+xml" }));
		this.#invited.replaceChildren(make("figure.qr", qr ? image : null, make("figcaption.small", say("phones.scan"))), make("p.link", link));
	}

	#password() {
		/** @param {string} id @param {string} label @param {AutoFill} autocomplete */
		const field = (id, label, autocomplete) => {
			const input = make("input", { type: "password", id, autocomplete, maxlength: 200 });
			return { input, row: make("div.setting", make("label", { for: id }, label), input) };
		};
		const old = field("password-old", say("password.old"), "current-password");
		const fresh = field("password-new", say("password.new"), "new-password");
		const said = reply();
		return form("card stack", async () => {
			const answer = await call("POST", "/api/password", { password: fresh.input.value, ...(old.input.value ? { old: old.input.value } : {}) });
			put(said, answer.ok ? say("password.saved") : sayProblem(problemOf(answer)));
			if (answer.ok) for (const { input } of [old, fresh]) input.value = "";
		}, make("h3", icon("lock"), say("password.title")), make("p.small", say("password.said")), old.row, fresh.row, said, button(say("password.save"), { type: "submit" }));
	}
});
