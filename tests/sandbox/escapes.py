"""Programs that try to get out, each printing ESCAPED where it does; some are judged from outside instead.

They are run in a folder with `facts.json`, which tells them where things outside are. The prelude stands before each.
"""

from __future__ import annotations

PRELUDE = """
import ctypes, json, os, socket, stat, struct, subprocess, sys, time
F = json.load(open("facts.json"))
libc = ctypes.CDLL(None, use_errno=True)
def escaped(): print("ESCAPED", flush=True); os._exit(9)
def call(number, *arguments):
    if libc.syscall(number, *arguments) >= 0: escaped()
def readable(path):
    try:
        if open(path, "rb").read(1): escaped()
    except OSError: pass
def writable(path):
    try: open(path, "a").write("x")
    except OSError: return
    escaped()
def listable(path):
    try: names = os.listdir(path)
    except OSError: return
    if names: escaped()
"""

FILES = {
    "read a file outside": "readable(F['secret'])",
    "read it through a link": "os.symlink(F['secret'], 'link'); readable('link')",
    "read it through a hard link": """
try: os.link(F['secret'], 'hard')
except OSError: pass
else: escaped()
""",
    "read it through the first process's root": "readable('/proc/1/root' + F['secret'])",
    "read it through the own root": "readable('/proc/self/root' + F['secret'])",
    "read it through the old root": "readable('/oldroot' + F['secret'])",
    "read it with dots": "readable('../' * 40 + F['secret'])",
    "read it through a descriptor that was left open": """
for number in range(3, 256):
    try: kind = os.fstat(number).st_mode
    except OSError: continue
    if stat.S_ISDIR(kind) or stat.S_ISREG(kind) or stat.S_ISSOCK(kind): escaped()
""",
    "write outside": "writable(F['outside'] + '/made')",
    "move a file outside": """
open('a', 'w').close()
try: os.rename('a', F['outside'] + '/a')
except OSError: pass
else: escaped()
""",
    "open a file to all": """
for change in (lambda: os.chmod(F['secret'], 0o777), lambda: os.chmod(F['outside'], 0o777)):
    try: change()
    except OSError: pass
    else: escaped()
call(452, -100, F['secret'].encode(), 0o777, 0)
""",
    "change a file's times": """
try: os.utime(F['secret'], (1, 1))
except OSError: pass
else: escaped()
""",
    "change a file's attributes": """
try: os.setxattr(F['secret'], 'user.escaped', b'1')
except OSError: pass
else: escaped()
""",
    "give a file away": """
try: os.chown(F['secret'], os.getuid(), os.getgid())
except OSError: pass
else: escaped()
""",
    "watch a folder": """
watch = libc.inotify_init1(0)
if watch >= 0 and libc.inotify_add_watch(watch, F['outside'].encode(), 0xfff) >= 0: escaped()
""",
    "write to the system's programs": "writable('/usr/bin/tektra-escape'); writable('/bin/tektra-escape')",
    "write to Python": "writable(sys.prefix + '/tektra-escape'); writable(sys.base_prefix + '/tektra-escape')",
    "write to /etc": "writable('/etc/hosts'); writable('/etc/tektra-escape')",
    "read passwords": "readable('/etc/shadow'); readable('/etc/gshadow')",
    "list a home": "listable(F['home']); listable('/root'); listable('/home')",
    "list /run": "listable('/run'); listable('/var/run')",
    "list /sys": "listable('/sys')",
    "list /boot": "listable('/boot'); listable('/var/lib/dpkg')",
    "list the temporary files of others": """
if F['temporary'] in (os.listdir('/tmp') if os.access('/tmp', os.R_OK) else ''): escaped()
readable('/tmp/' + F['temporary'])
""",
    "open a disk": "readable('/dev/vda'); readable('/dev/sda'); readable('/dev/nvme0n1')",
    "read kernel messages": "readable('/dev/kmsg'); readable('/proc/kmsg')",
    "read memory": "readable('/dev/mem'); readable('/proc/kcore')",
    "make a device": """
try: os.mknod('device', stat.S_IFBLK | 0o600, os.makedev(254, 0))
except OSError: pass
else: escaped()
""",
    "write to /proc/sys": "writable('/proc/sys/kernel/core_pattern'); writable('/proc/sys/vm/drop_caches')",
    "write to /proc": "writable('/proc/sysrq-trigger'); writable('/proc/1/oom_score_adj')",
    "make files in /dev": "writable('/dev/tektra-escape')",
    "shared memory of others": "readable('/dev/shm/' + F['shared'])",
    "find secrets in the environment": """
if any('TEKTRA' in name or 'MARKER' in name for name in os.environ): escaped()
""",
    "find Tektra's socket": """
for top, folders, files in os.walk('/', onerror=lambda _: None):
    folders[:] = [f for f in folders if os.path.join(top, f) not in ('/proc', '/usr', '/sys')]
    if any(name.endswith('tektra.sock') for name in files): escaped()
""",
}

