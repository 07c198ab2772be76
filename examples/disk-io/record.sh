#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# record.sh [file]: records the reads and writes of sqlite3 that runs workload.sql; default: sqlite.blockio.zst beside this
# script. Needs sqlite3, strace, zstd and python3 (Debian packages of these names); dmasim itself needs none of them, because
# the recording is kept with the sources.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(realpath "${1:-$here/sqlite.blockio.zst}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# -xx -s: all bytes of all reads and writes, in hexadecimal.
strace -o trace -xx -s 1048576 \
    -e trace=openat,open,creat,close,dup,dup2,dup3,read,readv,pread64,preadv,write,writev,pwrite64,pwritev,mmap,ftruncate,truncate,unlink,unlinkat,rename,renameat,renameat2,fsync,fdatasync,fallocate \
    sqlite3 -batch -init /dev/null sqlite.db <"$here/workload.sql" >answers
python3 "$here/convert.py" --program "sqlite3 $(sqlite3 --version | cut -d' ' -f1), workload.sql" trace sqlite.db recording
zstd -q -19 -f recording -o "$out"
echo "$out: $(stat -c %s "$out") bytes"
