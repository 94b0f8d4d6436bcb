"""A file of the page as an answer: packed as the browser takes it, and only if the browser has not got it already.

Browsers keep each file and ask whether it is still the same before they use it: an update shows at once, and a page
that did not change costs a few hundred bytes.
"""

from __future__ import annotations

from aiohttp import hdrs, web
from aiohttp.helpers import ETAG_ANY

from appliance.panel.page_files import AS_IT_IS, coding_for, page_file, page_for

_KEPT = {"Cache-Control": "no-cache, no-transform", "Vary": "Accept-Encoding"}
_PAGE_KEPT = {**_KEPT, "Vary": "Accept-Encoding, Accept-Language"}
_PICTURE_KEPT = {**_KEPT, "Cache-Control": "max-age=600, no-transform"}
"""Browsers ask for the icons anew on every screen; for ten minutes after an update they may be the old ones."""
_POLICY = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
"""What a script or a picture may do when somebody opens it as if it were a page: nothing. And it is short."""


def whole_page(request: web.Request) -> web.Response:
    """The page itself, in the reader's language. Raises OSError."""
    return page_answer(request, page_for(request.headers.get(hdrs.ACCEPT_LANGUAGE)))


def page_answer(request: web.Request, name: str) -> web.Response:
    """The file of that name in `static`, or that it is still the same. Raises OSError."""
    file = page_file(name)
    coding = coding_for(",".join(request.headers.getall(hdrs.ACCEPT_ENCODING, ())), file.coded)
    tag = f"{file.tag}-{coding}"
    is_page = file.content_type == "text/html"
    is_picture = file.content_type.startswith("image/")
    kept = _PICTURE_KEPT if is_picture else _PAGE_KEPT if is_page else _KEPT
    headers: dict[str, str] = {**kept, **({} if is_page else _POLICY), "ETag": f'"{tag}"'}
    if any(one.value in {tag, ETAG_ANY} for one in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    if coding != AS_IT_IS:
        headers["Content-Encoding"] = coding
    return web.Response(body=file.coded[coding], headers=headers, content_type=file.content_type, charset="utf-8")
