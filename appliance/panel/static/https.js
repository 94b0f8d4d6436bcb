// What stands in place of the page where the box wants HTTPS: why the browser will warn, and the way on.

import { loadLanguage, loadWords, make, say } from "./lib/all.js";
import { httpsSite, secureWay } from "./pieces/secure.js";

async function main() {
	await loadLanguage();
	await loadWords("screens");
	const door = /** @type {HTMLElement} */ (document.getElementById("door"));
	// A link that pairs has its token after the #, which no server sees; it goes on with it.
	const there = `${httpsSite()}${location.pathname}${location.search}${location.hash}`;
	door.append(
		make(
			"div",
			make("h2", say("secure.title")),
			make("p.lead", say("secure.wanted")),
			make("div.card.stack", ...secureWay(there)),
		),
	);
}

void main();
