#!/bin/sh
# venti/mirror: what is in a venti's arenas gets to other ventis, from where the last run ended.
bin=$BUILD/bin/anthill
case $bin in /*) ;; *) bin=$PWD/$bin ;; esac
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-venti.XXXXXX") || exit 1
pids=
trap 'kill $pids 2>/dev/null; wait 2>/dev/null; rm -rf "$dir"' EXIT
. t/ventilib
cd "$dir" || exit 1
S=unix!$dir/s
A=unix!$dir/a
B=unix!$dir/b
truncate -s 8M arenas
"$bin" venti/fmtarenas -a 1m m arenas >fmt 2>&1
printf 'index main\narenas %s/arenas\n' "$dir" >conf
source() {
	"$bin" venti -s -c conf -a "$S" 2>s.log &
	spid=$!
	pids="$pids $spid"
	up "$S"
}
source
start a
start b
# blocks FROM TO: writes blocks of 50000 bytes, their scores to the file scores
blocks() {
	i=$1
	while [ "$i" -lt "$2" ]; do
		{ echo "$i"; head -c 50000 /dev/urandom; } | "$bin" venti/write -h "$S" >>scores
		i=$((i + 1))
	done
}
# there HOST: how many of the blocks are
there() {
	while read -r s; do "$bin" venti/read -h "$1" -t data "$s" 2>/dev/null | sha1sum; done <scores | awk '{ print $1 }' | grep -cxF -f scores
}
blocks 0 5
is "$("$bin" venti/mirror -1 conf "$A" 2>&1 | sed 's/.*: \([0-9]* blocks\).*,/\1/')" "5 blocks 0 bytes behind" "five blocks are sent"
is "$(there "$A")" 5 "and are there"
is "$("$bin" venti/mirror -1 conf "$A" "$B" 2>&1 | sed 's/.*: \([0-9]* blocks\).*,/\1/' | sort)" "0 blocks 0 bytes behind
5 blocks 0 bytes behind" "only to another mirror again"
is "$("$bin" venti/mirror -l conf "$A" "$B" | sed 's/.*: //')" "0 bytes behind
0 bytes behind" "nobody is behind"

# following, over the ends of arenas
"$bin" venti/mirror -i 1 conf "$A" "$B" 2>log &
m=$!
pids="$pids $m"
blocks 5 45
t=0
until [ "$(there "$B")" = 45 ] || [ $t -gt 100 ]; do t=$((t + 1)); sleep 0.5; done
is "$(there "$B")" 45 "what is written meanwhile follows"
kill $m
wait $m
is $? 0 "it ends in order"
is "$("$bin" venti/mirror -1 conf "$A" 2>/dev/null; there "$A")" 45 "on both"
is "$(awk '$3 > 0 { print $2 }' venti.mirror | sort -u | wc -l)" 3 "from three arenas"

# roots that are verified
s=$(head -1 scores)
is "$("$bin" venti/mirror -n "first one=$s" "$A" "$B" | cut -d' ' -f2-)" "'first one' $s 1 $("$bin" venti/read -h "$A" -t 0 "$s" | wc -c) '$A' '$B'" "a root is seen to be whole"
p=$(printf "$(tail -1 scores | sed 's/../0x& /g' | xargs printf '\\%03o')" | "$bin" venti/write -h "$A" -t 1)
is "$("$bin" venti/mirror -n "half=$p" "$A" "$B" 2>err | cut -d' ' -f2-)" "half $p 2 50023 '$A'" "one that is not there everywhere"
is "$(cat err)" "venti/mirror: $B: there is no block $p of any type" "is told"
is "$(wc -l <venti.mirror.roots)" 2 "the log has both"

# a source that has lost its end
kill "$spid"
wait "$spid"
cp arenas old
source
blocks 45 50
"$bin" venti/mirror -1 conf "$A" 2>/dev/null
kill "$spid"
wait "$spid"
cp old arenas
source
blocks 50 55
"$bin" venti/mirror -1 conf "$A" 2>err
is "$(grep -c 'is not what it was: its blocks are sent again' err)" 1 "a source that lost blocks is noticed"
is "$(there "$A")" 55 "and nothing is left out"
"$bin" venti/mirror -1 conf "unix!$dir/nobody" 2>err
is $? 1 "a mirror that is not there: $(sed 's/.*: //' err)"
echo 'what is this' >bad
is "$("$bin" venti/mirror -1 -f bad conf "$A" 2>&1)" "venti/mirror: bad:1: not 'host arena next last score'" "a file that is none of ours"
echo "1..$n"
