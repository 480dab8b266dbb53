"""``python -m simulate --config FILE``: serve cameras until stopped.

The first line of standard output is ``{"port": …, "control_port": …}``, written once both ports listen.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path

from beffroi.domain.errors import BeffroiError
from simulate.config import Config, read_config
from simulate.control import Control
from simulate.server import Server


async def serve(config: Config, *, until_input_ends: bool = False) -> None:
    """Serve until SIGINT, SIGTERM, or (on demand) the end of standard input: a test that dies stops its cameras."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Server(config) as server, Control(server) as control:
        sys.stdout.write(json.dumps({"port": server.port, "control_port": control.port}) + "\n")
        sys.stdout.flush()
        if until_input_ends:
            reader = asyncio.StreamReader()
            await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
            ended = asyncio.ensure_future(reader.read())
            ended.add_done_callback(lambda _: stop.set())
        await stop.wait()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m simulate", description="Simulated cameras over RTSP")
    parser.add_argument("--config", type=Path, required=True, help="JSON file of cameras")
    parser.add_argument("--until-input-ends", action="store_true", help="stop when standard input is closed")
    asked = parser.parse_args()
    try:
        config = read_config(asked.config)
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(config, until_input_ends=asked.until_input_ends))
    except BeffroiError as error:
        sys.stderr.write(f"{error.text.fr}\n{error.text.en}\n")
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
