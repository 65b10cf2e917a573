#!/bin/sh
# A venti server under eight writers: killed, and with the power of its disk failing; what was synced is there, the arenas are
# clean.  bench/crash does it a thousand times.
if [ -z "$VENTI_INSIDE" ]; then
	VENTI_INSIDE=1 exec unshare -r -m --kill-child "$0"
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-vcrash.XXXXXX") || exit 1
trap '[ -z "$pid" ] || kill "$pid"; wait; rm -rf "$dir"' EXIT
pid= n=0
# crash NAME: what ventikill says, its numbers going on from n
crash() {
	timeout 250 "$BUILD/t/ventikill" "$BUILD/bin/anthill" "$dir/$1" 4 1 >"$dir/out" 2>&1
	grep -v '^1\.\.' "$dir/out" | sed "s/^\(ok\|not ok\) 1 /\1 $((n + 1)) /; s/^\(ok\|not ok\) 2 /\1 $((n + 2)) /"
	n=$((n + 2))
}
mkdir "$dir/file" "$dir/power"
crash file
"$BUILD/t/forgetful" "$dir/power" $((68 * 1024 * 1024)) 2>"$dir/err" & pid=$!
i=0
while [ ! -e "$dir/power/ctl" ] && [ $i -lt 600 ] && kill -0 $pid 2>/dev/null; do i=$((i + 1)); sleep 0.1; done
if [ -e "$dir/power/ctl" ]; then
	for try in 1 2 3 4 5; do # a cut may find nothing that is not synced
		crash power
		said=$(cat "$dir/power/ctl")
		case $said in *" lost "[1-9]* | *" torn "[1-9]*) break ;; esac
	done
	n=$((n + 1))
	case $said in *" cuts "[1-9]*" lost "[1-9]* | *" cuts "[1-9]*" torn "[1-9]*) echo "ok $n - the disk forgot: $said" ;; *) echo "not ok $n - the disk forgot: $said" ;; esac
else
	pid= n=$((n + 1))
	echo "ok $n # SKIP $(cat "$dir/err")"
fi
echo "1..$n"
