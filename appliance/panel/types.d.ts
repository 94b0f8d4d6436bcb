// What the page knows of the box, for `tsc --checkJs`. Nothing of this is sent to a browser.

type Facts = Record<string, string | number | boolean>;
interface Problem {
	code: string;
	text: string;
	facts?: Facts;
	hints?: string[];
	"since-at"?: number;
	"retry-at"?: number;
}

type LiveType = "off" | "preparing" | "connecting" | "on-air" | "reconnecting" | "needs-key" | "ending" | "practicing";
interface Live {
	type: LiveType;
	"since-at"?: number;
	"retry-at"?: number;
	"ends-at"?: number;
	attempts?: number;
	destination?: string;
	problem?: Problem | null;
}
type Grade = "ok" | "warn" | "bad" | "unknown";
interface Row {
	name: "game" | "sound" | "tiktok" | "internet";
	state: Grade;
	text: string;
	code?: string;
}
interface Check {
	name: string;
	state: Grade;
	text: string;
	fix: string;
	code: string;
	facts?: Facts;
}
interface Preflight {
	state: "checking" | "ok" | "failed";
	at: number;
	"answered-ms": number;
	problem?: Problem | null;
}
interface Destination {
	name: string;
	enabled: boolean;
	state: string;
	host: string;
	"key-last4": string;
	"key-expires-at": number;
	preset: string;
	kbps: number;
	"backlog-ms": number;
	"sent-frames": number;
	"dropped-frames": number;
	problem?: Problem | null;
	preflight?: Preflight | null;
}
interface Source {
	name: string;
	"levels-db": number[];
	muted: boolean;
	"gain-db": number;
	present: boolean;
}
interface Meters {
	"levels-db": number[];
	sources?: Source[];
}
interface Recording {
	name: string;
	kind: "recording" | "clip";
	seconds: number;
	bytes: number;
	at: number;
}
interface Device {
	node: string;
	name?: string;
	card: string;
	kind: string;
	"in-use"?: boolean;
	inputs?: string[];
}
interface Disk {
	name: string;
	label: string;
	"free-mb": number;
	path?: string;
}

// What viewers say and give; a gift grows, and is another message of the same id then.
interface ChatUser {
	id: string;
	name: string;
	handle?: string;
	badges?: string[];
}
interface ChatMessage {
	id: string;
	platform: string;
	at: number;
	kind: "comment" | "gift" | "follow" | "share" | "subscribe" | "join" | "question";
	user: ChatUser;
	text?: string;
	count?: number;
	gift?: { name: string; count: number; coins: number; "is-open"?: boolean } | null;
	hidden?: string;
}
interface ChatSource {
	platform: string;
	status: string;
	live: string;
	problem?: Problem | null;
}
interface Chat {
	status: "off" | "connecting" | "connected" | "offline" | "limited" | "failed";
	viewers: number | null;
	messages: ChatMessage[];
	sources?: ChatSource[];
	questions?: ChatMessage[];
	pinned?: { text: string; id?: string; name?: string } | null;
	totals?: Record<string, number>;
	"hidden-viewers"?: ChatUser[];
}
interface LiveSummary {
	id: number;
	title: string;
	"began-at": number;
	"ended-at": number;
	seconds: number;
	"viewers-peak": number | null;
	"viewers-average": number | null;
	totals: Record<string, number>;
	"top-gifters": { user: ChatUser; gifts: number; coins: number }[];
	clips: string[];
	problems: { code: string; text: string; seconds: number; times: number }[];
	highlights: {
		at: number;
		why: string;
		count: number;
		coins?: number;
		recording?: string;
		"recording-s"?: number;
	}[];
}
type ChatChange = Omit<Chat, "messages"> & { messages?: ChatMessage[]; append?: ChatMessage[]; count?: number };

interface State {
	at: number;
	name: string;
	title: string;
	live: Live;
	signal: { state: string; cause: string; mode: string; problem?: Problem | null };
	canvas: { composed: number; width: number; height: number };
	encoder: { name: string; width: number; height: number; fps: number; kbps: number; "target-kbps": number };
	destinations: Destination[];
	audio: { source: string; "levels-db": number[]; sources: Source[]; "sync-ms": number };
	chat: Chat;
	recordings: Recording[];
	record: { state: string; file: string; "written-s": number; "free-mb": number | null; "hours-left": number | null };
	problems: Problem[];
	health: { verdict: "good" | "fair" | "bad" | "unknown"; cause: string; "temperature-c": number | null };
	readiness: Row[];
	engine: { connected: boolean; "memory-mb": number };
	update: { version: string };
	account: { name: string; since: number } | null;
	demo: { viewer: boolean } | null;
	look: string;
	cover: string;
	devices: Device[];
	sounds: { name: string; text: string }[];
	disks: Disk[];
	clock: { "time-zone": string; set: boolean | null; "skew-hint"?: number | null };
	uplink: { state: "none" | "testing" | "ok" | "failed"; kbps: number; at: number; advice: Advice | null };
	access: { sessions: number; "pin-shown": boolean; notices?: Problem[] };
	export: { state: string; done: number; of: number; problem?: Problem | null };
}

