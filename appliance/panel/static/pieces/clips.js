// Recordings and clips: watch, download, delete (asked once more in place), to the phone by QR, to a USB disk.

import { button, hide, icon, make, Piece, put, Redraw, reply, reword, sureButton } from "../lib/dom.js";
import { answersAt, offers } from "../lib/offers.js";
import { clock, number, say, sayProblem, size, when } from "../lib/words.js";

/** @param {string} name */
const addressOf = (name) => `/api/recordings/${encodeURIComponent(name)}`;

export class ClipsScreen extends Piece {
	#said = reply();
	#record = button("", { icon: "circle", class: "second", onclick: () => this.#turnRecording() });
	#clip = button(say("quick.clip", { seconds: 30 }), { icon: "scissors", onclick: () => this.#makeClip() });
	#room = make("p", { class: "small" });
	#list = make("ul", { class: "clips" });
	#none = make("p", { class: "card lead" }, say("clips.none"));
	#export = make("section", { class: "card stack", hidden: true });
	#redraw = new Redraw();
	#redrawDisks = new Redraw();
	#isQr = false;

	build() {
		this.append(make("h2", {}, say("clips.title")), make("div", { class: "buttons" }, this.#record, this.#clip), this.#room, this.#said, this.#none, this.#list, this.#export);
		void answersAt("/api/qr.svg?text=plugcast").then((isThere) => {
			this.#isQr = isThere;
			if (this.newest) this.draw(this.newest);
		});
	}

	/** @param {State} state */
	draw(state) {
		const { record } = state;
		const isOn = record.state === "recording";
		reword(this.#record, isOn ? say("clips.stop", { time: clock(record["written-s"]) }) : say("clips.record"));
		this.#record.classList.toggle("on", isOn);
		put(this.#room, record["hours-left"] === null ? "" : say("clips.room", { hours: number(record["hours-left"], 1) }));
		hide(this.#none, state.recordings.length > 0);
		this.#redraw.when([state.recordings, this.#isQr], () => this.#rows(state.recordings));
		this.#redrawDisks.when([state.disks, state.export, state.recordings.length > 0], () => this.#disks(state));
	}

	/** New rows are added and old ones taken away; a video that plays is left alone. @param {Recording[]} recordings */
	#rows(recordings) {
		const before = new Map([...this.#list.children].map((item) => [/** @type {HTMLElement} */ (item).dataset.name, item]));
		const newestFirst = [...recordings].sort((one, other) => other.at - one.at);
		this.#list.replaceChildren(...newestFirst.map((one) => {
			const known = before.get(one.name);
			return known && /** @type {HTMLElement} */ (known).dataset.qr === String(this.#isQr) ? known : this.#row(one);
		}));
	}

	/** @param {Recording} one */
	#row(one) {
		const place = make("div", { class: "clip-open" });
		const title = one.at ? when(one.at) : one.name;
		const words = [say(one.kind === "clip" ? "clips.clip" : "clips.recording"), clock(one.seconds), size(one.bytes)];
		const open = (/** @type {Node} */ node) => place.replaceChildren(...(place.firstElementChild?.tagName === /** @type {Element} */ (node).tagName ? [] : [node]));
		const named = (/** @type {string} */ word) => `${word}: ${title}`;
		const play = button(say("clips.play"), { icon: "play", onclick: () => open(make("video", { controls: true, autoplay: true, playsinline: true, src: addressOf(one.name), "aria-label": named(say("clips.play")) })) });
		const qr = this.#isQr ? button(say("clips.qr"), { icon: "qr-code", onclick: () => open(this.#code(one)) }) : null;
		const get = make("a", { class: "button second", href: `${addressOf(one.name)}?download=1`, download: one.name, "aria-label": named(say("clips.download")) }, icon("download"), make("span", {}, say("clips.download")));
		const remove = sureButton(say("clips.delete"), say("clips.delete-sure"), title, () => this.do({ do: "delete-recording", name: one.name }, this.#said));
		for (const [element, word] of /** @type {[Element | null, string][]} */ ([[play, say("clips.play")], [qr, say("clips.qr")]])) element?.setAttribute("aria-label", named(word));
		return make("li", { class: "card clip", "data-name": one.name, "data-qr": String(this.#isQr) },
			make("div", { class: "clip-head" }, icon(one.kind === "clip" ? "scissors" : "clapperboard"), make("div", {}, make("strong", {}, title), make("p", { class: "small" }, words.join(" · ")), make("p", { class: "small file" }, one.name))),
			place, make("div", { class: "buttons" }, play, get, qr, remove));
	}

	/** @param {Recording} one */
	#code(one) {
		const text = `${location.origin}${addressOf(one.name)}?download=1`;
		return make("figure", { class: "qr" }, make("img", { src: `/api/qr.svg?text=${encodeURIComponent(text)}`, alt: say("clips.qr-alt") }), make("figcaption", { class: "small" }, say("clips.qr-said")));
	}

	/** @param {State} state */
	#disks(state) {
		hide(this.#export, !offers(state).export || !state.recordings.length);
		const job = state.export;
		const isBusy = job?.state === "copying";
		const names = state.recordings.map(({ name }) => name);
		const disks = (state.disks || []).map((disk) => button(say("clips.export-to", { disk: disk.label || disk.name, free: size(disk["free-mb"] * 1e6) }), { icon: "download", onclick: () => this.do({ do: "export-recordings", names, disk: disk.name }, this.#said) }));
		if (isBusy) for (const one of disks) one.disabled = true;
		const progress = job && job.state !== "none" ? make("p", { role: "status" }, job.problem ? sayProblem(job.problem) : say(isBusy ? "clips.exporting" : "clips.exported", { done: number(job.done), of: number(job.of) })) : null;
		this.#export.replaceChildren(make("h3", {}, icon("download"), say("clips.export")), ...(disks.length ? disks : [make("p", { class: "small" }, say("clips.no-disk"))]), ...(progress ? [progress] : []));
	}

	#turnRecording() {
		const isOn = this.newest?.record.state === "recording";
		void this.do({ do: isOn ? "stop-recording" : "start-recording" }, this.#said);
	}

	async #makeClip() {
		const made = await this.do({ do: "clip", seconds: 30 }, this.#said);
		if (made) put(this.#said, say("quick.clip-made", { seconds: number(made.seconds || 30) }));
	}
}
customElements.define("plug-clips", ClipsScreen);
