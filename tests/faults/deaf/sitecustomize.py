"""On the path of a process it makes SIGALRM stop its main thread for ever: what a hung client of the broker looks like.

The threads beside it live on, and so do its connections.
"""

import signal
import threading
from types import FrameType


def _hang(_number: int, _frame: FrameType | None) -> None:
    threading.Event().wait()


signal.signal(signal.SIGALRM, _hang)