type SettingValue = string | number | boolean | string[] | null;
interface Option {
	value: string | number;
	label: string;
	about: string;
}
interface Setting {
	path: string;
	value: SettingValue;
	source: string;
	default: SettingValue;
	type: string;
	options?: Option[] | null;
	min?: number | null;
	max?: number | null;
	needs: string;
	group: string;
	"group-label": string;
	label: string;
	hint: string;
	advanced: boolean;
	settable?: boolean;
}
interface Session {
	id: string;
	name: string;
	role: string;
	"made-at"?: number;
	"used-at"?: number;
	this?: boolean;
	"invited-by"?: string;
}
interface Platform {
	name: string;
	title: string;
	page: string;
	"key-lasts": string;
	rules: string[];
	ingests: { title: string; server: string }[];
	recommended: { size: string; fps: number; kbps: number };
}
interface Advice {
	text: string;
	limit?: "line" | "box";
	preset: string;
	size: string;
	fps: number;
	"bitrate-kbps": number;
}

// A command: `do` names it, the rest are its values.
type Command = { do: string } & Record<string, unknown>;
type Method = "GET" | "POST" | "DELETE";
// What became of a paste; `expires-at` is 0 when nobody knows.
interface Took {
	"took-server": boolean;
	"took-key": boolean;
	"expires-at": number;
	expired: boolean;
	host: string;
	last4: string;
	hint?: string;
	"hint-code"?: string;
}
interface Answer {
	ok: boolean;
	status: number;
	// biome-ignore lint/suspicious/noExplicitAny: what a box answers is looked at where it is used
	body: any;
}

// What elements are made of.
interface Attributes {
	[listener: `on${string}`]: (event: Event) => unknown;
	[name: string]: unknown;
}
type Part = Node | string | null | undefined | false | Attributes;
type Tag<T extends string> = T extends `${infer Name}.${string}` ? Name : T;
type Made<T extends string> = Tag<T> extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Tag<T>] : HTMLElement;

// The name of a sentence, such as "nav.home".
type Sentences = typeof import("./static/sentences/en/first.js").default &
	typeof import("./static/sentences/en/screens.js").default &
	typeof import("./static/sentences/en/settings.js").default &
	typeof import("./static/sentences/en/chat.js").default;
type Key = { [G in keyof Sentences]: `${G}.${keyof Sentences[G] & string}` }[keyof Sentences];

// What the box says itself, in the language of the page: sentences by group and name, what to try and the name of what mends it by code.
interface BoxWords {
	sentences: Record<string, Record<string, string>>;
	hints?: Record<string, string[]>;
	fixes?: Record<string, string>;
	looks?: Option[];
	// A name and an icon each: those that a destination may be added for.
	platforms?: [string, string][];
}

// What a live is, in words; `seconds` for how long when that is shown, `hint` why or what comes next, `act` what the big button does,
// `fix` what it leads to when that is not the key.
interface Said {
	look: "idle" | "ready" | "busy" | "live" | "bad" | "practice";
	word: string;
	seconds?: number;
	hint: string;
	act: "go" | "end" | "undo" | "paste" | "none";
	fix?: Fix | null;
}
// What mends something: a word, and where it leads.
interface Fix {
	word: Key;
	go: string;
}
type Timer = ReturnType<typeof setTimeout> | undefined;
interface RowParts {
	item: HTMLElement;
	sign: SVGElement;
	mark: HTMLElement;
	text: HTMLElement;
	name: HTMLElement;
	fix: HTMLElement;
	way: HTMLElement;
}
interface ButtonHow {
	icon?: string;
	class?: string;
	onclick?: (event: Event) => unknown;
	type?: string;
	"aria-label"?: string;
}
// What browsers have that TypeScript does not know: a MediaSource by another name, where phones allow no plain one.
interface Window {
	ManagedMediaSource?: typeof MediaSource;
}
// Safari has it since 15.4.
declare namespace Intl {
	const supportedValuesOf: ((key: string) => string[]) | undefined;
}
// The pieces that others call by more than a piece has.
interface HTMLElementTagNameMap {
	"plug-home": import("./static/pieces/home.js").Home;
	"plug-messages": import("./static/pieces/messages.js").Messages;
	"plug-key": import("./static/pieces/paste.js").KeyCard;
	"plug-paste": import("./static/pieces/paste.js").PasteKey;
	"plug-pairing": import("./static/pieces/pairing.js").Pairing;
}
