// Signing in with TikTok by a QR code: who this is, and nothing else.

import { button, call, card, hide, make, Piece, problemOf, put, say, sayOr, sayProblem } from "../lib/all.js";
import { settings } from "../lib/settings.js";

customElements.define(
	"plug-account",
	class extends Piece {
		#name = make("p");
		#code = make("figure.qr");
		#in = button(say("account.in"), { icon: "qr-code", onclick: () => this.#ask("POST") });
		#out = button(say("account.out"), { onclick: () => this.#ask("DELETE") });
		tickMs = 2000;

		build() {
			hide(this, true);
			this.append(
				card(
					"smartphone",
					say("account.title"),
					make("p.small", say("account.said")),
					this.#name,
					this.#code,
					this.said,
					make("div.buttons", this.#in, this.#out),
				),
			);
			void settings().then((all) =>
				hide(this, !all?.some(({ path, value }) => path === "sign-in.client-key" && value)),
			);
		}

		/** @param {State} state */
		draw({ account }) {
			put(this.#name, account ? say("account.is", { name: account.name }) : "");
			hide(this.#out, !account);
			hide(this.#in, Boolean(account));
			if (account) this.#code.replaceChildren();
			if (this.#code.firstChild) void this.#ask("GET");
		}

		/** @param {Method} method */
		async #ask(method) {
			const answer = await call(method, "/api/account", method === "POST" ? {} : undefined);
			const { qr, step } = answer.body;
			if (qr)
				this.#code.replaceChildren(
					make("img", { src: `/api/qr.svg?text=${encodeURIComponent(qr)}`, alt: say("account.qr-alt") }),
				);
			if (!answer.ok || (step !== "waiting" && step !== "scanned")) this.#code.replaceChildren();
			put(this.said, answer.ok ? sayOr(`account.${step}`, " ") : sayProblem(problemOf(answer)));
		}
	},
);
