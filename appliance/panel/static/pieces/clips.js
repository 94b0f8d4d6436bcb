// Recordings and clips: watch, download, delete (asked once more in place), to the phone by QR, to a USB disk.

import {
	button,
	clock,
	hide,
	icon,
	language,
	make,
	number,
	Piece,
	put,
	Redraw,
	reword,
	say,
	sayProblem,
	size,
	sureButton,
	when,
} from "../lib/all.js";
import { settings } from "../lib/settings.js";

/** @param {string} name */
const addressOf = (name) => `/api/recordings/${encodeURIComponent(name)}`;

/** What was played after midnight belongs to the evening before. */
const NIGHT_S = 6 * 3600;

/** The day that a recording belongs to, in words; "" where its time is not known. @param {Recording} one */
const eveningOf = ({ at }) =>
	at
		? new Date((at - NIGHT_S) * 1000).toLocaleDateString(language, { weekday: "long", day: "numeric", month: "long" })
		: "";

customElements.define(
	"plug-clips",
	class extends Piece {
		#record = button("", { icon: "circle", class: "second", onclick: () => this.#turnRecording() });
		#clip = button(say("quick.clip", { seconds: 30 }), { icon: "scissors", onclick: () => this.#makeClip() });
		#room = make("p.small");
		#off = make("p.card", { hidden: true }, make("a", { href: "#/settings/every" }, say("clips.off")));
		#list = make("ul.clips");
		#none = make("p.card.lead", say("clips.none"));
		#export = make("section.card.stack", { hidden: true });
		#redraw = new Redraw();
		#redrawDisks = new Redraw();

		build() {
			this.append(
				make("h2", say("clips.title")),
				make("div.buttons", this.#record, this.#clip),
				this.#room,
				this.#off,
				this.said,
				this.#none,
				this.#list,
				this.#export,
			);
		}

		/** Where no seconds are kept there is nothing to make a clip of, and that is said before somebody tries. */
		async shown() {
			const isOff = (await settings())?.some(({ path, value }) => path === "replay.seconds" && value === 0) || false;
			hide(this.#off, !isOff);
			hide(this.#clip, isOff);
			put(this.#none, say(isOff ? "clips.none-off" : "clips.none"));
		}

		/** @param {State} state */
		draw(state) {
			const { record } = state;
			const isOn = record.state === "recording";
			reword(this.#record, isOn ? say("clips.stop", { time: clock(record["written-s"]) }) : say("clips.record"));
			this.#record.classList.toggle("on", isOn);
			put(
				this.#room,
				record["hours-left"] === null ? "" : say("clips.room", { hours: number(record["hours-left"], 1) }),
			);
			hide(this.#none, state.recordings.length > 0);
			this.#redraw.when(state.recordings, () => this.#rows(state.recordings));
			this.#redrawDisks.when([state.disks, state.export, state.recordings.length > 0], () => this.#disks(state));
		}

		/** New rows are added and old ones taken away; a video that plays is left alone. @param {Recording[]} recordings */
		#rows(recordings) {
			const before = new Map(
				[...this.#list.children].map((item) => [/** @type {HTMLElement} */ (item).dataset.name, item]),
			);
			const newestFirst = [...recordings].sort((one, other) => other.at - one.at);
			let evening = "";
			this.#list.replaceChildren(
				...newestFirst.flatMap((one) => {
					const row = before.get(one.name) || this.#row(one);
					const isSame = evening === eveningOf(one);
					evening = eveningOf(one);
					return isSame || !evening ? [row] : [make("li.evening", make("h3", evening)), row];
				}),
			);
		}

		/** @param {Recording} one */
		#row(one) {
			const place = make("div.clip-open");
			const title = one.at ? when(one.at) : one.name;
			const words = [say(one.kind === "clip" ? "clips.clip" : "clips.recording"), clock(one.seconds), size(one.bytes)];
			/** @param {HTMLElement} node */
			const open = (node) =>
				place.replaceChildren(...(place.firstElementChild?.tagName === node.tagName ? [] : [node]));
			/** @param {string} word */
			const named = (word) => `${word}: ${title}`;
			const play = button(say("clips.play"), {
				icon: "play",
				onclick: () =>
					open(
						make("video", {
							controls: true,
							autoplay: true,
							playsinline: true,
							src: addressOf(one.name),
							"aria-label": named(say("clips.play")),
						}),
					),
			});
			const qr = button(say("clips.qr"), { icon: "qr-code", onclick: () => open(this.#code(one)) });
			const get = make(
				"a.button.second",
				{ href: `${addressOf(one.name)}?download=1`, download: one.name, "aria-label": named(say("clips.download")) },
				icon("download"),
				make("span", say("clips.download")),
			);
			const remove = sureButton(say("clips.delete"), say("clips.delete-sure"), title, () =>
				this.do({ do: "delete-recording", name: one.name }),
			);
			const share = this.#share(one, named(say("clips.share")));
			play.setAttribute("aria-label", named(say("clips.play")));
			qr.setAttribute("aria-label", named(say("clips.qr")));
			return make(
				"li.card.clip",
				{ "data-name": one.name },
				make(
					"div.clip-head",
					icon(one.kind === "clip" ? "scissors" : "video"),
					make("div", make("strong", title), make("p.small", words.join(" · ")), make("p.small.file", one.name)),
				),
				place,
				make("div.buttons", play, share, get, qr, remove),
			);
		}

		/**
		 * To the phone's own sheet of apps, where the browser has one for files (over https alone). It opens at a press only: when
		 * the file took too long to come, a second one opens it. @param {Recording} one @param {string} label
		 */
		#share(one, label) {
			const probe = new File([], one.name, { type: "video/mp4" });
			if (!navigator.canShare?.({ files: [probe] })) return null;
			/** @type {File | null} */
			let file = null;
			const act = async () => {
				press.disabled = true;
				try {
					file ??= new File([await (await fetch(addressOf(one.name))).blob()], one.name, { type: "video/mp4" });
					press.disabled = false;
					await navigator.share({ files: [file] });
					file = null;
				} catch (error) {
					const isLate = error instanceof DOMException && error.name === "NotAllowedError";
					if (!isLate) file = null;
				}
				press.disabled = false;
				reword(press, say(file ? "clips.share-now" : "clips.share"));
			};
			const press = button(say("clips.share"), {
				icon: "external-link",
				onclick: () => void act(),
				"aria-label": label,
			});
			return press;
		}

		/** @param {Recording} one */
		#code(one) {
			const text = `${location.origin}${addressOf(one.name)}?download=1`;
			return make(
				"figure.qr",
				make("img", { src: `/api/qr.svg?text=${encodeURIComponent(text)}`, alt: say("clips.qr-alt") }),
				make("figcaption.small", say("clips.qr-said")),
			);
		}

		/** @param {State} state */
		#disks(state) {
			hide(this.#export, !state.recordings.length);
			const job = state.export;
			const isBusy = job?.state === "copying";
			const names = state.recordings.map(({ name }) => name);
			const disks = (state.disks || []).map((disk) =>
				button(say("clips.export-to", { disk: disk.label || disk.name, free: size(disk["free-mb"] * 1e6) }), {
					icon: "download",
					onclick: () => this.do({ do: "export-recordings", names, disk: disk.name }),
				}),
			);
			if (isBusy) for (const one of disks) one.disabled = true;
			const progress =
				job && job.state !== "none"
					? make(
							"p",
							{ role: "status" },
							job.problem
								? sayProblem(job.problem)
								: say(isBusy ? "clips.exporting" : "clips.exported", { done: number(job.done), of: number(job.of) }),
						)
					: null;
			this.#export.replaceChildren(
				make("h3", icon("download"), say("clips.export")),
				...(disks.length ? disks : [make("p.small", say("clips.no-disk"))]),
				...(progress ? [progress] : []),
			);
		}

		#turnRecording() {
			const isOn = this.newest?.record.state === "recording";
			void this.do({ do: isOn ? "stop-recording" : "start-recording" });
		}

		async #makeClip() {
			const made = await this.do({ do: "clip", seconds: 30 });
			if (made) put(this.said, say("quick.clip-made", { seconds: number(made.seconds || 30) }));
		}
	},
);
