#!/bin/sh
# Debian 12's own kernel, the oldest that anthill is for, in QEMU: Linux's 9P client against our servers, and post 1 as root
# and as an ordinary user.  t/qemu/run runs all system tests there.
command -v qemu-system-x86_64 >/dev/null || { echo "1..0 # SKIP no qemu-system-x86_64"; exit 0; }
why=$(t/qemu/fetch 2>&1) || { echo "1..0 # SKIP $why"; exit 0; }
GUARD=$((${TEST_SECONDS:-300} - 20)) exec t/qemu/boot t/qemu/short
