// Moving video of what goes out: the very packets, as they come, played within a second of real time.

import { within } from "./stop.js";

const PATIENCE_MS = 5000;
const BEHIND_S = 0.9;
const HURRY_S = 0.4;
const AIM_S = 0.15;
const KEEP_S = 8;

/** @typedef {ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>} PacketReader */

/** Why there is no video; `code` is a name from the sentence file or a problem's. */
export class NoVideo extends Error {
	/** @param {string} code @param {string} [text] */
	constructor(code, text = "") {
		super(code);
		this.code = code;
		this.text = text;
	}
}

/** Where four letters begin, or -1. @param {Uint8Array} bytes @param {string} word */
function find(bytes, word) {
	const codes = [...word].map((letter) => letter.charCodeAt(0));
	for (let at = 0; at + 4 <= bytes.length; at += 1) {
		if (codes.every((code, i) => bytes[at + i] === code)) return at;
	}
	return -1;
}

/** Whether the beginning of an MP4 stream is there up to the end of its `moov`. @param {Uint8Array} bytes */
function hasInit(bytes) {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	for (let at = 0; at + 8 <= bytes.length; ) {
		const size = view.getUint32(at);
		if (view.getUint32(at + 4) === 0x6d6f6f76) return at + size <= bytes.length;
		if (size < 8) throw new NoVideo("preview-broken");
		at += size;
	}
	return false;
}

/** @param {Uint8Array} init */
export function typeOf(init) {
	const at = find(init, "avcC");
	if (at < 0) throw new NoVideo("preview-broken");
	const profile = [...init.slice(at + 5, at + 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
	return `video/mp4; codecs="avc1.${profile}${find(init, "mp4a") < 0 ? "" : ", mp4a.40.2"}"`;
}

/** @param {EventTarget} target @param {string} name @param {AbortSignal} signal @returns {Promise<void>} */
const once = (target, name, signal) =>
	new Promise((resolve, reject) => {
		target.addEventListener(name, () => resolve(), { once: true, signal });
		signal.addEventListener("abort", () => reject(new NoVideo("preview-broken")), { once: true });
	});

/** Stays at the newest moment: hurries when a little late, jumps when much. @param {HTMLVideoElement} video */
function keepUp(video) {
	const { buffered } = video;
	if (!buffered.length) return;
	const end = buffered.end(buffered.length - 1);
	const late = end - video.currentTime;
	if (late > BEHIND_S || late < 0 || video.currentTime < buffered.start(buffered.length - 1)) {
		video.currentTime = Math.max(buffered.start(buffered.length - 1), end - AIM_S);
	}
	video.playbackRate = late > HURRY_S ? 1.1 : 1;
	if (video.paused) video.play().catch(() => {});
}

/** @param {AbortSignal} signal */
async function open(signal) {
	const answer = await fetch("/api/preview.mp4", { signal });
	if (answer.status === 404) throw new NoVideo("not-offered");
	if (!answer.ok || !answer.body) {
		const said = await answer.json().catch(() => ({}));
		throw new NoVideo(said.code || "preview-none", said.text);
	}
	return answer.body.getReader();
}

/** @param {PacketReader} reader */
async function readInit(reader) {
	let bytes = new Uint8Array();
	while (!hasInit(bytes)) {
		const { done, value } = await reader.read();
		if (done) throw new NoVideo("preview-ended");
		const more = new Uint8Array(bytes.length + value.length);
		more.set(bytes);
		more.set(value, bytes.length);
		bytes = more;
	}
	return bytes;
}

/**
 * Plays until `signal` says stop. `began` is called at the first picture. Throws `NoVideo`.
 * @param {HTMLVideoElement} video @param {AbortSignal} signal @param {() => void} began
 */
export async function playLive(video, signal, began) {
	const Kind = window.ManagedMediaSource || window.MediaSource;
	if (!Kind) throw new NoVideo("preview-browser");
	const stop = within(signal);
	let isLate = false;
	let at = -1;
	let movedAt = performance.now();
	// The page sees for itself whether pictures move; no part on the way is asked for its opinion.
	const watch = setInterval(() => {
		if (video.currentTime !== at && video.readyState >= 2) {
			if (at >= 0) began();
			at = video.currentTime;
			movedAt = performance.now();
		} else if (performance.now() - movedAt > PATIENCE_MS) {
			isLate = true;
			stop.abort();
		}
	}, 250);
	let address = "";
	try {
		const reader = await open(stop.signal);
		const init = await readInit(reader);
		const type = typeOf(init);
		if (!Kind.isTypeSupported(type)) throw new NoVideo("preview-browser");
		const source = new Kind();
		video.disableRemotePlayback = true; // Safari plays from a ManagedMediaSource only then
		address = URL.createObjectURL(source);
		video.src = address;
		await once(source, "sourceopen", stop.signal);
		source.duration = Infinity;
		await fillUp(video, source.addSourceBuffer(type), reader, init, stop.signal);
	} catch (error) {
		if (signal.aborted) return;
		throw isLate ? new NoVideo("preview-late") : error instanceof NoVideo ? error : new NoVideo("preview-broken");
	} finally {
		clearInterval(watch);
		stop.abort();
		video.removeAttribute("src");
		video.load();
		if (address) URL.revokeObjectURL(address);
	}
}

/**
 * @param {HTMLVideoElement} video @param {SourceBuffer} buffer @param {PacketReader} reader
 * @param {Uint8Array<ArrayBuffer>} init @param {AbortSignal} signal
 */
async function fillUp(video, buffer, reader, init, signal) {
	for (let bytes = init; ; ) {
		buffer.appendBuffer(bytes);
		await once(buffer, "updateend", signal);
		if (video.error) throw new NoVideo("preview-broken");
		keepUp(video);
		const { buffered, currentTime } = video;
		if (buffered.length && buffered.start(0) < currentTime - 2 * KEEP_S) {
			buffer.remove(0, currentTime - KEEP_S);
			await once(buffer, "updateend", signal);
		}
		const { done, value } = await reader.read();
		if (done) throw new NoVideo("preview-ended");
		bytes = value;
	}
}
