"""Ordinary programs that have to work confined, each with what it prints. Python unless it begins with `#!/bin/sh`."""

from __future__ import annotations

BENIGN = {
    "prints": ("print(6 * 7)", "42"),
    "reads and writes files": ("open('a.txt', 'w').write('ü'); print(open('a.txt').read())", "ü"),
    "reads what lies in its folder": ("print(open('given.txt').read())", "given"),
    "makes folders and moves files": (
        "import os; os.makedirs('a/b'); open('a/b/c', 'w').close(); os.rename('a/b/c', 'd'); print(os.path.exists('d'))",
        "True",
    ),
    "links within its folder": (
        "import os; open('a', 'w').write('1'); os.symlink('a', 'b'); os.link('a', 'c'); print(open('b').read() + open('c').read())",
        "11",
    ),
    "temporary files": (
        "import tempfile\nwith tempfile.NamedTemporaryFile('w+') as f:\n    f.write('x'); f.seek(0); print(f.read())",
        "x",
    ),
    "starts a program": ("import subprocess; print(subprocess.check_output(['echo', 'hi'], text=True).strip())", "hi"),
    "a shell's pipe": ("#!/bin/sh\nprintf 'b\\na\\n' | sort | head -n 1", "a"),
    "a shell's loop": ("#!/bin/sh\nfor i in 1 2 3; do printf $i; done", "123"),
    "its output by name": ("#!/bin/sh\necho hi > /dev/stdout; echo x | tee /dev/stderr > /dev/null", "hi\nx"),
    "awk, sed and grep": ("#!/bin/sh\necho 'one two' | awk '{print $2}' | sed s/t/T/ | grep Two", "Two"),
    "find and xargs": ("#!/bin/sh\nmkdir d; touch d/x d/y; find d -type f | xargs -n 1 basename | sort | tr -d '\\n'", "xy"),
    "tar": ("#!/bin/sh\necho hi > a; tar czf a.tgz a; rm a; tar xzf a.tgz; cat a", "hi"),
    "runs a script of its own by name": ("#!/bin/sh\necho echo own > s; sh ./s", "own"),
    "threads": (
        "import threading; l = []; t = [threading.Thread(target=l.append, args=(i,)) for i in range(20)]\n"
        "[x.start() for x in t]; [x.join() for x in t]; print(len(l))",
        "20",
    ),
    "a pool of threads": (
        "from concurrent.futures import ThreadPoolExecutor as P\nwith P(8) as p: print(sum(p.map(abs, range(-4, 1))))",
        "10",
    ),
    "forks": ("import os\npid = os.fork()\nif pid == 0: os._exit(3)\nprint(os.waitpid(pid, 0)[1] >> 8)", "3"),
    "asyncio": (
        "import asyncio\nasync def main():\n    p = await asyncio.create_subprocess_exec('echo', 'hi', stdout=-1)\n"
        "    print((await p.communicate())[0].decode().strip())\nasyncio.run(main())",
        "hi",
    ),
    "a pair of sockets": (
        "import socket; a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1).decode())",
        "x",
    ),
    "signals to its own children": (
        "import subprocess, signal; p = subprocess.Popen(['sleep', '30']); p.terminate(); print(p.wait())",
        "-15",
    ),
    "SQLite": (
        "import sqlite3; c = sqlite3.connect('x.db'); c.execute('create table t(a)'); c.execute('insert into t values(7)');"
        " c.commit(); print(c.execute('select a from t').fetchone()[0])",
        "7",
    ),
    "hashes and random numbers": (
        "import hashlib, secrets, uuid; secrets.token_bytes(8); uuid.uuid4(); print(hashlib.sha256(b'').hexdigest()[:8])",
        "e3b0c442",
    ),
    "memory mapped from a file": (
        "import mmap; open('m', 'wb').write(b'abc'); f = open('m', 'r+b'); m = mmap.mmap(f.fileno(), 0); m[0:1] = b'X';"
        " m.flush(); print(open('m').read())",
        "Xbc",
    ),
    "locks on files": ("import fcntl; f = open('l', 'w'); fcntl.flock(f, fcntl.LOCK_EX); print('locked')", "locked"),
    "named pipes": (
        "#!/bin/sh\nmkfifo p; (echo through > p &); cat p",
        "through",
    ),
    "compresses": ("import zlib, lzma, bz2; print(len(zlib.decompress(zlib.compress(b'x' * 1000))))", "1000"),
    "times and zones": ("import time, datetime; time.sleep(0.01); print(datetime.date(2026, 1, 1).isoformat())", "2026-01-01"),
    "its own name": ("import getpass; print(bool(getpass.getuser()))", "True"),
    "its own limits": ("import resource; print(resource.getrlimit(resource.RLIMIT_CORE)[0])", "0"),
    "a hundred megabytes": ("x = bytearray(100 << 20); x[::4096] = b'1' * len(x[::4096]); print(len(x) >> 20)", "100"),
    "a megabyte of output": ("import sys; sys.stdout.write('x' * (1 << 20))", "x" * (1 << 20)),
    "names in Unicode": ("open('Grüße 😀', 'w').write('1'); import os; print([n for n in os.listdir('.') if '😀' in n][0])", "Grüße 😀"),
    "foreign functions": ("import ctypes; print(ctypes.CDLL(None).abs(-5))", "5"),
    "waits for several": (
        "import select, os; r, w = os.pipe(); os.write(w, b'x'); print(len(select.select([r], [], [], 1)[0]))",
        "1",
    ),
    "an error": ("#!/bin/sh\nls /nowhere 2>/dev/null || echo missing", "missing"),
}  # fmt: skip

ONLY_A = {
    "runs a script of its own": ("#!/bin/sh\nprintf '#!/bin/sh\\necho own' > s; chmod +x s; ./s", "own"),
    "a server of its own": (
        "import socket, threading\ns = socket.create_server(('127.0.0.1', 0))\n"
        "threading.Thread(target=lambda: s.accept()[0].send(b'served'), daemon=True).start()\n"
        "print(socket.create_connection(s.getsockname()).recv(9).decode())",
        "served",
    ),
    "a pool of processes": (
        "import multiprocessing as m\nm.set_start_method('fork')\nwith m.Pool(2) as p: print(sum(p.map(abs, [-1, -2])))",
        "3",
    ),
}  # fmt: skip
"""What level B cannot give: locks of multiprocessing, networks of their own, and chmod of a path."""
