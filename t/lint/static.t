#!/bin/sh
# ants is static without an interpreter, and small to map: an exec of it is most of what a call of listen1 costs.
. t/lint/lib
ants=$BUILD/bin/ants
if ldd "$ants" 2>&1 | grep -q '=>'; then
	echo "1..0 # SKIP a sanitizer build is dynamic"
	exit 0
fi
readelf -lW "$ants" >"$TMPDIR/head" || exit 1
grep -E 'INTERP|DYNAMIC' "$TMPDIR/head" | none "ants has no interpreter and nothing dynamic"
if [ "$(grep -c " LOAD " "$TMPDIR/head")" != 2 ]; then grep " LOAD " "$TMPDIR/head"; fi | none "ants has two LOAD segments"
plan
