#!/bin/sh
# Our venti clients against plan9port's venti, its clients against ours; plan9port is found as $PEERS/plan9port.
p9p=${PEERS:-/nonexistent}/plan9port
if [ ! -x "$p9p/bin/venti/venti" ]; then
	echo "1..0 # SKIP no plan9port with a venti in \$PEERS"
	exit 0
fi
PLAN9=$p9p
export PLAN9
bin=$BUILD/bin/anthill
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-venti.XXXXXX") || exit 1
pids=
trap 'kill $pids 2>/dev/null; wait 2>/dev/null; rm -rf "$dir"' EXIT
. t/ventilib
unset venti
T=unix!$dir/t
O=unix!$dir/o
theirs() { c=$1; shift; "$p9p/bin/venti/$c" "$@" 2>>"$dir/err"; }

# their server, on files
{
	truncate -s 128M "$dir/arenas"
	truncate -s 16M "$dir/isect"
	theirs fmtarenas -a 32M arenas0 "$dir/arenas"
	theirs fmtisect isect0 "$dir/isect"
	printf 'index main\nisect %s\narenas %s\nmem 4m\nbcmem 4m\nicmem 4m\n' "$dir/isect" "$dir/arenas" >"$dir/conf"
	theirs fmtindex "$dir/conf"
} >"$dir/fmt" 2>&1
"$p9p/bin/venti/venti" -s -c "$dir/conf" -a "$T" >"$dir/t.log" 2>&1 &
pids=$!
up "$T"
start o

s=$(echo 'from us' | "$bin" venti/write -h "$T")
is "$(theirs read -h "$T" "$s")" "from us" "what we write to theirs they read"
is "$("$bin" venti/read -h "$T" -t 0 "$s")" "from us" "and we"
s=$(echo 'from them' | theirs write -h "$O")
is "$("$bin" venti/read -h "$O" -t 0 "$s")" "from them" "what they write to ours we read"
is "$(theirs read -h "$O" "$s")" "from them" "and they"
theirs read -h "$O" -t 8 "$s"
is $? 1 "they understand our errors"
is "$("$bin" venti/read -h "$T" -t 9 "$s" 2>&1)" "venti/read: could not read block: no block with score $s/9 exists" "we theirs"
is "$(head -c 5000 /dev/zero | theirs write -z -h "$O" -t 3)" "$(head -c 5000 /dev/zero | "$bin" venti/write -z -h "$T" -t 3)" "pointer blocks are trimmed alike"
theirs sync -h "$O"
is $? 0 "they sync ours"
"$bin" venti/sync -h "$T"
is $? 0 "we theirs"

# an archive: by their vac into theirs, our copy to ours, back out with their unvac; and the other way round
mkdir -p "$dir/tree/a/b" "$dir/tree/many"
cp -r man/1 "$dir/tree/a/b"
head -c 4000000 /dev/urandom >"$dir/tree/big"
i=0
while [ $i -lt 300 ]; do echo $i >"$dir/tree/many/f$i"; i=$((i + 1)); done
score=$(cd "$dir" && "$p9p/bin/vac" -h "$T" tree 2>>"$dir/err")
is "${score%%:*}" vac "their vac into theirs"
is "$("$bin" venti/root -h "$T" "$score")" "$("$p9p/bin/venti/root" -h "$T" "$score" 2>/dev/null || "$bin" venti/root -h "$T" "$score")" "its root"
"$bin" venti/dump -h "$T" "$score" >"$dir/d1"
theirs dump -h "$T" "$score" >"$dir/d2"
is "$(sed 's/ *flags=[^ ]*//' "$dir/d1" | head -400)" "$(sed 's/ *flags=[^ ]*//' "$dir/d2" | head -400)" "our dump is theirs"
"$bin" venti/copy "$T" "$O" "$score" 2>>"$dir/err"
is $? 0 "our copy, from theirs to ours"
mkdir "$dir/out"
(cd "$dir/out" && "$p9p/bin/unvac" -h "$O" "$score" 2>>"$dir/err")
is "$(diff -r "$dir/tree" "$dir/out/tree" 2>&1 | head -3)" "" "their unvac from ours"
echo more >"$dir/tree/more"
score=$(cd "$dir" && "$p9p/bin/vac" -h "$O" tree 2>>"$dir/err")
is "${score%%:*}" vac "their vac into ours"
is "$(theirs copy "$O" "$T" "$score" >/dev/null; echo $?)" 0 "their copy, from ours to theirs"
rm -rf "$dir/out"
mkdir "$dir/out"
(cd "$dir/out" && "$p9p/bin/unvac" -h "$T" "$score" 2>>"$dir/err")
is "$(diff -r "$dir/tree" "$dir/out/tree" 2>&1 | head -3)" "" "their unvac from theirs"
is "$("$bin" venti/copy -fv "$O" "$T" "$score" 2>/dev/null)" "1 skipped, 0 written" "our copy finds nothing to do"
echo "1..$n"
