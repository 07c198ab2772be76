#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns an strace of one program into a block I/O recording (format: README.md beside this file).

convert.py [--program TEXT] TRACE FILE OUTPUT

TRACE comes from `strace -xx -s <large>`; FILE is the file of the program as it is at the end. Recorded are FILE and what
lies beside it under names that begin with its name (a journal). The bytes of every read are compared with what the
writes before it must have left there, and the end with FILE itself, so that a recording is known to be complete.
"""
import argparse
import os
import re
import sys
import zlib

CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\)\s+= (-?\d+)(?: .*)?$")
# System calls that could move bytes of a recorded file in a way that is not understood here.
OTHER = {"read", "readv", "preadv", "write", "writev", "pwritev", "dup", "dup2", "dup3", "mmap", "fallocate",
         "truncate", "rename", "renameat", "renameat2"}


def text_of(argument):
    """Bytes of a quoted argument, all written as \\xNN."""
    match = re.fullmatch(r'"((?:\\x[0-9a-f]{2})*)"', argument)
    if not match:
        sys.exit(f"convert.py: not a complete string: {argument[:60]}")
    return bytes.fromhex(match.group(1).replace("\\x", ""))


class Recording:
    def __init__(self, path):
        self.base = os.path.basename(path)
        self.names = []      # by number
        self.contents = {}   # number -> bytearray, of the files that exist
        self.greatest = []   # bytes, by number
        self.open = {}       # descriptor -> number
        self.lines = []
        self.payload = bytearray()

    def number_of(self, path):
        name = os.path.basename(path)
        if not name.startswith(self.base):
            return None
        if name not in self.names:
            self.names.append(name)
            self.greatest.append(0)
        return self.names.index(name)

    def write(self, number, offset, data):
        content = self.contents[number]
        if len(content) < offset + len(data):
            content.extend(bytes(offset + len(data) - len(content)))
        content[offset:offset + len(data)] = data
        self.greatest[number] = max(self.greatest[number], len(content))
        self.lines.append(f"write {number} {offset} {len(data)}")
        self.payload += data

    def read(self, number, offset, data):
        if self.contents[number][offset:offset + len(data)] != data:
            sys.exit(f"convert.py: a read of {self.names[number]} at {offset} found bytes that nobody wrote")
        self.lines.append(f"read {number} {offset} {len(data)} {zlib.crc32(data):08x}")

    def call(self, name, arguments, result):
        if name in ("openat", "open", "creat"):
            path = text_of(arguments[1 if name == "openat" else 0]).decode()
            number = self.number_of(path)
            if number is not None:
                self.open[result] = number
                content = self.contents.setdefault(number, bytearray())
                if name == "creat" or "O_TRUNC" in arguments[-1] + arguments[-2]:
                    content.clear()
            return
        if name in ("unlink", "unlinkat"):
            number = self.number_of(text_of(arguments[0 if name == "unlink" else 1]).decode())
            if number is not None:
                del self.contents[number]
                self.lines.append(f"delete {number}")
            return
        handle = arguments[4] if name == "mmap" else arguments[0]
        number = self.open.get(int(handle)) if re.fullmatch(r"-?\d+", handle) else None
        if number is None:
            return
        if name == "close":
            del self.open[int(handle)]
        elif name == "pread64":
            if result > 0:
                self.read(number, int(arguments[3]), text_of(arguments[1]))
        elif name == "pwrite64":
            if result != int(arguments[2]):
                sys.exit("convert.py: a write was cut short")
            self.write(number, int(arguments[3]), text_of(arguments[1]))
        elif name == "ftruncate":
            size, content = int(arguments[1]), self.contents[number]
            if size > len(content):
                content.extend(bytes(size - len(content)))
                self.greatest[number] = max(self.greatest[number], size)
            del content[size:]
            self.lines.append(f"truncate {number} {size}")
        elif name in ("fsync", "fdatasync"):
            self.lines.append(f"sync {number}")
        elif name in OTHER:
            sys.exit(f"convert.py: {name} on a recorded file is not understood")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default="unknown")
    parser.add_argument("trace")
    parser.add_argument("file")
    parser.add_argument("output")
    options = parser.parse_args()

    recording = Recording(options.file)
    with open(options.trace, encoding="ascii") as trace:
        for line in trace:
            match = CALL.match(line.rstrip("\n"))
            if match and int(match.group(3)) >= 0:
                recording.call(match.group(1), match.group(2).split(", "), int(match.group(3)))

    number = recording.number_of(options.file)
    with open(options.file, "rb") as final:
        if final.read() != bytes(recording.contents[number]):
            sys.exit("convert.py: the recorded writes do not add up to the file")

    with open(options.output, "wb") as output:
        head = ["dmasim block i/o 1", f"program {options.program}"]
        for number, name in enumerate(recording.names):
            content = recording.contents.get(number)
            end = "-" if content is None else f"{len(content)} {zlib.crc32(content):08x}"
            head.append(f"file {number} {name} {recording.greatest[number]} {end}")
        head += recording.lines
        head.append(f"payload {len(recording.payload)}")
        output.write(("\n".join(head) + "\n").encode())
        output.write(recording.payload)


if __name__ == "__main__":
    main()
