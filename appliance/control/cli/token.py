"""`plugcast token`: API tokens, the one-time link and the PIN, at the box itself. Prints only what was asked for."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from appliance.access.pins import in_groups
from appliance.access.qr import qr_text
from appliance.access.tokens import AccessFiles, Role
from appliance.control.house.addresses import link_to, panel_address, site_of
from appliance.errors import Invalid
from appliance.model.config import Config
from appliance.storage.files import make_directory

_MAY: dict[Role, str] = {"owner": "", "helper": "  may hide and pin in the chat", "viewer": "  may only look"}


def token_command(config: Config, options: argparse.Namespace) -> int:
    """Carries out the command, so that scripts can take what it prints as it is. Raises `Invalid`, `Unavailable`."""
    make_directory(Path(config.state_dir), "state-dir")
    files = AccessFiles(Path(config.state_dir))
    if options.list:
        for grant in sorted(files.tokens().values(), key=lambda grant: grant.made_at):
            made = datetime.fromtimestamp(grant.made_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
            print(f"{grant.name}  made {made}{_MAY[grant.role]}")
    elif options.revoke:
        files.revoke(options.revoke)
    elif options.link or options.qr:
        _print_link(link_to(site_of(config, panel_address(config)), files.new_link(time.time())), with_qr=options.qr)
    elif options.pin:
        print(in_groups(files.pin.shown()))
    elif options.name:
        role: Role = "viewer" if options.viewer else "helper" if options.helper else "owner"
        print(files.add_token(options.name, time.time(), role))
    else:
        raise Invalid(
            "token-name",
            'Give the token a name: "plugcast token NAME". --list, --revoke, --link, --qr and --pin also work.',
        )
    return 0


def _print_link(link: str, *, with_qr: bool) -> None:
    print(link)
    if with_qr:
        print(qr_text(link, coloured=sys.stdout.isatty()))
