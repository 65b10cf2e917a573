#!/bin/sh
# Partitions of arenas exchanged with plan9port ($PEERS/plan9port): one that its venti filled is served whole by ours, goes on
# in ours and passes its tools; arenas as files both ways; and our vacfs over theirs, venti/ro both ways.
p9p=${PEERS:-/nonexistent}/plan9port
if [ ! -x "$p9p/bin/venti/venti" ]; then
	echo "1..0 # SKIP no plan9port with a venti in \$PEERS"
	exit 0
fi
PLAN9=$p9p
export PLAN9
bin=$BUILD/bin/anthill
case $bin in /*) ;; *) bin=$PWD/$bin ;; esac
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-venti.XXXXXX") || exit 1
pids=
trap 'kill $pids 2>/dev/null; wait 2>/dev/null; rm -rf "$dir"' EXIT
. t/ventilib
unset venti
man=$PWD/man
cd "$dir" || exit 1
theirs() { c=$1; shift; "$p9p/bin/venti/$c" "$@" 2>>err; }
quiet() { "$@" >>err 2>&1; }
halt() { # PID: and what it has forked
	kill $1 $(pgrep -P "$1") 2>/dev/null
	wait "$1" 2>/dev/null
	while pgrep -f "venti -s -c $dir/conf " >/dev/null; do sleep 0.1; done
}

# their venti fills a partition: blocks are whacked, and one arena is full and sealed
truncate -s 64M part
truncate -s 16M isect
quiet theirs fmtarenas -a 8M arenas part
quiet theirs fmtisect isect0 isect
printf 'index main\nisect %s/isect\narenas %s/part\nmem 4m\nbcmem 4m\nicmem 4m\n' "$dir" "$dir" >conf
quiet theirs fmtindex conf
"$p9p/bin/venti/venti" -s -c "$dir/conf" -a "unix!$dir/t" >t.log 2>&1 &
p=$!
pids=$p
up "unix!$dir/t"
mkdir -p tree/a/b tree/many
cp -r "$man" tree/a/b
head -c 12000000 /dev/urandom >tree/big
i=0
while [ $i -lt 100 ]; do echo $i >tree/many/f$i; i=$((i + 1)); done
score=$("$p9p/bin/vac" -h "unix!$dir/t" tree 2>>err)
theirs sync -h "unix!$dir/t"
halt $p
is "${score%%:*}" vac "their vac into their venti"

# ours on the same partition
"$bin" venti/printarenas conf 2>>err | awk '$2 ~ /^[0-9a-f]*$/ && length($2) == 40 && $3 == 13 { print $2 }' >ourscores
is "$([ "$(grep -c . ourscores)" -gt 1500 ] && echo many)" many "our printarenas lists their clumps"
is "$("$bin" venti/checkarenas -a part 2>&1 | grep -ciE 'error|corrupt|bad')" 0 "our checkarenas likes them"
ours() {
	"$bin" venti/venti -s -c "$dir/conf" -a "unix!$dir/o" >o.log 2>&1 &
	p=$!
	pids="$pids $p"
	up "unix!$dir/o"
}
ours
mkdir o1
(cd o1 && "$bin" unvac -h "unix!$dir/o" "$score" 2>>../err)
is "$(diff -r tree o1/tree 2>&1 | head -3)" "" "ours serves all of it"
echo more >tree/more
head -c 3000000 /dev/urandom >tree/big2
score2=$("$bin" vac -h "unix!$dir/o" tree 2>>err)
is "${score2%%:*}" vac "and goes on in it"
halt $p

# back to theirs
is "$(theirs checkarenas -a part 2>&1 | grep -ciE 'error|corrupt|bad')" 0 "their checkarenas likes what ours has added"
theirs rdarena -q part arenas0 >r1
"$bin" venti/rdarena -q part arenas0 >r2 2>>err
is "$(cksum <r1)" "$(cksum <r2)" "both rdarenas read the same arena"
said() { sed 's/.*\(verified score\|unsealed\|mismatch\).*/\1/' | tail -1; }
is "$("$bin" venti/verifyarena -v <r2 2>&1 | said)" "$("$p9p/bin/venti/verifyarena" -v <r1 2>&1 | said)" "and say the same of it"
quiet theirs fmtisect isect0 isect
quiet theirs fmtindex conf
quiet theirs buildindex conf
"$p9p/bin/venti/venti" -s -c "$dir/conf" -a "unix!$dir/t" >t.log 2>&1 &
p=$!
pids="$pids $p"
up "unix!$dir/t"
mkdir o2
(cd o2 && "$p9p/bin/unvac" -h "unix!$dir/t" "$score2" 2>>../err)
is "$(diff -r tree o2/tree 2>&1 | head -3)" "" "after their buildindex theirs serves what ours wrote"

# arenas as files: theirs into ours, ours into theirs
start w
quiet theirs wrarena -h "unix!$dir/w" r2
is "$(theirs read -h "unix!$dir/w" "$(head -1 ourscores)" 2>&1 | sha1sum | cut -c1-40)" \
	"$(theirs read -h "unix!$dir/t" "$(head -1 ourscores)" 2>&1 | sha1sum | cut -c1-40)" "their wrarena into ours"
is "$("$bin" venti/wrarena -h "unix!$dir/t" -o 0 r1 2>&1 | grep -c '^end offset')" 1 "our wrarena into theirs"

# vacfs over theirs, and ro
"$bin" vacfs -p -h "unix!$dir/t" -a "unix!$dir/f" "$score2" >>err 2>&1 &
pids="$pids $!"
i=0
until "$bin" 9p -a "unix!$dir/f" ls / >/dev/null 2>&1 || [ $i -ge 600 ]; do sleep 0.1; i=$((i + 1)); done
is "$("$bin" 9p -a "unix!$dir/f" read tree/big2 | cksum)" "$(cksum <tree/big2)" "our vacfs over their venti"
is "$("$p9p/bin/9p" -a "unix!$dir/f" ls tree/many | wc -l)" 100 "read by their 9p"
"$p9p/bin/venti/ro" -h "unix!$dir/t" -a "unix!$dir/rt" >>err 2>&1 &
pids="$pids $!"
up "unix!$dir/rt"
"$bin" venti/ro -h "unix!$dir/t" -a "unix!$dir/ro" >>err 2>&1 &
pids="$pids $!"
up "unix!$dir/ro"
for s in rt ro; do
	mkdir x$s
	(cd x$s && "$p9p/bin/unvac" -h "unix!$dir/$s" "$score2" 2>>../err)
	is "$(diff -r tree x$s/tree 2>&1 | head -3)" "" "their unvac through $([ $s = rt ] && echo their || echo our) venti/ro"
done
is "$(echo x | "$bin" venti/write -h "unix!$dir/rt" 2>&1 | sed 's/.*: //'; echo x | theirs write -h "unix!$dir/ro" 2>&1)" "read-only server" "neither is written through"
halt $p
echo "1..$n"
