// Signals to stop, of what the phones that people hold have: neither AbortSignal.any nor AbortSignal.timeout.

/** A controller that stops when `signal` does, too; abort it in the end, so that `signal` lets go of it. @param {AbortSignal} signal */
export function within(signal) {
	const stop = new AbortController();
	if (signal.aborted) stop.abort();
	else signal.addEventListener("abort", () => stop.abort(), { once: true, signal: stop.signal });
	return stop;
}

/** A signal that stops after so long. @param {number} ms */
export function after(ms) {
	const stop = new AbortController();
	setTimeout(() => stop.abort(), ms);
	return stop.signal;
}
