#!/usr/bin/env python3
"""Make the image's root file system: out of unpacked Debian packages, take the programs that run and what they load.

usage: rootfs.py DEBIAN.tar AGENT FILES OUT.tar

DEBIAN.tar is mmdebstrap's (variant extract, with the notes of note-packages), AGENT the ktd-agent program, FILES a
folder copied as it is. The result holds no shell, no package manager, no setuid file. The same inputs give the same
bytes: entries are sorted, owners and times fixed (SOURCE_DATE_EPOCH, else 2026-01-01).
"""
import io
import os
import posixpath
import sys
import tarfile

from elf import Elf

PROGRAMS = ["usr/sbin/sshd", "usr/sbin/haproxy"]
# Loaded by name at run time, so no program lists them: the user database, and what a thread's end needs.
PLUGINS = ["libnss_extrausers.so.2", "libgcc_s.so.1"]
# Taken whole: texts that licences ask for, and what names the distribution to scanners.
TREES = ["usr/share/common-licenses/", "usr/lib/os-release", "etc/os-release"]
# Their files are few, but the trees above are theirs.
ALWAYS_LISTED = ["base-files"]
AGENT = "usr/local/bin/ktd-agent"
UID = 65532
FOLDERS = {  # path: (mode, uid, gid); where volumes and the kernel's file systems go
    "dev": (0o755, 0, 0),
    "etc/ktd/ssh": (0o755, 0, 0),
    "proc": (0o555, 0, 0),
    "run/ktd": (0o770, UID, 0),  # group 0, as OpenShift's uids have
    "sys": (0o555, 0, 0),
    "tmp": (0o1777, 0, 0),
}
LINKS = {"var/lib/extrausers": "/run/ktd"}


class Debian:
    """The unpacked packages, read as a file system. Paths have no leading slash."""

    def __init__(self, archive):
        self._archive = archive
        self._members = {posixpath.normpath(member.name): member for member in archive.getmembers()}

    def paths(self):
        return self._members.keys()

    def member(self, path):
        return self._members.get(path)

    def read(self, path):
        return self._archive.extractfile(self._members[path]).read()

    def chain(self, path):
        """The path and what its symbolic links lead to; the last one is a file."""
        found = [path]
        while True:
            member = self._members.get(found[-1])
            if member is None:
                raise SystemExit(f"rootfs.py: {path}: {found[-1]} is in no package")
            if not member.issym():
                return found
            target = posixpath.join("/", posixpath.dirname(found[-1]), member.linkname)
            found.append(posixpath.normpath(target).lstrip("/"))
            if len(found) > 8:
                raise SystemExit(f"rootfs.py: {path}: too many symbolic links")


def library_folders(debian, interpreter):
    """Where the dynamic loader looks: beside itself (Debian's multiarch folder), then in the plain folders."""
    multiarch = posixpath.basename(posixpath.dirname(debian.chain(interpreter.lstrip("/"))[-1]))
    return [f"lib/{multiarch}", f"usr/lib/{multiarch}", "lib", "usr/lib"]


def closure(debian):
    """Paths of the programs, plugins and all libraries they load, links included."""
    interpreter = Elf(debian.read(PROGRAMS[0])).interpreter
    folders = library_folders(debian, interpreter)

    def find(library):
        for folder in folders:
            if debian.member(f"{folder}/{library}"):
                return f"{folder}/{library}"
        raise SystemExit(f"rootfs.py: no package has the library {library}")

    wanted = set()
    left = PROGRAMS + [interpreter.lstrip("/")] + [find(plugin) for plugin in PLUGINS]
    while left:
        path = left.pop()
        if path in wanted:
            continue
        links = debian.chain(path)
        wanted.update(links)
        left += [find(library) for library in Elf(debian.read(links[-1])).needed]
    return wanted


def packages_of(debian, wanted):
    """Names of the packages that own one of the wanted paths."""
    names = set(ALWAYS_LISTED)
    for path in debian.paths():
        if posixpath.dirname(path) == "var/lib/dpkg/status.d" and path.endswith(".files"):
            files = {posixpath.normpath(line) for line in debian.read(path).decode().splitlines()}
            if files & wanted:
                names.add(posixpath.basename(path)[:-len(".files")])
    return sorted(names)


class Image:
    """Entries of the new root file system; write() puts them in order."""

    def __init__(self, epoch):
        self._epoch = epoch
        self._entries = {}

    def _add(self, path, kind, mode, data=b"", link="", uid=0, gid=0):
        parent = posixpath.dirname(path)
        if parent and parent not in self._entries:
            self._add(parent, tarfile.DIRTYPE, 0o755)
        info = tarfile.TarInfo(path)
        info.type, info.mode, info.uid, info.gid, info.mtime = kind, mode, uid, gid, self._epoch
        info.linkname, info.size = link, len(data)
        self._entries[path] = info, data

    def folder(self, path, mode=0o755, uid=0, gid=0):
        self._add(path, tarfile.DIRTYPE, mode, uid=uid, gid=gid)

    def file(self, path, data, executable=False):
        self._add(path, tarfile.REGTYPE, 0o755 if executable else 0o644, data)

    def link(self, path, target):
        self._add(path, tarfile.SYMTYPE, 0o777, link=target)

    def take(self, debian, path):
        member = debian.member(path)
        if member.isdir():
            self.folder(path)
        elif member.issym():
            self.link(path, member.linkname)
        elif member.islnk() or member.isfile():
            self.file(path, debian.read(path), executable=bool(member.mode & 0o111))
        else:
            raise SystemExit(f"rootfs.py: {path} is neither file, folder nor link")

    def write(self, out):
        with tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as archive:
            for path in sorted(self._entries):
                info, data = self._entries[path]
                archive.addfile(info, io.BytesIO(data) if info.isreg() else None)


def take_debian(image, debian):
    wanted = closure(debian)
    for path in debian.paths():
        if any(path == tree or path.startswith(tree) for tree in TREES):
            wanted.add(path)
    for path in wanted:
        image.take(debian, path)
    for name in packages_of(debian, wanted):
        image.file(f"var/lib/dpkg/status.d/{name}", debian.read(f"var/lib/dpkg/status.d/{name}"))
        folder = debian.chain(f"usr/share/doc/{name}")[-1]
        image.file(f"usr/share/doc/{name}/copyright", debian.read(debian.chain(f"{folder}/copyright")[-1]))


def take_files(image, files):
    for folder, _, names in os.walk(files):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as source:
                image.file(os.path.relpath(path, files), source.read())


def main():
    if len(sys.argv) != 5:
        raise SystemExit(__doc__)
    packages, agent, files, out = sys.argv[1:]
    image = Image(int(os.environ.get("SOURCE_DATE_EPOCH", "1767225600")))
    with tarfile.open(packages) as archive:
        take_debian(image, Debian(archive))
    for path, (mode, uid, gid) in FOLDERS.items():
        image.folder(path, mode, uid, gid)
    for path, target in LINKS.items():
        image.link(path, target)
    take_files(image, files)
    with open(agent, "rb") as program:
        image.file(AGENT, program.read(), executable=True)
    image.write(out)


if __name__ == "__main__":
    main()
