// What goes out, as a picture: single pictures ten times a second, moving video while live.

import { feed, hasVideo, hide, icon, make, mark, picture, Piece, put, say, sayOr } from "../lib/all.js";

const PICTURE_MS = 100;
const WAIT_MS = 1000;
const RETRY_MS = 15_000;
const ZONES = "plugcast-zones";

/** @param {number} ms @returns {Promise<void>} */
const rest = (ms) =>
	new Promise((resolve) => {
		setTimeout(resolve, ms);
	});

/** Only the demo watches as a viewer does, and there is something to watch. @param {State | null} state */
const hasViewer = (state) =>
	Boolean(state?.demo?.viewer) && state?.live.type !== "off" && state?.live.type !== "practicing";

customElements.define(
	"plug-preview",
	class extends Piece {
		#image = make("img", { alt: say("preview.alt"), hidden: true });
		#video = make("video", { hidden: true, playsinline: true, "aria-label": say("preview.alt") });
		#none = make("p", say("preview.soon"));
		#zones = make(
			"div.zones",
			{ hidden: true, role: "img", "aria-label": say("preview.zones-said") },
			make("span.zone.top", say("preview.zone-top")),
			make("span.zone.side"),
			make("span.zone.bottom", say("preview.zone-bottom")),
		);
		#screen = make("div.screen", this.#image, this.#video, this.#zones, this.#none);
		#toggle = make(
			"button.zones-button",
			{ type: "button", "aria-pressed": "false", "aria-label": say("preview.zones"), title: say("preview.zones") },
			icon("scan"),
		);
		#why = make("p.small.why", { role: "status" });
		#viewer = make("img", { alt: say("preview.viewer"), hidden: true });
		#viewerNone = make("p", say("preview.viewer-soon"));
		#viewerFigure = make(
			"figure",
			{ hidden: true },
			make("div.screen", this.#viewer, this.#viewerNone),
			make("figcaption", say("preview.viewer")),
		);
		#isSeen = false;
		#isOn = false;
		/** @type {AbortController | null} */ #playing = null;
		#videoFailedAt = -RETRY_MS;
		#isVideoOffered = true;
		#eye = new IntersectionObserver((entries) => {
			this.#isSeen = entries[entries.length - 1].isIntersecting;
			this.#turn();
		});
		#onHidden = () => this.#turn();

		build() {
			this.#video.muted = true;
			mark(this.#screen, "data-shape", "tall");
			this.#toggle.addEventListener("click", () => this.#showZones(this.#zones.hidden));
			this.#showZones(localStorage.getItem(ZONES) === "on");
			this.append(make("div.pictures", make("figure", this.#screen), this.#viewerFigure), this.#why, this.#toggle);
		}

		shown() {
			this.#isOn = true;
			this.#eye.observe(this.#screen);
			document.addEventListener("visibilitychange", this.#onHidden);
			void this.#watch("/api/preview.jpg", this.#image, this.#none, () => this.#playing === null || this.#video.hidden);
			void this.#watch("/api/viewer.jpg", this.#viewer, this.#viewerNone, () => hasViewer(this.newest));
		}

		gone() {
			this.#isOn = false;
			this.#eye.disconnect();
			document.removeEventListener("visibilitychange", this.#onHidden);
			this.#stopVideo();
		}

		/** @param {State} state */
		draw(state) {
			// What a viewer saw is over with the live.
			hide(this.#viewerFigure, !hasViewer(state));
			const { width, height } = state.canvas;
			// A size that is set while live is of the next one: what goes out keeps the shape that it is seen to have.
			if (width && height && this.#image.hidden && this.#video.hidden) this.#shape(this.#screen, width, height);
			const isTikTok = state.destinations.some((one) => one.enabled && one.preset === "tiktok");
			hide(this.#toggle, !isTikTok || this.#screen.dataset.shape !== "tall");
			hide(this.#zones, this.#toggle.hidden || localStorage.getItem(ZONES) !== "on");
			this.#turn();
		}

		#turn() {
			const isWanted =
				this.#isOn &&
				this.#isSeen &&
				!document.hidden &&
				feed.answered &&
				this.newest !== null &&
				hasVideo(this.newest);
			if (!isWanted) this.#stopVideo();
			else if (!this.#playing && this.#isVideoOffered && performance.now() - this.#videoFailedAt > RETRY_MS)
				void this.#play();
		}

		#stopVideo() {
			this.#playing?.abort();
			this.#playing = null;
			hide(this.#video, true);
			if (!this.newest || !hasVideo(this.newest)) put(this.#why, "");
		}

		async #play() {
			const playing = new AbortController();
			this.#playing = playing;
			try {
				const { playLive } = await import("../lib/video.js");
				if (playing.signal.aborted) return;
				await playLive(this.#video, playing.signal, () => {
					put(this.#why, "");
					if (this.#playing === playing) hide(this.#video, false);
					this.#shape(this.#screen, this.#video.videoWidth, this.#video.videoHeight);
					hide(this.#none, true);
				});
			} catch (error) {
				this.#videoFailedAt = performance.now();
				const { code, text } = /** @type {Partial<import("../lib/video.js").NoVideo>} */ (error);
				if (code === "not-offered") this.#isVideoOffered = false;
				else if (typeof code === "string")
					put(
						this.#why,
						say("preview.single", {
							reason: sayOr(code.startsWith("preview-") ? `why.${code}` : `problem.${code}`, text || ""),
						}),
					);
			} finally {
				if (this.#playing === playing) this.#stopVideo();
			}
		}

		/**
		 * One picture after the other, never two at once; while nobody looks none is asked for, so the box makes none.
		 * @param {string} path @param {HTMLImageElement} image @param {HTMLElement} none what stands there without a picture
		 * @param {() => boolean} isWanted
		 */
		async #watch(path, image, none, isWanted) {
			const since = performance.now();
			while (this.#isOn && this.isConnected) {
				let wait = WAIT_MS / 4;
				if (!document.hidden && this.#isSeen && feed.answered && this.newest && isWanted()) {
					const begun = performance.now();
					const isThere = await this.#fetch(path, image, none);
					hide(image, !isThere);
					hide(none, isThere || (image === this.#image && !this.#video.hidden));
					wait = isThere ? Math.max(0, PICTURE_MS - (performance.now() - begun)) : WAIT_MS;
					if (!isThere && image === this.#image && performance.now() - since > 3000 && !this.newest.engine.connected)
						put(none, say("why.engine"));
				}
				await rest(wait);
			}
		}

		/** @param {string} path @param {HTMLImageElement} image @param {HTMLElement} none */
		async #fetch(path, image, none) {
			const { ok, body } = await picture(image, path);
			if (ok && image.parentElement) this.#shape(image.parentElement, image.naturalWidth, image.naturalHeight);
			else if (!ok && image === this.#image)
				put(none, body ? sayOr(`problem.${body.code}`, body.text || say("preview.soon")) : say("why.no-picture"));
			return ok;
		}

		/** @param {HTMLElement} screen @param {number} width @param {number} height */
		#shape(screen, width, height) {
			mark(screen, "data-shape", width > height ? "wide" : width === height ? "square" : "tall");
		}

		/** @param {boolean} isOn */
		#showZones(isOn) {
			hide(this.#zones, !isOn);
			mark(this.#toggle, "aria-pressed", String(isOn));
			localStorage.setItem(ZONES, isOn ? "on" : "off");
		}
	},
);
