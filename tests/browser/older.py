"""The browsers that people hold, as a list of what they lack: Safari of iOS 15, Chrome 103, Firefox 115.

One place for what the page may not need: it is taken away from Debian's Chromium, and looked for in what the page is
made of. A row names what at least one of the three has not got (by MDN's tables): a page that passes needs none of it.
"""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, Route

from appliance.panel.page_files import AS_IT_IS, page_file

NAMED = (
    "AbortSignal.any",  # Safari 17.4, Chrome 116, Firefox 124
    "AbortSignal.timeout",  # Safari 16
    "Array.fromAsync", "Error.isError", "Iterator.from", "Map.groupBy", "Object.groupBy", "Promise.try",
    "Object.hasOwn",  # Safari 15.4
    "Promise.withResolvers",  # Safari 17.4, Chrome 119, Firefox 121
    "RegExp.escape",
    "Response.json",  # Chrome 105
    "URL.canParse", "URL.parse",  # Safari 17, Chrome 120
    "Document.parseHTMLUnsafe", "Intl.supportedValuesOf", "ReadableStream.from",
)  # fmt: skip
"""What is called by its whole name."""

METHODS = (
    "Array.prototype.at", "String.prototype.at", "Uint8Array.prototype.__proto__.at",  # Safari 15.4
    "Array.prototype.findLast", "Array.prototype.findLastIndex",  # Safari 15.4
    "Array.prototype.toReversed", "Array.prototype.toSorted", "Array.prototype.toSpliced", "Array.prototype.with",
    "Uint8Array.prototype.__proto__.toReversed", "Uint8Array.prototype.__proto__.toSorted",
    "Uint8Array.prototype.__proto__.with", "Uint8Array.prototype.toBase64", "Uint8Array.prototype.toHex",
    "ArrayBuffer.prototype.resize", "ArrayBuffer.prototype.transfer",
    "Set.prototype.difference", "Set.prototype.intersection", "Set.prototype.isSubsetOf", "Set.prototype.union",
    "Set.prototype.symmetricDifference", "String.prototype.isWellFormed", "String.prototype.toWellFormed",
    "Iterator.prototype.map", "Iterator.prototype.filter", "Iterator.prototype.toArray", "Iterator.prototype.some",
    "AbortSignal.prototype.throwIfAborted",  # Safari 15.4
    "Headers.prototype.getSetCookie", "Response.prototype.bytes", "Blob.prototype.bytes",
    "ReadableStream.prototype.values",  # no Safari so far
    "Element.prototype.checkVisibility", "Element.prototype.setHTMLUnsafe", "Element.prototype.getHTML",
    "HTMLElement.prototype.showPopover", "HTMLElement.prototype.togglePopover", "HTMLElement.prototype.attachInternals",
    "HTMLDialogElement.prototype.showModal",  # Safari 15.4
    "HTMLDialogElement.prototype.requestClose", "HTMLInputElement.prototype.showPicker",
    "HTMLFormElement.prototype.requestSubmit",  # Safari 16
    "HTMLVideoElement.prototype.requestVideoFrameCallback",  # no Firefox 115
    "Document.prototype.startViewTransition", "Navigator.prototype.vibrate", "Navigator.prototype.share",
)  # fmt: skip
"""What is called as a method of something."""

GLOBALS = (
    "structuredClone",  # Safari 15.4
    "ManagedMediaSource", "BroadcastChannel", "CompressionStream", "DecompressionStream", "TextDecoderStream",
    "TextEncoderStream", "OffscreenCanvas", "SharedWorker", "requestIdleCallback", "cancelIdleCallback", "scheduler",
    "navigation", "Navigation", "ViewTransition", "Highlight", "CookieStore", "cookieStore", "EyeDropper",
    "BarcodeDetector", "Sanitizer", "URLPattern", "VideoDecoder", "VideoEncoder", "ElementInternals", "WakeLock",
    "MediaStreamTrackProcessor", "ToggleEvent", "CSSScopeRule", "CSSContainerRule", "PushManager", "Notification",
    "ReportingObserver", "TrustedHTML", "trustedTypes", "Float16Array", "Temporal",
)  # fmt: skip
"""What stands for itself."""

