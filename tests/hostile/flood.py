"""Send frames as fast as the server takes them, from a process of its own.

    python flood.py PORT SECONDS KIND PAUSE

Whenever the server cuts the connection, open the next, PAUSE seconds later. KIND is ``ping`` or ``text``
(empty messages). Prints a line when it begins, and a JSON object at the end: frames sent, connections opened,
close codes seen.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter

from wire import PING, TEXT, Client, frame  # type: ignore[import-not-found]  # beside this script


def main() -> None:
    """Flood for the time given."""
    port = int(sys.argv[1])
    until = time.monotonic() + float(sys.argv[2])
    pause = float(sys.argv[4])
    opcode = PING if sys.argv[3] == "ping" else TEXT
    data = frame(opcode) * 1000
    sent = opened = 0
    codes: Counter[int] = Counter()
    while time.monotonic() < until:
        client = Client.open(port)
        opened += 1
        if opened == 1:
            print("flooding", flush=True)
        # Without a time-out, so that a full buffer is noticed at once and the answers read.
        client.sock.setblocking(False)
        while time.monotonic() < until:
            try:
                sent += client.sock.send(data) // len(frame(opcode))
            except BlockingIOError:
                pass
            except OSError:
                break
            try:
                got = client.sock.recv(1 << 20)
            except BlockingIOError:
                continue
            except OSError:
                break
            if opcode == PING and (at := got.find(b"\x88")) >= 0:
                codes[int.from_bytes(got[at + 2 : at + 4], "big")] += 1
                break
            if not got:
                break
        client.close()
        time.sleep(pause)
    print(json.dumps({"sent": sent, "opened": opened, "codes": codes}))


if __name__ == "__main__":
    main()
