"""Which shared libraries an ELF file names: enough of elf(5) to follow programs to their libraries, for any architecture."""
import struct

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NULL, DT_NEEDED, DT_STRTAB = 0, 1, 5


class Elf:
    """The interpreter (or None) and the needed libraries of a 64-bit little-endian ELF image."""

    def __init__(self, data: bytes):
        if data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("no 64-bit little-endian ELF file")
        self._data = data
        offset, = struct.unpack_from("<Q", data, 32)
        size, count = struct.unpack_from("<HH", data, 54)
        # of each program header: type, file offset, virtual address, size in the file
        self._segments = [
            (kind, start, address, length)
            for kind, _, start, address, _, length, _, _ in (
                struct.unpack_from("<IIQQQQQQ", data, offset + index * size) for index in range(count)
            )
        ]
        self.interpreter = self._interpreter()
        self.needed = self._needed()

    def _segment(self, wanted):
        return next((segment for segment in self._segments if segment[0] == wanted), None)

    def _interpreter(self):
        segment = self._segment(PT_INTERP)
        return segment and self._data[segment[1]:segment[1] + segment[3]].rstrip(b"\0").decode()

    def _needed(self):
        segment = self._segment(PT_DYNAMIC)
        if segment is None:
            return []
        entries = []
        for position in range(segment[1], segment[1] + segment[3], 16):
            tag, value = struct.unpack_from("<QQ", self._data, position)
            if tag == DT_NULL:
                break
            entries.append((tag, value))
        strings = self._file_offset(dict(entries)[DT_STRTAB])
        return [self._text(strings + value) for tag, value in entries if tag == DT_NEEDED]

    def _file_offset(self, address):
        for kind, start, begin, length in self._segments:
            if kind == PT_LOAD and begin <= address < begin + length:
                return address - begin + start
        raise ValueError(f"address {address:#x} is in no segment")

    def _text(self, start):
        return self._data[start:self._data.index(b"\0", start)].decode()