PROPERTIES = (
    "HTMLElement.prototype.inert", "HTMLElement.prototype.popover", "HTMLElement.prototype.hidePopover",
    "HTMLButtonElement.prototype.popoverTargetElement", "HTMLButtonElement.prototype.commandForElement",
    "AbortSignal.prototype.reason",  # Safari 15.4
    "Document.prototype.adoptedStyleSheets", "Navigator.prototype.userActivation", "Navigator.prototype.wakeLock",
    "Navigator.prototype.clipboard",  # a page without TLS has none anywhere
    "Navigator.prototype.userAgentData", "Navigator.prototype.connection", "Navigator.prototype.locks",
    "Navigator.prototype.storage", "Navigator.prototype.mediaSession", "Crypto.prototype.randomUUID",
    "Crypto.prototype.subtle", "Element.prototype.currentCSSZoom", "HTMLElement.prototype.writingSuggestions",
)  # fmt: skip
"""What is read, and is not there."""

STYLE = re.compile(
    r":has\(|:user-(?:in)?valid|:popover-open|@(?:container|layer|scope|property|starting-style)|&"
    r"|color-mix\(|light-dark\(|oklch\(|oklab\(|lab\(|lch\(|[<>]=|\bsubgrid\b|\banchor\("
    r"|[0-9][dsl]v(?:h|w|b|i|min|max)\b|[{;]\s*(?:translate|rotate|scale|container|field-sizing)\s*:"
)
"""What the style sheet may not need: Chrome 103 has neither :has() nor dvh, no Firefox 115 has :has()."""

PAGE = re.compile(r"<dialog|\bpopover\b|\binert\b|importmap|commandfor|<search\b")
SCRIPT = re.compile(
    "|".join([
        *(rf"\b{name}\b".replace(".", r"\.") for name in NAMED if name != "Intl.supportedValuesOf"),
        *(rf"\.{name.rsplit('.', 1)[1]}\(" for name in METHODS if not name.startswith(("Navigator", "Iterator"))),
        *(rf"\bnew {name}\b|(?<![.\"'\w]){name}\(" for name in GLOBALS),
        *(rf"\.{name.rsplit('.', 1)[1]}\b" for name in PROPERTIES if name != "AbortSignal.prototype.reason"),
        r"\bsignal\.reason",
        r"\(\?<[=!]",  # looking behind in a pattern: Safari 16.4; a Safari before does not even read the file
    ])
)  # fmt: skip
"""What no script may need. What it uses where it is there (`?.`) has an exception, by name."""


def taken_away(*more: str) -> str:
    """A script that takes from a page what older browsers lack, and `more`; it must run before everything else."""
    names = [*NAMED, *METHODS, *GLOBALS, *PROPERTIES, *more]
    return f"""(() => {{
        for (const name of {names}) {{
            const parts = name.split("."), last = parts.pop();
            let holder = globalThis;
            for (const part of parts) holder = holder?.[part];
            if (holder && last in holder && !delete holder[last]) throw new Error(`${{name}} cannot be taken away`);
        }}
    }})()"""


def style_of_old(name: str) -> str:
    """A style sheet as far as an old browser reads it: whole rules and declarations fall out."""
    text = re.sub(r"/\*.*?\*/", "", page_file(name).coded[AS_IT_IS].decode(), flags=re.DOTALL)
    return _RULE.sub(_understood, SUPPORTS.sub(_supported, text))


SUPPORTS = re.compile(r"@supports\s*\((?:[^()]|\([^()]*\))*\)\s*\{(?:[^{}]*\{[^{}]*\})*\s*\}")
_RULE = re.compile(r"([^{};]*)\{([^{}]*)\}")


def _understood(rule: re.Match[str]) -> str:
    selector, declarations = rule[1], rule[2].split(";")
    kept = [one for one in declarations if not STYLE.search(f";{one}")]
    return "" if STYLE.search(selector) else f"{selector}{{{';'.join(kept)}}}"


def _supported(rule: re.Match[str]) -> str:
    return "" if STYLE.search(rule[0]) else rule[0]


def make_old(context: BrowserContext, *more: str) -> None:
    """Every page of this browser from now on is of an old one, which lacks `more` as well."""

    def style(route: Route) -> None:
        route.fulfill(body=style_of_old(route.request.url.rpartition("/")[2]), content_type="text/css")

    context.add_init_script(taken_away(*more))
    context.route("**/static/*.css", style)
