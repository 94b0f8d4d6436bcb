// Where a live goes: a card for each destination with its key, a check, and a switch; and new ones from presets.

import {
	box,
	button,
	card,
	form,
	hide,
	make,
	now,
	number,
	Piece,
	put,
	Redraw,
	reply,
	say,
	sayOr,
	sayProblem,
	sureButton,
	when,
} from "../lib/all.js";
import "./account.js";

/** @param {Destination} one */
export const titleOf = (one) => sayOr(`preset.${one.preset || one.name}`, one.name);

/** @param {Destination} one */
function factsOf(one) {
	const lines = [];
	if (one.host) lines.push(say("destinations.host", { host: one.host }));
	lines.push(one["key-last4"] ? say("destinations.key", { last4: one["key-last4"] }) : say("destinations.no-key"));
	const at = one["key-expires-at"];
	if (at) lines.push(at < now() ? say("paste.expired") : say("paste.until", { when: when(at) }));
	const check = one.preflight;
	if (check?.state === "checking") lines.push(say("row.internet-checking"));
	if (check?.state === "ok") lines.push(say("destinations.answers", { ms: number(check["answered-ms"]) }));
	return lines;
}

customElements.define(
	"plug-destinations",
	class Destinations extends Piece {
		#cards = make("div.stack");
		#add = card("plus", say("destinations.add"));
		#redraw = new Redraw();
		/** @type {Map<string, ReturnType<Destinations["makeCard"]>>} */
		#known = new Map();

		build() {
			this.append(this.said, this.#cards, make("plug-account"), this.#add);
			for (const [preset, sign] of box.platforms) {
				const place = make("div");
				const open = button(sayOr(`preset.${preset}`, preset), {
					icon: sign,
					onclick: () => place.replaceChildren(...(place.firstChild ? [] : [this.#form(preset, place)])),
				});
				this.#add.append(open, place);
			}
		}

		/** @param {State} state */
		draw(state) {
			for (const one of state.destinations) {
				const card = this.#known.get(one.name) || this.makeCard(one);
				if (!this.#known.has(one.name)) this.#cards.append(card.element);
				this.#known.set(one.name, card);
				card.draw(one);
			}
			this.#redraw.when(
				state.destinations.map(({ name }) => name),
				() => {
					for (const [name, card] of this.#known) {
						if (state.destinations.some((one) => one.name === name)) continue;
						card.element.remove();
						this.#known.delete(name);
					}
				},
			);
		}

		/** @param {Destination} first */
		makeCard(first) {
			const { name } = first;
			const facts = make("ul.plain.small");
			const wrong = make("p.wrong");
			/** @type {HTMLInputElement} */
			const isOn = make("input.switch", {
				type: "checkbox",
				role: "switch",
				id: `on-${name}`,
				onchange: () => this.do({ do: "set-destination", name, enabled: isOn.checked }),
			});
			const toggle = make(
				"div.row-between",
				make("h3", titleOf(first)),
				make("span.switched", make("label", { for: `on-${name}`, class: "small" }, say("destinations.use")), isOn),
			);
			const check = button(say("destinations.check"), {
				icon: "activity",
				onclick: () => this.do({ do: "preflight", destination: name }),
			});
			const forget = sureButton(say("destinations.forget"), say("destinations.forget-sure"), titleOf(first), () =>
				this.do({ do: "forget-key", destination: name }),
			);
			const remove = sureButton(say("destinations.remove"), say("destinations.remove-sure"), titleOf(first), () =>
				this.do({ do: "remove-destination", name }),
			);
			const key = make(
				"details",
				make("summary", say("paste.change")),
				make("plug-paste", { destination: name, preset: first.preset || name }),
			);
			const element = make("section.card.stack", toggle, facts, wrong, make("div.buttons", check, forget, remove), key);
			const redraw = new Redraw();
			/** @param {Destination} one */
			const draw = (one) => {
				isOn.checked = one.enabled;
				hide(remove, name === "tiktok");
				hide(check, !one.host || !one["key-last4"]);
				hide(forget, !one["key-last4"]);
				const lines = factsOf(one);
				redraw.when(lines, () => facts.replaceChildren(...lines.map((line) => make("li", line))));
				const problem = one.preflight?.problem || (one["key-last4"] ? one.problem : null);
				put(wrong, sayProblem(problem));
				hide(wrong, !problem);
			};
			return { element, draw };
		}

		/** @param {string} preset @param {HTMLElement} place where the form is, until it has been sent */
		#form(preset, place) {
			const name = make("input", {
				id: `name-${preset}`,
				value: preset === "custom" ? "" : preset,
				required: true,
				maxlength: 32,
				pattern: "[a-z0-9-]+",
				autocomplete: "off",
				autocapitalize: "off",
			});
			const server = make("input", {
				id: `server-${preset}`,
				maxlength: 500,
				autocomplete: "off",
				autocapitalize: "off",
				spellcheck: "false",
				type: "text",
			});
			const said = reply();
			return form(
				"stack",
				async () => {
					const done = await this.do(
						{
							do: "set-destination",
							name: name.value.trim(),
							preset,
							enabled: true,
							...(server.value.trim() ? { server: server.value.trim() } : {}),
						},
						said,
					);
					if (done) place.replaceChildren();
				},
				make("label", { for: name.id }, say("destinations.name")),
				name,
				...(preset === "custom" ? [make("label", { for: server.id }, say("destinations.server")), server] : []),
				said,
				button(say("destinations.add-it"), { class: "main", type: "submit" }),
			);
		}
	},
);
