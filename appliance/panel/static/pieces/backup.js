// Keeping the settings, bringing them back, and the way back to how the box came.

import { button, card, form, hide, icon, link, make, Piece, put, reply, say, sureButton } from "../lib/all.js";

const LARGEST = 60_000;

customElements.define(
	"plug-backup",
	class extends Piece {
		build() {
			this.append(this.#save(), this.#restore(), this.#reset());
		}

		#save() {
			return card(
				"download",
				say("backup.save"),
				make("p.small", say("backup.save-said")),
				link(say("backup.download"), "download", { href: "/api/settings/backup", download: "plugcast-settings.toml" }),
			);
		}

		#restore() {
			const said = reply();
			const file = make("input", { type: "file", id: "restore-file", accept: ".toml,text/plain" });
			let text = "";
			const changes = make("ul.small.hints.changes");
			const sure = sureButton(say("backup.sure"), say("backup.really"), say("backup.restore"), async () => {
				if (!(await this.do({ do: "restore-settings", text, sure: true }, said))) return;
				put(said, say("backup.restored"));
				show("");
			});
			/** What would change, a line each; nothing is done before somebody has seen it. @param {string} lines */
			const show = (lines) => {
				changes.replaceChildren(...(lines ? lines.split("\n") : []).map((line) => make("li", line)));
				hide(changes, !lines);
				hide(sure, !lines);
			};
			show("");
			file.addEventListener("change", () => show(""));
			const act = button(say("backup.restore-do"), {
				onclick: async () => {
					const chosen = file.files?.[0];
					show("");
					if (!chosen || chosen.size > LARGEST) {
						put(said, say(chosen ? "backup.too-large" : "backup.choose"));
						return;
					}
					text = await chosen.text();
					const would = await this.do({ do: "restore-settings", text, trial: true }, said);
					if (!would) return;
					const key = would.changed === 0 ? "backup.same" : would.settings === 0 ? "backup.empty" : "backup.changes";
					put(said, say(key, { count: would.changed }));
					show(would.changes);
				},
			});
			return card(
				"rotate-ccw",
				say("backup.restore"),
				make("label", { for: "restore-file" }, say("backup.file")),
				file,
				act,
				said,
				changes,
				sure,
			);
		}

		#reset() {
			const said = reply();
			const pin = make("input", {
				id: "reset-pin",
				inputmode: "numeric",
				autocomplete: "off",
				maxlength: 9,
				pattern: "[0-9 ]*",
			});
			return form(
				"card stack",
				async () => {
					if (await this.do({ do: "factory-reset", pin: pin.value.replace(/\D/g, "") }, said))
						put(said, say("reset.done"));
				},
				make("h3", icon("rotate-ccw"), say("reset.title")),
				make("p.small", say("reset.said")),
				make("label", { for: "reset-pin" }, say("reset.pin")),
				pin,
				said,
				button(say("reset.do"), { class: "second danger", type: "submit" }),
			);
		}
	},
);
