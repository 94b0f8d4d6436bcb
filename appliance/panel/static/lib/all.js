// Everything that a piece of the page is made with.
export * from "./box.js";
export * from "./dom.js";
export * from "./feed.js";
export * from "./fixes.js";
export * from "./live.js";
export * from "./stop.js";
export * from "./words.js";
