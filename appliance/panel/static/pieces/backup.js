// Keeping the settings, bringing them back, and the way back to how the box came.

import { button, card, form, icon, link, make, Piece, put, reply, say } from "../lib/all.js";

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
			const act = button(say("backup.restore-do"), {
				onclick: async () => {
					const chosen = file.files?.[0];
					if (!chosen || chosen.size > LARGEST) {
						put(said, say(chosen ? "backup.too-large" : "backup.choose"));
						return;
					}
					if (await this.do({ do: "restore-settings", text: await chosen.text() }, said))
						put(said, say("backup.restored"));
				},
			});
			return card(
				"rotate-ccw",
				say("backup.restore"),
				make("label", { for: "restore-file" }, say("backup.file")),
				file,
				said,
				act,
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
