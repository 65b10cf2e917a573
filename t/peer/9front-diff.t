#!/bin/sh
# t/rc/diff.t with 9front's own rc, built here from its tree ($PEERS/9front) with plan9port's yacc ($PEERS/plan9port).
cd "$(dirname "$0")/../.." || exit 2
src=${PEERS:-/nowhere}/9front/sys/src/cmd/rc yacc=${PEERS:-/nowhere}/plan9port/bin/yacc
if [ ! -f "$src/unix.c" ] || [ ! -x "$yacc" ]; then
	echo "1..0 # SKIP no 9front or no plan9port in $PEERS"
	exit 0
fi
tmp=$(mktemp -d "${TMPDIR:-/tmp}/9front-rc.XXXXXX") || exit 2
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
mkdir "$tmp/lib"
cp "$src/rcmain.unix" "$tmp/lib/rcmain"
(cd "$tmp" && cp "$src"/*.[chy] . && "$yacc" -d -s y syn.y && mv y.tab.c syn.c && rm plan9.c &&
	cc -w -O1 -DPREFIX="\"$tmp\"" -o rc *.c) >"$tmp/log" 2>&1 || {
	echo "1..1"
	echo "not ok 1 - 9front's rc does not build"
	sed 's/^/# /' "$tmp/log"
	exit 1
}
RC_PEER=$tmp/rc RC_DIFFERENT=t/rc/different.9front sh t/rc/diff.t
