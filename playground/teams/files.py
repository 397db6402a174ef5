"""Where an accepted file is put: an upload session as OneDrive has it, in one piece or several."""

import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from playground.cutting import cut_connection
from playground.teams.parts import Parts, Upload

RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


def routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes of files."""

    async def upload(request: Request) -> Response:
        body = await request.body()
        told = {"file": request.path_params["file"], "range": request.headers.get("content-range"), "size": len(body)}
        entry, fault = parts.ledger.begin("in", "upload", told), parts.faults.take("upload")
        kept = parts.uploads.get(told["file"])
        status = fault.status or (404 if kept is None or kept.is_whole else _put(kept, str(told["range"]), body))
        parts.ledger.finish(entry, 0 if fault.cut else status, None, "cut" if fault.cut else str(status))
        return cut_connection(request) if fault.cut else JSONResponse({"id": told["file"]}, status)

    async def download(request: Request) -> Response:
        kept = parts.uploads.get(request.path_params["file"])
        if kept is None or not kept.is_whole or kept.name != request.path_params["name"]:
            return Response(status_code=404)
        return Response(kept.content, media_type="application/octet-stream")

    return [
        Route("/teams/upload/{file}", upload, methods=["PUT"]),
        Route("/teams/files/{file}/{name}", download),
    ]


def _put(kept: Upload, given: str, body: bytes) -> int:
    """Keep a piece and return the status: 201 for the last one, 202 before; a range that does not fit is refused.

    Source: OneDrive's driveitem_createuploadsession, upload bytes to the upload session.
    """
    found = RANGE.fullmatch(given)
    if found is None:
        return 400
    first, last, whole = (int(number) for number in found.groups())
    if first != len(kept.content) or last - first + 1 != len(body) or last >= whole:
        return 416
    kept.content += body
    kept.is_whole = len(kept.content) == whole
    return 201 if kept.is_whole else 202
