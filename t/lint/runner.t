#!/bin/sh
# The runner itself: what must count as a failure does.
. t/lint/lib
judge() { # RC LINES: prints "passed failed skipped"
	printf "$2" >"$TMPDIR/out"
	awk -v rc="$1" -v name=x -v counts="$TMPDIR/counts" -v san="${3:-}" -f t/tap.awk "$TMPDIR/out" >"$TMPDIR/said"
	cat "$TMPDIR/counts"
}
is() { # WANT GOT
	[ "$1" = "$2" ] || echo "want '$1', got '$2'"
}
is "2 0 0" "$(judge 0 'ok 1 - a\nok 2\n1..2\n' 2>&1)" | none "a good test"
is "2 0 0" "$(judge 0 '1..2\nok 1 - a\nok 2\n')" | none "a plan may come first"
is "1 1 0" "$(judge 1 'ok 1\nnot ok 2 - b\n1..2\n')" | none "a failed test counts once"
is "1 1 0" "$(judge 0 'ok 1\n')" | none "no plan fails"
is "1 1 0" "$(judge 0 '1..2\nok 1\n')" | none "a short plan fails"
is "2 1 0" "$(judge 0 'ok 1\nok 2\n1..1\n')" | none "a long run fails"
is "1 1 0" "$(judge 139 'ok 1\n1..1\n')" | none "an exit status fails"
is "1 1 0" "$(judge 0 'ok 1\n1..1\n' 1)" | none "a sanitizer's report fails"
is "0 1 0" "$(judge 0 '1..0\n')" | none "no test at all fails"
is "0 1 0" "$(judge 0 '')" | none "silence fails"
is "0 0 1" "$(judge 0 '1..0 # SKIP no kvm\n')" | none "a whole test may be skipped"
is "1 0 1" "$(judge 0 'ok 1\nok 2 # SKIP why not\n1..2\n')" | none "a test may be skipped"
{ grep -q "skip  x: why not" "$TMPDIR/said" || cat "$TMPDIR/said"; } | none "a skip says why"
plan
