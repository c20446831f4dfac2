"""Writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat


def write_whole(path: str, content: str | bytes) -> None:
    """Replaces a file's content (text as UTF-8, line ends as they are) and keeps its mode; a killed run leaves it old or new.

    A symbolic link stays one: the file it leads to is replaced. A device or pipe (`/dev/null`, `/dev/stdout`, a shell's
    `>(command)`) is written to, never replaced. OSError when it can't be written.
    """
    import tempfile

    data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    if _is_stream(path):
        with open(path, "wb") as stream:  # noqa: PTH123
            stream.write(data)
        return
    target = os.path.realpath(path)
    handle, temporary = tempfile.mkstemp(prefix=".siftlint-", suffix=".tmp", dir=os.path.dirname(target) or ".")  # noqa: PTH120
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _mode(target))  # noqa: PTH101
        _replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise


def _is_stream(path: str) -> bool:
    """Whether a path is there and leads to neither a file nor a folder."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _mode(path: str) -> int:
    """The permissions of the file that is there, else those that an ordinary new one gets."""
    try:
        return stat.S_IMODE(os.stat(path).st_mode)  # noqa: PTH116
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _replace(temporary: str, target: str) -> None:
    """os.replace; Windows refuses it while another process (an editor, a scanner) has the file open, so try a few times."""
    for attempt in range(10):
        try:
            os.replace(temporary, target)  # noqa: PTH105
            return
        except PermissionError:
            if os.name != "nt" or attempt == 9:
                raise
            import time

            time.sleep(0.05 * (attempt + 1))
