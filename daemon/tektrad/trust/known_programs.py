"""Pure: which programs are worth a look before they run, and why; in words that go before what they are told to do."""

from __future__ import annotations

from collections.abc import Mapping

from tektrad.trust.finding import Level

Known = tuple[Level, str]

SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "fish", "ash", "busybox"})
INTERPRETERS = frozenset({"perl", "ruby", "node", "deno", "php", "lua", "osascript", "pwsh", "awk", "gawk"})
"""Whose programs are not looked at."""
GETS = frozenset({"curl", "wget", "fetch", "aria2c", "http", "https", "xh"})
DECODES = frozenset({"base64", "base32", "xxd", "openssl", "uudecode", "gunzip", "zcat", "rev", "tr"})
ROOT = frozenset({"sudo", "su", "doas", "pkexec", "run0"})
BEFORE = ROOT | frozenset(
    {"env", "nohup", "nice", "ionice", "time", "timeout", "command", "exec", "builtin", "stdbuf", "setsid", "xargs",
     "watch"}
)  # fmt: skip
"""Programs that run what comes behind them."""
VALUED = frozenset(
    {"-u", "-g", "-n", "-I", "-i", "-P", "-L", "-s", "-k", "-o", "-e", "-C", "-S", "-c", "-h", "--user", "--signal"}
)  # fmt: skip
"""Of those: options with a word behind them."""
DATABASES = frozenset({"sqlite3", "psql", "mysql", "mariadb", "duckdb", "sqlcmd", "clickhouse-client", "cqlsh"})
READERS = frozenset(
    {"cat", "less", "more", "head", "tail", "grep", "rg", "cp", "mv", "scp", "rsync", "tar", "zip", "base64", "xxd",
     "strings", "source", ".", "sort", "cut", "awk", "sed", "diff", "nl", "tee", "dd", "od", "hexdump", "jq", "gpg",
     "openssl", "ln", "curl", "wget"}
)  # fmt: skip
LOADED = frozenset(
    {"LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "PYTHONPATH", "PYTHONSTARTUP", "NODE_OPTIONS",
     "BASH_ENV", "PROMPT_COMMAND", "GIT_SSH_COMMAND", "GIT_SSH", "PERL5OPT", "RUBYOPT"}
)  # fmt: skip
"""Variables that say what other programs load or run."""

CLOUD: Known = ("caution", "works on a cloud account")
CONTAINERS: Known = ("caution", "changes or removes what docker keeps")
DISK: Known = ("danger", "formats or partitions a disk")
GETS_AND_RUNS: Known = ("caution", "downloads a program and runs it")
INSTALLS: Known = ("caution", "installs packages, whose code then runs")
LATER: Known = ("caution", "makes something run by itself later")
MACHINE: Known = ("danger", "stops or restarts the machine")
PUBLISHES: Known = ("danger", "publishes a package")
SERVER: Known = ("caution", "changes things on a server")
SERVER_LOSES: Known = ("danger", "removes things on a server")
SERVICE: Known = ("caution", "stops a service")
SYSTEM: Known = ("caution", "changes what is installed on the system")

_PROGRAMS: tuple[tuple[str, Known], ...] = (
    ("shred wipe", ("danger", "destroys what files hold")),
    ("wipefs fdisk sfdisk sgdisk parted mkswap cryptsetup", DISK),
    ("shutdown reboot halt poweroff", MACHINE),
    ("insmod modprobe rmmod", ("danger", "changes the kernel while it runs")),
    ("setcap", ("danger", "gives a program rights of root")),
    ("useradd usermod userdel passwd chpasswd visudo", ("danger", "changes who may log in")),
    ("nsenter", ("danger", "goes into the namespaces of another process")),
    ("crontab at launchctl", LATER),
    ("mount umount", ("caution", "changes what is mounted")),
    ("iptables nft ufw", ("caution", "changes what the network lets through")),
    ("nc ncat netcat socat telnet", ("caution", "connects to another machine")),
    ("ssh", ("caution", "runs something on another machine")),
    ("scp sftp ftp rclone", ("caution", "copies files from or to another machine")),
    ("killall pkill", ("caution", "ends processes by their names")),
    ("chroot unshare", ("caution", "runs something in a world of its own")),
    ("gdb strace", ("caution", "looks into another process, or changes it")),
    ("npx uvx bunx", GETS_AND_RUNS),
    ("printenv", ("caution", "prints the environment, which may hold secrets")),
    ("apt apt-get dnf yum pacman zypper apk brew snap flatpak", SYSTEM),
    ("aws gcloud az", CLOUD),
)
PROGRAMS: Mapping[str, Known] = {name: known for names, known in _PROGRAMS for name in names.split()}
"""Whatever comes behind them."""

_SUBCOMMANDS: tuple[tuple[str, Known], ...] = (
    ("git/clean", ("caution", "removes files that git does not know")),
    ("git/filter-branch git/filter-repo", ("danger", "writes a repository's history anew")),
    ("git/rebase", ("note", "writes commits anew")),
    ("git/config", ("caution", "changes how git behaves, which may run programs")),
    ("git/update-ref", ("caution", "changes a repository's references by hand")),
    ("pip/install uv/pip uv/add pipx/install npm/install npm/i npm/ci yarn/add yarn/install", INSTALLS),
    ("pnpm/add pnpm/install cargo/install gem/install go/install go/get", INSTALLS),
    ("pip/uninstall npm/uninstall", ("note", "removes packages")),
    ("pipx/run npm/exec pnpm/dlx", GETS_AND_RUNS),
    ("npm/publish yarn/publish pnpm/publish cargo/publish uv/publish gem/push twine/upload", PUBLISHES),
    ("npm/unpublish", ("danger", "removes a published package")),
    ("docker/push podman/push", ("danger", "publishes an image")),
    ("docker/rm docker/rmi docker/system docker/volume docker/image podman/rm podman/rmi", CONTAINERS),
    ("docker/exec podman/exec", ("caution", "runs something in a container")),
    ("kubectl/delete kubectl/drain terraform/destroy helm/uninstall", SERVER_LOSES),
    ("kubectl/apply kubectl/exec kubectl/patch helm/upgrade helm/install", SERVER),
    ("terraform/apply", ("danger", "changes things on a server")),
    ("systemctl/enable systemctl/edit", LATER),
    ("systemctl/stop systemctl/disable systemctl/mask systemctl/kill", SERVICE),
    ("systemctl/poweroff systemctl/reboot", MACHINE),
    ("gh/secret", ("danger", "changes secrets on a server")),
    ("gh/release gh/repo gh/api gh/workflow gh/pr", SERVER),
    ("history/-c", ("caution", "forgets what was typed")),
)
SUBCOMMANDS: Mapping[tuple[str, str], Known] = {
    (program, word): known
    for pairs, known in _SUBCOMMANDS
    for program, _, word in (pair.partition("/") for pair in pairs.split())
}
"""By the program and its first word that is no option."""
