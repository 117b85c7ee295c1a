"""Runs a program with what deploy/systemd/bai.service allows it to call, in place of systemd: anything else kills it.

    python3 .ci/sandbox.py UNIT PROGRAM [ARGUMENT...]

The unit refuses with an error where this kills, so a program that lives here is refused nothing there. Needs Debian's
python3-seccomp and systemd-analyze.
"""

import mmap
import os
import socket
import subprocess
import sys

import seccomp


def members(name):
    """The system calls of a set such as @system-service."""
    if not name.startswith("@"):
        return {name}
    listed = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True, capture_output=True, text=True).stdout
    lines = [line.strip() for line in listed.splitlines()[1:]]
    return set().union(*(members(line) for line in lines if line and not line.startswith("#")))


def allowed(unit):
    """What the lines SystemCallFilter= leave."""
    calls = set()
    for line in open(unit, encoding="utf-8"):
        key, _, value = line.strip().partition("=")
        if key != "SystemCallFilter":
            continue
        named = set().union(*map(members, value.removeprefix("~").split()))
        calls = calls - named if value.startswith("~") else calls | named
    assert calls, f"{unit} has no SystemCallFilter="
    return calls


def families(unit):
    """The numbers of RestrictAddressFamilies=."""
    for line in open(unit, encoding="utf-8"):
        key, _, value = line.strip().partition("=")
        if key == "RestrictAddressFamilies":
            return {int(getattr(socket, name)) for name in value.split()}
    sys.exit(f"{unit} has no RestrictAddressFamilies=")


def load(unit):
    """Filters this process from now on."""
    rules = seccomp.SyscallFilter(seccomp.KILL_PROCESS)
    for call in sorted(allowed(unit) - {"socket", "mmap", "mprotect", "pkey_mprotect"}):
        try:
            rules.add_rule(seccomp.ALLOW, call)
        except RuntimeError:
            pass  # a call of another architecture
    for family in families(unit):
        rules.add_rule(seccomp.ALLOW, "socket", seccomp.Arg(0, seccomp.EQ, family))
    # MemoryDenyWriteExecute=
    executable, both = mmap.PROT_EXEC, mmap.PROT_EXEC | mmap.PROT_WRITE
    rules.add_rule(seccomp.ALLOW, "mprotect", seccomp.Arg(2, seccomp.MASKED_EQ, executable, 0))
    for protection in (0, mmap.PROT_EXEC, mmap.PROT_WRITE):
        rules.add_rule(seccomp.ALLOW, "mmap", seccomp.Arg(2, seccomp.MASKED_EQ, both, protection))
    rules.load()


if __name__ == "__main__":
    load(sys.argv[1])
    os.execvp(sys.argv[2], sys.argv[2:])
