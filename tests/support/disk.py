"""A real disk that fails on command: an ext4 image on a loop device. Needs root.

with loop_disk(tmp_path, size_mib=64) as disk:
    ...                    # write under disk.at
    disk.cut()             # power cut: what no fsync confirmed is gone; mounted again
    disk.frozen()          # a context in which every write hangs
    disk.read_only()       # what the kernel does to a disk with errors; `disk.writable()` ends it
    disk.slow(1 << 20)     # bytes a second, for this process and its children
    disk.fill(leave=1 << 20)

Whatever happens, the disk is thawed, unmounted and detached at the end; leftovers of a dead test are removed first.
"""

import contextlib
import fcntl
import os
import re
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SHUTDOWN: Final = 0x8004587D  # FS_IOC_SHUTDOWN
_NO_LOG_FLUSH: Final = 2
_FREEZE: Final = 0xC0045877  # FIFREEZE
_THAW: Final = 0xC0045878  # FITHAW
_NAME: Final = re.compile(r"beffroi-disk-(\d+)-")
_BLKIO: Final = Path("/sys/fs/cgroup/blkio")
_OPTIONS: Final = "noatime,data=ordered"


class DiskError(AssertionError):
    """The tools of this test did not do what they are for."""


_LET_GO_S = 60.0


@dataclass
class LoopDisk:
    """One image, its loop device and where it is mounted."""

    image: Path
    at: Path
    device: str = ""

    def mount(self) -> None:
        """Attach and mount; ext4 replays its journal."""
        self.device = _run("losetup", "--find", "--show", str(self.image)).strip()
        _run("mount", "-t", "ext4", "-o", _OPTIONS, self.device, str(self.at))

    def unmount(self, *, lazily: bool = False) -> None:
        """Unmount and detach. Every process that used it must have ended, unless it is done lazily: a killed one may
        take a moment to let its files go."""
        deadline_s = time.monotonic() + _LET_GO_S
        while not lazily and time.monotonic() < deadline_s:
            with contextlib.suppress(DiskError):
                _run("umount", str(self.at))
                break
            time.sleep(0.1)
        else:
            _run("umount", *(["-l"] if lazily else []), str(self.at))
        _run("losetup", "--detach", self.device)

    def cut(self) -> float:
        """The power goes: nothing more reaches the disk, not even what the file system had logged in memory.

        Returns:
            The monotonic instant before which it had not begun, in seconds. The machine lives on, and an fsync that is
            under way may still say yes to what the cut then takes away: only what was told before that instant can have
            left a machine whose power goes.
        """
        began_s = time.monotonic()
        self._ioctl(_SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
        return began_s

    def replug(self, *, lazily: bool = False) -> None:
        """After `cut`, once the processes are dead: mounted again, as at the next start of the machine.

        ``lazily``: while a process still uses the dead one (`read_only`).
        """
        self.unmount(lazily=lazily)
        self.mount()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Every write to it hangs, reads of what is cached go on."""
        self._ioctl(_FREEZE, struct.pack("i", 0))
        try:
            yield
        finally:
            self.thaw()

    def thaw(self) -> None:
        """End `frozen`."""
        self._ioctl(_THAW, struct.pack("i", 0))

    def read_only(self) -> None:
        """As the kernel does after errors: files open for writing stay open, every write fails with EROFS."""
        _run("mount", "-o", "remount,abort", str(self.at), check=False)

    def fill(self, *, leave: int) -> Path:
        """Take all space but ``leave`` bytes, or give back so much; remove the file that is returned to free it. Called
        again, it never leaves more room in between than before or after."""
        filler = self.at / "filler"
        with filler.open("ab") as file:
            held = os.fstat(file.fileno()).st_size
            free = os.statvfs(self.at).f_bavail * os.statvfs(self.at).f_frsize
            wanted = max(1, held + free - leave)
            if wanted > held:
                os.posix_fallocate(file.fileno(), 0, wanted)
            else:
                file.truncate(wanted)
        return filler

    def _ioctl(self, request: int, argument: bytes) -> None:
        fd = os.open(self.at, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(fd, request, argument)
        finally:
            os.close(fd)


@contextlib.contextmanager
def loop_disk(folder: Path, *, size_mib: int = 64, at: Path | None = None) -> Iterator[LoopDisk]:
    """A disk of its own under ``folder``, mounted at ``at``; gone at the end, whatever happened."""
    remove_leftovers()
    folder.mkdir(parents=True, exist_ok=True)
    mounted = at or folder / "disk"
    mounted.mkdir(parents=True, exist_ok=True)
    # While the disk is away nothing can be written beneath it, where it would lie hidden once the disk is back.
    _run("mount", "-t", "tmpfs", "-o", "ro,size=4k", "beffroi-beneath", str(mounted))
    image = folder / f"beffroi-disk-{os.getpid()}-{mounted.name}.img"
    with image.open("wb") as file:
        file.truncate(size_mib << 20)
    _run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1", str(image))
    disk = LoopDisk(image, mounted)
    try:
        disk.mount()
        yield disk
    finally:
        release(str(mounted), disk.device)
        image.unlink(missing_ok=True)


@contextlib.contextmanager
def throttled(disk: LoopDisk, *, write_bps: int, pids: list[int]) -> Iterator[None]:
    """Hold what these processes (and those they start) write directly or by fsync to so many bytes a second."""
    group = _BLKIO / f"beffroi-{os.getpid()}"
    group.mkdir(exist_ok=True)
    number = Path(disk.device).stat().st_rdev
    try:
        (group / "blkio.throttle.write_bps_device").write_text(f"{os.major(number)}:{os.minor(number)} {write_bps}\n")
        for pid in pids:
            (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        (group / "blkio.throttle.write_bps_device").write_text(f"{os.major(number)}:{os.minor(number)} 0\n")
        for member in (group / "cgroup.procs").read_text().split():
            with contextlib.suppress(OSError):  # it has ended meanwhile
                (_BLKIO / "cgroup.procs").write_text(member)
        with contextlib.suppress(OSError):  # a process that is dying still counts: the next test removes it
            group.rmdir()


def release(mounted: str, device: str) -> None:
    """Thaw, unmount, detach; never raises for what is already done."""
    with contextlib.suppress(OSError):
        fd = os.open(mounted, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(fd, _THAW, struct.pack("i", 0))
        finally:
            os.close(fd)
    while mounted in {line.split(" ")[1] for line in Path("/proc/mounts").read_text().splitlines()}:
        if subprocess.run(["umount", mounted], check=False, capture_output=True).returncode:
            subprocess.run(["umount", "-l", mounted], check=True)
    if device:
        subprocess.run(["losetup", "--detach", device], check=False, capture_output=True)


def remove_leftovers() -> None:
    """Unmount and detach the disks of tests that died."""
    if shutil.which("losetup") is None:
        raise DiskError("losetup is missing: install util-linux and e2fsprogs")
    mounts = [line.split(" ") for line in Path("/proc/mounts").read_text().splitlines()]
    for line in _run("losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE").splitlines():
        device, _, image = line.partition(" ")
        owner = _NAME.search(image)
        if owner and not Path(f"/proc/{owner[1]}").exists():
            for mount in mounts:
                if mount[0] == device:
                    release(mount[1], "")
            _run("losetup", "--detach", device, check=False)


def _run(*command: str, check: bool = True) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise DiskError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
