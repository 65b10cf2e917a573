#!/bin/sh
# venti/read, write, sync, root, dump and copy, between two servers.
bin=$BUILD/bin/anthill
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-venti.XXXXXX") || exit 1
pids=
trap 'kill $pids 2>/dev/null; rm -rf "$dir"' EXIT
. t/ventilib
start a
start b
A=unix!$dir/a
B=unix!$dir/b
venti=$A
export venti

s=$(echo 'hello, venti' | "$bin" venti/write)
is "$s" 20f87bde04892e9ca0c2d880bbe284978c0d261f "a block is written"
is "$("$bin" venti/read -t 0 "$s")" 'hello, venti' "and read"
is "$("$bin" venti/read -h "$A" "$s" 2>&1)" "venti/read -h $A -t 0 $s
hello, venti" "with its type found"
is "$("$bin" venti/read -t dir "$s" 2>&1)" "venti/read: could not read block: no block with score $s/2 exists" "but not as another type"
"$bin" venti/read -h "$B" "$s" 2>/dev/null
is $? 1 "nor from another server"
is "$(printf 'x\0\0\0' | "$bin" venti/write -z)" "$(printf x | "$bin" venti/write)" "-z leaves out zeros"
is "$(head -c 57345 /dev/zero | "$bin" venti/write 2>&1)" "venti/write: the input is too large: a block has at most 57344 bytes" "a block too large"
is "$(head -c 57344 /dev/zero | "$bin" venti/write | head -c 6)" "$(head -c 57344 /dev/zero | sha1sum | head -c 6)" "one that is not"
is "$(: | "$bin" venti/write)" da39a3ee5e6b4b0d3255bfef95601890afd80709 "an empty one"
"$bin" venti/sync
is $? 0 "sync"
is "$("$bin" venti/sync -h "unix!$dir/nobody" 2>&1 | sed 's/.*: //')" "file does not exist" "no server"
is "$("$bin" venti/read 1234 2>&1)" "venti/read: '1234' is not a score: it takes 40 hexadecimal digits" "no score"
"$bin" venti/copy 2>/dev/null
is $? 2 "no arguments"

"$bin" venti/ro -h "$A" -a "unix!$dir/ro" -v 2>"$dir/ro.log" &
ro=$!
pids="$pids $ro"
up "unix!$dir/ro"
R=unix!$dir/ro
is "$("$bin" venti/read -h "$R" -t 0 "$s")" 'hello, venti' "venti/ro: what the other has is read"
is "$("$bin" venti/read -h "$R" -t dir "$s" 2>&1)" "venti/read: could not read block: no block with score $s/2 exists" "its errors, too"
is "$(echo new | "$bin" venti/write -h "$R" 2>&1; echo new | sha1sum | cut -d' ' -f1 | xargs "$bin" venti/read -h "$A" -t 0 2>&1 | sed 's/.*: no/no/; s/score .*\//score S\//')" \
	"venti/write: could not write block: read only
no block with score S/13 exists" "nothing is written"
"$bin" venti/sync -h "$R"
is "$?$(grep -c 'Tread' "$dir/ro.log")" 02 "a sync is answered; -v prints requests"
kill $ro
wait $ro
is $? 0 "it ends in order"

hex() { printf "$(printf %s "$1" | sed 's/../0x& /g' | xargs printf '\\%03o')"; }
put() { hex "$2" | "$bin" venti/write -t "$1"; }
zeros() { head -c "$1" /dev/zero | od -An -v -tx1 | tr -d ' \n'; }
entry() { echo "000000001ff42000${1}00000000000000$2$3"; } # FLAGS SIZE SCORE
root() { echo "0002$(zeros 128)766163$(zeros 125)${1}2000$2"; } # SCORE PREV
none=$(zeros 20)
gone=0123456789012345678901234567890123456789
d1=$(echo one | "$bin" venti/write)
d2=$(echo two | "$bin" venti/write)
ptr=$(put 1 "$d1$d2$d1")
sub=$(put dir "$(entry 05 00005001 "$ptr")$(entry 04 00000000 "$none")")
top=$(put dir "$(entry 03 00000050 "$sub")$(entry 01 00000005 "$d2")$(entry 03 00000050 "$sub")")
old=$(put root "$(root "$sub" "$none")")
new=$(put root "$(root "$top" "$old")")
is "$("$bin" venti/root "$new" "$old")" "$new: '' vac $top 8192 $old
$old: '' vac $sub 8192 $none" "roots are printed"
is "$("$bin" venti/dump "$new" | grep -c -F -e "$d1" -e "$d2")" 8 "and what is below them"
is "$("$bin" venti/copy -v "$A" "$B" "vac:$new" 2>"$dir/err" | sed 's/.*skipped, //')" "7 written" "a copy"
is "$(sort -u "$dir/err" | wc -l)" 7 "of each block"
is "$("$bin" venti/dump -h "$B" "$new")" "$("$bin" venti/dump -h "$A" "$new")" "is the same"
is "$("$bin" venti/copy -fv "$A" "$B" "$new")" "1 skipped, 0 written" "nothing is to be done again"
bad=$(put dir "$(entry 01 00000005 "$gone")$(entry 01 00000005 "$d1")")
bad=$(put root "$(root "$bad" "$none")")
"$bin" venti/copy "$A" "$B" "$bad" 2>"$dir/err"
is $? 1 "a block that is not there"
is "$(cat "$dir/err")" "venti/copy: reading block $gone (type 0): no block with score $gone/13 exists" "is told"
"$bin" venti/read -h "$B" -t root "$bad" >/dev/null 2>&1
is $? 1 "and nothing above it is copied"
"$bin" venti/copy -i "$A" "$B" "$bad" 2>/dev/null
is $? 1 "-i is no success"
is "$("$bin" venti/read -h "$B" -t root "$bad" | sha1sum | cut -c1-40)" "$bad" "but copies"
out=$("$bin" venti/copy -r "$A" "$B" "vac:$bad" 2>/dev/null)
is $? 0 "-r is"
is "${out#vac:????????????????????????????????????????}" " (2 pointers rewritten)" "it prints another root"
out=${out#vac:}
is "$("$bin" venti/dump -h "$B" "${out%% *}" | grep -c 'score=da39a3ee5e6b4b0d3255bfef95601890afd80709')" 1 "with a zero block"

# a tree of some thousand blocks
many=
i=0
while [ $i -lt 409 ]; do many=$many$d1; i=$((i + 1)); done
head -c 3000000 /dev/urandom | split -b 7000 - "$dir/x."
all=
for f in "$dir"/x.*; do all=$all$("$bin" venti/write <"$f"); done
p1=$(put 1 "$all")
p2=$(put 2 "$p1$(put 1 "$many")$p1")
is "$("$bin" venti/copy -m -p "$A" "$B" "$p2" 2>/dev/null | sed 's/.*, //')" "433 written" "a larger one"
is "$("$bin" venti/read -h "$B" -t 1 "$p1" | sha1sum | cut -c1-40)" "$p1" "is there"
is "$("$bin" venti/copy -t 0 "$A" "$B" "$p2" 2>&1)" "venti/copy: reading block $p2 (type 0): no block with score $p2/13 exists" "-t is believed"
echo "1..$n"
