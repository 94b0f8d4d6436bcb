// Says in place of an empty page that it cannot run here, and that it is not the box's fault. It runs before everything
// else and is written for browsers of any age: no module, and nothing in it is newer than 2011.

(function () {
	"use strict";
	var HOME = location.protocol + "//" + location.host + "/static/";
	var said = false;

	/** @param {string} id @param {string} what */
	function show(id, what) {
		var card = document.getElementById("unable");
		var words = document.getElementById(id);
		if (said || !card || !words) return;
		said = true;
		var places = card.querySelectorAll(".unable-what");
		for (var i = 0; i < places.length; i += 1) places[i].textContent = what ? " (" + what + ")" : "";
		words.removeAttribute("hidden");
		card.removeAttribute("hidden");
	}

	function isRunning() {
		return document.documentElement.hasAttribute("data-runs");
	}

	/** @param {unknown} error */
	function nameOf(error) {
		return error ? String(/** @type {Error} */ (error).message || error) : "";
	}

	/** A part that did not arrive is not the browser's fault. @param {unknown} error */
	function tell(error) {
		var what = nameOf(error);
		if (/dynamically imported|importing a module|provide an export|binding name/i.test(what)) show("unable-parts", "");
		else show("unable-browser", what);
	}

	// The page's own word for what it cannot do; see lib/box.js.
	document.addEventListener("unable", function (event) {
		tell(/** @type {CustomEvent} */ (event).detail);
	});
	window.addEventListener(
		"error",
		function (event) {
			var target = /** @type {HTMLScriptElement | Window | null} */ (event.target);
			// A script that did not arrive says no more than that it did not.
			if (target && target !== window && /** @type {HTMLElement} */ (target).nodeName === "SCRIPT")
				show("unable-parts", "");
			else if (target === window && String(event.filename).indexOf(HOME) === 0) show("unable-browser", event.message);
		},
		true
	);
	window.addEventListener("unhandledrejection", function (event) {
		if (!isRunning()) tell(event.reason);
	});
	window.addEventListener("load", function () {
		if (!("noModule" in document.createElement("script"))) show("unable-browser", "");
	});
})();