NAMESPACES = {
    "mount": "call(165, b'none', b'/tmp', b'tmpfs', 0, 0)",
    "mount anew": "call(430, b'tmpfs', 0); call(428, -100, b'/', 1)",
    "unmount": "call(166, b'/usr', 2)",
    "change the root": "call(161, b'/tmp')",
    "exchange roots": "call(155, b'/tmp', b'/tmp')",
    "a user namespace": "call(272, 0x10000000)",
    "a mount namespace": "call(272, 0x20000)",
    "a network namespace by clone": """
pid = libc.syscall(56, 0x40000000 | 17, 0, 0, 0, 0)
if pid == 0: os._exit(0)
if pid > 0: escaped()
""",
    "a user namespace by clone": """
pid = libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)
if pid == 0: os._exit(0)
if pid > 0: escaped()
""",
    "a user namespace by clone3": """
arguments = struct.pack('8Q', 0x10000000, 0, 0, 0, 17, 0, 0, 0)
pid = libc.syscall(435, arguments, len(arguments))
if pid == 0: os._exit(0)
if pid > 0: escaped()
""",
    "enter another namespace": """
try: call(308, os.open('/proc/1/ns/mnt', os.O_RDONLY), 0)
except OSError: pass
""",
    "open by handle": "call(304, -100, b'x' * 128, 0)",
}

NETWORK = {
    "a port of the machine": """
try: socket.create_connection(('127.0.0.1', F['port']), 2)
except OSError: pass
else: escaped()
""",
    "a port of the machine by IPv6": """
try: socket.create_connection(('::1', F['port']), 2)
except OSError: pass
else: escaped()
""",
    "a datagram to the machine": """
try: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'escaped', ('127.0.0.1', F['port']))
except OSError: pass
""",
    "a socket in a folder": """
sock = socket.socketpair()[0]
try:
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(F['socket'])
except OSError: pass
else: escaped()
""",
    "an abstract socket": """
try:
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(chr(0) + F['abstract'])
except OSError: pass
else: escaped()
""",
    "a datagram to an abstract socket": """
try: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'escaped', chr(0) + F['abstract_datagram'])
except OSError: pass
else: escaped()
""",
    "a socket to the host of a virtual machine": """
try: socket.socket(40, socket.SOCK_STREAM)
except OSError: pass
else: escaped()
""",
    "raw packets": """
for family, kind in ((17, 3), (2, 3)):
    try: socket.socket(family, kind, 255)
    except OSError: pass
    else: escaped()
""",
    "the kernel's ciphers": """
try: socket.socket(38, 5)
except OSError: pass
else: escaped()
""",
    "bluetooth, can, tipc": """
for family in (29, 30, 31, 44):
    try: socket.socket(family, 2)
    except OSError: pass
    else: escaped()
""",
    "other interfaces": """
try: names = {name for _, name in socket.if_nameindex()}
except OSError: names = set()
if names - {'lo'}: escaped()
""",
    "a family hidden in high bits": "call(41, (1 << 32) | 40, 1, 0)",
}

PROCESSES = {
    "end another process": """
try: os.kill(F['victim'], 15)
except OSError: pass
""",
    "end all processes": """
try: os.kill(-1, 15)
except OSError: pass
time.sleep(0.1)
""",
    "end a process group": """
try: os.killpg(F['victim'], 9)
except OSError: pass
""",
    "trace another process": "call(101, 16, F['victim'], 0, 0)",
    "read another's memory": """
call(310, F['victim'], b'x' * 16, 1, b'x' * 16, 1, 0)
readable(f"/proc/{F['victim']}/mem")
""",
    "read another's environment": "readable(f\"/proc/{F['victim']}/environ\")",
    "see another's command": """
try:
    if b'sleep' in open(f"/proc/{F['victim']}/cmdline", 'rb').read(): escaped()
except OSError: pass
""",
    "look into another's folder": "listable(f\"/proc/{F['victim']}/cwd\")",
    "signal another by descriptor": """
fd = libc.syscall(434, F['victim'], 0)
if fd >= 0: call(424, fd, 15, 0, 0)
""",
    "take another's descriptor": """
fd = libc.syscall(434, F['victim'], 0)
call(438, fd, 0, 0)
""",
    "limit another": """
import resource
try: resource.prlimit(F['victim'], resource.RLIMIT_CORE, (0, 0))
except OSError: pass
else: escaped()
""",
    "slow another down": """
try: os.setpriority(os.PRIO_PROCESS, F['victim'], 19)
except OSError: pass
else: escaped()
""",
    "move another": """
try: os.sched_setaffinity(F['victim'], {0})
except OSError: pass
else: escaped()
""",
    "gain privileges": """
status = dict(line.split(':\\t') for line in open('/proc/self/status').read().splitlines() if ':\\t' in line) if os.access('/proc/self/status', os.R_OK) else {'NoNewPrivs': str(libc.prctl(39, 0, 0, 0, 0)), 'CapEff': '0'}
if status['NoNewPrivs'].strip() != '1' or int(status['CapEff'], 16): escaped()
""",
    "become root": """
for attempt in (lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgid(0)):
    try: attempt()
    except OSError: pass
    else: escaped()
""",
}

