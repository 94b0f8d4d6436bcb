// HTTPS, with a certificate that no authority knows: what the browser will say, what it means, and the way there.

import { make, say } from "../lib/all.js";

/** This box over HTTPS, which it speaks at the same port. Browsers leave out HTTP's own, which is not HTTPS's. */
export const httpsSite = () => `https://${location.hostname}:${location.port || "80"}`;

/** What to do, and a link or button. @param {string | (() => void)} go where to, or what leads there @returns {HTMLElement[]} */
export function secureWay(go) {
	const word = say("secure.go");
	return [
		make("p", make("strong", say("secure.warns"))),
		make("p", say("secure.means")),
		make("ol.steps", ...["one", "two"].map((step) => make("li", say(/** @type {Key} */ (`secure.${step}`))))),
		typeof go === "string"
			? make("a.button.main", { href: go }, word)
			: make("button.main", { type: "button", onclick: go }, word),
		make("details", make("summary", make("span", say("secure.sure"))), make("p.small", say("secure.fingerprint"))),
	];
}
