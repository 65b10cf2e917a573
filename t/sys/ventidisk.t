#!/bin/sh
# The commands for a venti's disks: making, listing, checking, repairing, copying; and arenas that plan9port wrote.
A=$BUILD/bin/anthill
case $A in /*) ;; *) A=$PWD/$A ;; esac
V=$PWD/t/vectors/venti
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-vdisk.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
n=0
ok() { # name; the status of the last command decides
	rc=$?; n=$((n + 1))
	if [ $rc = 0 ]; then echo "ok $n - $1"; else echo "not ok $n - $1"; sed 's/^/# /' out 2>/dev/null | head; fi
}
has() { grep -q -- "$1" out; }
# flip FILE OFFSET: another byte there
flip() {
	b=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
	printf "\\$(printf %o $((b ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

gzip -dc "$V/arenas.gz" >p9p
$A venti/printarenapart p9p >out 2>&1; has '^arena g0 794624 clumps=9 cclumps=7 used=27245 uncsize=40060$'; ok "plan9port's partition"
$A venti/checkarenas -a p9p >out 2>&1 && [ ! -s out ]; ok "its arenas are clean, whacked clumps too"
$A venti/printarena -o 794624 p9p >out 2>/dev/null; [ "$(grep -c ' 13 ' out)" = 9 ] && has '^end offset 27245$'; ok "printarena"
sort -u "$V/arenas.scores" >want; awk '$3 == 13 { print $2 }' out | sort >got; cmp -s want got; ok "it has the scores that were written"
$A venti/findscore p9p aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d >out 2>&1; has '^g0: found at clump=8 with type=13 size=5 csize=5'; ok "findscore"
! $A venti/findscore p9p aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434e >out 2>&1; ok "and one that is not there"

truncate -s 4M ours mirror; truncate -s 1M isect
$A venti/fmtarenas -a 1m o ours >out 2>&1 && has '3 arenas'; ok "fmtarenas"
$A venti/fmtarenas -4 -a 1m o mirror >out 2>&1; ok "fmtarenas -4"
! $A venti/fmtarenas -b 5k o mirror >out 2>&1 && has 'no block size'; ok "a bad block size"
$A venti/fmtisect i0 isect >out 2>&1; ok "fmtisect"
printf 'index main\nisect %s\narenas %s\n' "$dir/isect" "$dir/ours" >conf
$A venti/conf -w ours conf && $A venti/conf ours | cmp -s - conf; ok "conf"
! echo nonsense | $A venti/conf -w ours >out 2>&1 && has "standard input:1: 'nonsense' is not known"; ok "a bad one is not put there"
$A venti/fmtindex ours >out 2>&1 && has '3 arenas, 1 index sections'; ok "fmtindex, with the configuration from the partition"
truncate -s 1M bloom; $A venti/fmtbloom -n 10k bloom >out 2>&1 && has '32 hashes'; ok "fmtbloom"

# put the nine blocks of p9p into ours, by a venti on a socket of ours
$A venti -s -c ours -a "unix!$dir/v" >log 2>&1 & pid=$!
i=0; while [ ! -S v ] && [ $i -lt 600 ] && kill -0 $pid 2>/dev/null; do sleep 0.1; i=$((i + 1)); done
$A venti/wrarena -h "unix!$dir/v" -o 794624 -M 4 p9p >out 2>&1; has '^end offset 0x'; ok "wrarena, four clumps"
at=$(awk '/^end offset/ { print $3 }' out)
$A venti/wrarena -h "unix!$dir/v" -o 794624 p9p $at >out 2>&1; has '^end offset 0x6a6d$'; ok "and on from there"
! $A venti/wrarena -h "unix!$dir/v" -o 794624 p9p 5 >out 2>&1 && has 'no clump at offset 0x5'; ok "not from within a clump"
! $A venti/checkarenas -f ours >out 2>&1 && has 'another program has it open'; ok "a venti's partition is not written by others"
kill $pid; wait $pid; ok "the venti ends"
$A venti/checkarenas -a ours >out 2>&1 && [ ! -s out ]; ok "its arenas are clean"
$A venti/printarenas conf | awk '{ print $2 }' | sort >got; cmp -s want got; ok "printarenas: the same scores"
$A venti/checkindex conf >out 2>&1 && has '9 blocks in the arenas, 9 in the index (from its checkpoint), 0 missing'; ok "checkindex"
$A venti/buildindex conf >out 2>&1 && has '9 blocks'; ok "buildindex"

$A venti/rdarena ours o0 >o0 2>out; has 'clumps=9'; ok "rdarena"
$A venti/printarena o0 2>/dev/null >out; has '^end offset'; ok "a copy can be listed"
$A venti/verifyarena <o0 >out 2>&1; has '^o0: unsealed'; ok "and verified from standard input"
truncate -s 4M mirror2; $A venti/fmtarenas -a 1m o mirror2 2>/dev/null
$A venti/mirrorarenas -v ours mirror2 >out 2>&1; has '^o0: [0-9]* used mirrored'; ok "mirrorarenas"
$A venti/checkarenas -a mirror2 >out 2>&1; ok "the mirror is clean"

flip ours $((794624 + 8192 + 100))     # in the first clump's bytes
flip ours $((794624 + 1048576 - 8192 - 8192 + 30)) # in the second line of the directory
flip ours $((794624 + 10))             # in the head's name
! $A venti/checkarenas -a ours >out 2>&1; ok "damage is found"
[ "$(grep -cE 'clump=0|clump=1|differ|calls itself' out)" -ge 2 ]; ok "all of it"
! $A venti/checkarenas -af ours >out 2>&1; ok "without a mirror a block is lost"
$A venti/checkarenas -af -m mirror2 ours >out 2>&1; ok "with one all is repaired"
$A venti/checkarenas -a ours >out 2>&1 && [ ! -s out ]; ok "and clean"
for c in fmtarenas fmtisect fmtbloom fmtindex conf buildindex checkindex checkarenas printarena printarenas printarenapart rdarena \
	wrarena mirrorarenas findscore; do
	$A venti/$c >out 2>&1; [ $? = 2 ] && has usage || echo "$c"
done >bad; [ ! -s bad ]; ok "usage errors end with status 2"
echo "1..$n"