KERNEL = {
    "load a program into the kernel": "call(321, 5, b'\\0' * 128, 128)",
    "io_uring": "call(425, 1, b'\\0' * 120)",
    "userfaultfd": "call(323, 0)",
    "performance counters": "call(298, b'\\0' * 120, 0, -1, -1, 0)",
    "files in memory only": "call(319, b'x', 0)",
    "secret memory": "call(447, 0)",
    "the session's keyring": "call(250, 0, -3, 0)",
    "a new key": "call(248, b'user', b'x', b'x', 1, -2)",
    "kernel messages": "call(103, 3, b'\\0' * 64, 64)",
    "modules": "call(175, b'', 0, b''); call(313, 0, b'', 0)",
    "swap": "call(167, b'/tmp/x', 0)",
    "shared memory of System V": """
call(29, F['key'], 1, 0)
call(29, 0, 1 << 30, 0o1600)
""",
    "semaphores of others": "call(64, F['key'], 0, 0)",
    "messages of others": "call(68, F['key'], 0)",
    "a terminal's input": """
import fcntl
for number in (0, 1, 2):
    try: fcntl.ioctl(number, 0x5412, b'x')
    except OSError: pass
    else: escaped()
""",
}

LIMITS = {
    "more memory": """
held = []
try:
    for _ in range(64): held.append(bytearray(os.urandom(1 << 20)) * 8)
except MemoryError: sys.exit()
escaped()
""",
    "more memory by many": """
for _ in range(16):
    if os.fork() == 0:
        held = [bytearray(os.urandom(1 << 20)) * 4 for _ in range(8)]
        time.sleep(8)
        os._exit(0)
time.sleep(8)
escaped()
""",
    "more processes": """
made = 0
try:
    for _ in range(400):
        if os.fork() == 0: time.sleep(5); os._exit(0)
        made += 1
except OSError: pass
if made > 140: escaped()
""",
    "more threads": """
import threading
made = 0
try:
    for _ in range(400): threading.Thread(target=time.sleep, args=(3,), daemon=True).start(); made += 1
except (RuntimeError, MemoryError): pass
if made > 140: escaped()
os._exit(0)
""",
    "more of a folder": """
with open('big', 'wb') as file:
    for _ in range(40): file.write(os.urandom(1 << 20)); file.flush(); time.sleep(0.05)
escaped()
""",
    "more of a folder in many files": """
for number in range(40):
    with open(f'big{number}', 'wb') as file: file.write(os.urandom(1 << 20))
    time.sleep(0.05)
escaped()
""",
    "more of a folder behind closed doors": """
os.mkdir('closed')
with open('closed/big', 'wb') as file:
    os.fchmod(os.open('closed', os.O_RDONLY), 0)
    for _ in range(20): file.write(os.urandom(1 << 20)); file.flush(); time.sleep(0.05)
    time.sleep(3)
escaped()
""",
    "more of a folder, level by level": """
for _ in range(1000): os.mkdir('deeper'); os.chdir('deeper')
with open('big', 'wb') as file:
    for _ in range(20): file.write(os.urandom(1 << 20)); file.flush(); time.sleep(0.05)
    time.sleep(3)
escaped()
""",
    "more of a folder, side by side": """
for number in range(2000): os.mkdir(f'd{number}')
for number in range(2000): open(f'd{number}/small', 'wb').write(b'x' * 16384)
time.sleep(3)
escaped()
""",
    "more time in a closed folder": """
os.fchmod(os.open('.', os.O_RDONLY), 0)
while True: time.sleep(1)
""",
    "more scratch": """
with open(os.environ['TMPDIR'] + '/big', 'wb') as file:
    for _ in range(40): file.write(os.urandom(1 << 20)); file.flush(); time.sleep(0.05)
escaped()
""",
    "more output": """
for _ in range(64): os.write(1, b'x' * (1 << 16)); time.sleep(0.01)
escaped()
""",
    "more time": """
while True:
    if time.monotonic() - 0 and time.sleep(1) is None and os.path.exists('never'): pass
""",
    "higher limits": """
import resource
for name in ('RLIMIT_NOFILE', 'RLIMIT_CORE', 'RLIMIT_FSIZE'):
    try: resource.setrlimit(getattr(resource, name), (1 << 40, 1 << 40))
    except (OSError, ValueError): pass
    else: escaped()
""",
    "more processors": """
try: os.sched_setaffinity(0, range(os.cpu_count()))
except OSError: pass
if len(os.sched_getaffinity(0)) > 1: escaped()
""",
}
"""Limits for these are small: SMALL in test_escapes.py."""

OUTLIVING = {
    "a daemon": """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (0, 1, 2): os.close(number)
        for _ in range(100): time.sleep(0.05); open('alive', 'a').write('x')
    os._exit(0)
""",
    "one who holds the output": """
if os.fork() == 0:
    os.setsid()
    time.sleep(30)
""",
    "one who ignores signals": """
import signal
if os.fork() == 0:
    [signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]
    os.setsid()
    for _ in range(100): time.sleep(0.05); open('alive', 'a').write('x')
""",
}
"""What they leave is looked for from outside."""
