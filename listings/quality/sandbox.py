"""The confinement of the process that reads what a vendor sent (reliability F7, F9)."""

import ctypes
import platform
import resource
import signal
import struct
from typing import Never

SPACE_MAX = 1536 * 1024 * 1024  # bytes of address space: libraries reserve much
MEMORY_MAX = 640 * 1024 * 1024  # bytes that it can write to
ARENAS_MAX = 2  # of the allocator: it reserves address space for each
CPU_MAX_S = 20
FILE_MAX = 512 * 1024 * 1024  # bytes of any file that it writes
OPEN_MAX = 64  # files

# Linux: the architecture, the calls that would reach the network, start programs or
# watch others, and those that would open, make, name or remove a file, or end others.
_DENIED = {
    "x86_64": (
        0xC000003E,
        (41, 42, 49, 50, 53, 59, 101, 322, 425),
        (
            *(2, 62, 76, 82, 83, 85, 86, 87, 88, 90, 92),
            *(257, 258, 263, 264, 265, 266, 268, 316, 437),
        ),
    ),
    "aarch64": (
        0xC00000B7,
        (198, 203, 200, 201, 199, 221, 117, 281, 425),
        (34, 35, 36, 37, 38, 45, 53, 54, 56, 129, 276, 437),
    ),
}
_ALLOW, _REFUSE_EPERM = 0x7FFF0000, 0x00050001
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # of a filter program (linux/filter.h)
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2  # of prctl


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def confine(cpu_s: int = CPU_MAX_S, file_max: int = FILE_MAX) -> None:
    """Give up, for good, memory beyond a limit, time, large files and the network.

    *cpu_s* seconds of a processor, *file_max* bytes of any file.
    """
    for what, most in (
        (resource.RLIMIT_AS, SPACE_MAX),
        (resource.RLIMIT_DATA, MEMORY_MAX),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, file_max),
        (resource.RLIMIT_NOFILE, OPEN_MAX),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an error instead of a death
    _deny_calls(files=False)


def seal() -> None:
    """Give up, for good, opening, making, naming and removing any file.

    Of this thread and those it starts: call it while there is no other.
    """
    _deny_calls(files=True)


def _deny_calls(*, files: bool) -> None:
    """Let the kernel refuse sockets and new programs, or *files*, for this thread.

    It needs no privilege on Linux.
    """
    if platform.system() != "Linux" or platform.machine() not in _DENIED:
        return  # the limits and the engine's own settings must suffice there
    architecture, outside, opening = _DENIED[platform.machine()]
    calls = opening if files else outside
    steps = [
        (_LOAD, 0, 0, 4),  # the architecture that the call is for
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _REFUSE_EPERM),
        (_LOAD, 0, 0, 0),  # the number of the call
    ]
    for place, call in enumerate(calls):
        steps.append((_EQUAL, len(calls) - place, 0, call))
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE_EPERM)]
    packed = b"".join(struct.pack("HBBI", *step) for step in steps)
    program = _Program(len(steps), packed)
    control = ctypes.CDLL(None, use_errno=True).prctl
    done = (
        control(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
        and control(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0
    )
    if not done:
        _unconfined()


def _unconfined() -> Never:
    raise SystemExit("the system does not let a process confine itself")
