#!/bin/sh
# What a disk has damaged comes back from a mirror: a venti that has the same blocks.
bin=$BUILD/bin/anthill
case $bin in /*) ;; *) bin=$PWD/$bin ;; esac
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-vheal.XXXXXX") || exit 1
pids=
trap 'kill $pids 2>/dev/null; wait 2>/dev/null; rm -rf "$dir"' EXIT
. t/ventilib
n=0
cd "$dir" || exit 1
S=unix!$dir/s
M=unix!$dir/m
source() { # CONF
	"$bin" venti -s -c "$1" -a "$S" 2>s.log & spid=$!
	pids="$pids $spid"
	up "$S"
}
halt() { kill "$spid" && wait "$spid"; }
# flip TEXT: changes a byte of it, somewhere in the arenas
flip() {
	at=$(grep -abo "$1" arenas | head -1 | cut -d: -f1)
	printf '#' | dd of=arenas bs=1 seek=$((at + 3)) conv=notrunc 2>/dev/null
}
read1() { "$bin" venti/read -h "$S" -t data "$1" 2>err; }

truncate -s 4M arenas
"$bin" venti/fmtarenas -a 1m m arenas >fmt 2>&1
printf 'index main\narenas %s/arenas\n' "$dir" >conf
printf 'index main\narenas %s/arenas\nmirror unix!%s/nobody\nmirror %s\n' "$dir" "$dir" "$M" >healing
start m
source conf
one=$(yes 'the first block' | head -500 | "$bin" venti/write -h "$S")
two=$(yes 'the second block' | head -500 | "$bin" venti/write -h "$S")
alone=$(yes 'the third block' | head -500 | "$bin" venti/write -h "$S")
for b in first second; do yes "the $b block" | head -500 | "$bin" venti/write -h "$M"; done >there
halt
is "$("$bin" venti/checkarenas -a arenas 2>&1)" "" "three blocks, two of them in a mirror"

flip 'first block'
flip 'third block'
is "$("$bin" venti/checkarenas -a arenas | grep -c 'clump=')" 2 "two are damaged"
source conf
read1 "$one"
is "$(cat err)" "venti/read: could not read block: block $one/13 is damaged in arena m0" "without a mirror that is an error"
halt
source healing
is "$(read1 "$one" | sha1sum | cut -d' ' -f1)" "$one" "with one the block is read"
read1 "$alone"
is "$(cat err)" "venti/read: could not read block: block $alone/13 is damaged in arena m0" "if the mirror has it"
is "$(read1 "$two" | sha1sum | cut -d' ' -f1)" "$two" "what is whole is read"
kill "$(echo "$pids" | awk '{ print $1 }')" # the mirror
is "$(read1 "$one" | sha1sum | cut -d' ' -f1)" "$one" "it stays healed without the mirror"
read1 "$alone"
is "$(cat err)" "venti/read: could not read block: block $alone/13 is damaged in arena m0" "and the other stays damaged"
halt
is "$("$bin" venti/checkarenas -a arenas | grep -c 'clump=')" 1 "one is damaged on the disk"

start m
for b in first second third; do yes "the $b block" | head -500 | "$bin" venti/write -h "$M"; done >there
"$bin" venti/checkarenas -af -m "unix!$dir/nobody" arenas >out 2>err
is $? 1 "checkarenas with a mirror that is not there: $(sed 's/.*: //' err)"
"$bin" venti/checkarenas -af -m "$M" arenas >out 2>err
is $? 0 "and with a venti that has the block"
is "$(grep -c 'clump=2.*: repaired$' out)" 1 "which is put back"
is "$("$bin" venti/checkarenas -a arenas 2>&1)" "" "all is clean"

# mirrors of each other, with the same block lost
printf 'arenas %s/others\nmirror %s\n' "$dir" "$S" >other
printf 'arenas %s/arenas\nmirror unix!%s/o\n' "$dir" "$dir" >healing
flip 'second block'
cp arenas others
source healing
"$bin" venti -s -c other -a "unix!$dir/o" 2>o.log & opid=$!
pids="$pids $opid"
up "unix!$dir/o"
read1 "$two"
is "$(cat err)" "venti/read: could not read block: block $two/13 is damaged in arena m0" "two that have both lost a block do not ask each other for ever"
kill $opid; wait $opid
halt
"$bin" venti/checkarenas -af -m "$M" arenas >out 2>err
is "$? $(cat err)" "0 " "a third has it"

# a clump's head, and one that is compressed
printf 'index main\narenas %s/arenas\ncompress whack\n' "$dir" >packing
source packing
four=$(yes 'the fourth block' | head -500 | "$bin" venti/write -h "$S")
halt
yes 'the fourth block' | head -500 | "$bin" venti/write -h "$M" >>there
at=$("$bin" venti/printarena -o 794624 arenas 2>/dev/null | awk -v s="$four" '$0 ~ s { print $1 }')
printf 'XXXX' | dd of=arenas bs=1 seek=$((794624 + 8192 + at + 60)) conv=notrunc 2>/dev/null
printf 'XX' | dd of=arenas bs=1 seek=$((794624 + 8192 + 10)) conv=notrunc 2>/dev/null
is "$("$bin" venti/checkarenas -a arenas | grep -c 'clump=')" 2 "a head and a compressed block are damaged"
"$bin" venti/checkarenas -af -m "$M" arenas >out 2>err
is "$? $(cat err)" "0 " "both are made again"
is "$("$bin" venti/checkarenas -a arenas 2>&1)" "" "all is clean"
echo "1..$n"
