#!/bin/sh
# vac and unvac against plan9port's ($PEERS/plan9port), both over our venti: the same blocks for the same metadata, and
# trees both ways.
p9p=${PEERS:-/nonexistent}/plan9port
if [ ! -x "$p9p/bin/vac" ]; then
	echo "1..0 # SKIP no plan9port in \$PEERS"
	exit 0
fi
PLAN9=$p9p
anthill=$BUILD/bin/anthill
case $anthill in /*) ;; *) anthill=$PWD/$anthill ;; esac
. t/tap
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-vac.XXXXXX") || exit 2
cd "$dir" || exit 2
venti=unix!$dir/v
export PLAN9 venti
"$anthill" venti/venti -s -w -a "$venti" -M 64m >log 2>&1 &
pid=$!
trap 'kill $pid; wait $pid 2>/dev/null; rm -rf "$dir"' EXIT
i=0
until grep -q serving log || [ $i -ge 600 ]; do sleep 0.1; i=$((i + 1)); done

# theirs records when it ran: run it until that is one second, and tell ours; the order of names in a directory is the
# disk's for theirs, so a directory has one name here
mkdir -p d/e/f empty
echo a >a; : >zero; head -c 8192 /dev/urandom >exact; head -c 4000000 /dev/urandom >big; head -c 50000 /dev/zero >zeros
head -c 300000 /dev/urandom >d/e/f/deep; mkfifo pipe; ln -s a link; touch -h -r a link
for i in 1 2 3 4 5 6 7 8 9; do for j in 1 2 3 4 5 6 7 8 9; do echo $i$j >"name$i$j"; done; done
sleep 0.1
find . -type f -exec cat {} + >/dev/null # the first reading changes when they were read, which is in the archive
set -- a d big empty zero exact zeros pipe name*
for b in 8k 1k 52k; do
	for try in $(seq 60); do
		t=$(date +%s)
		"$p9p/bin/vac" -b $b -f theirs.vac "$@" 2>err
		[ "$(date +%s)" = "$t" ] && break
	done
	is "$("$anthill" vac -b $b -T "$t" "$@")" "$(cat theirs.vac)" "the same score, blocks of $b"
done

mkdir o1 o2
"$p9p/bin/vac" -f theirs.vac "$@" 2>err
"$anthill" vac -f ours.vac "$@" link
(cd o1 && "$anthill" unvac ../theirs.vac 2>../err)
(cd o2 && "$p9p/bin/unvac" ../ours.vac 2>../err)
sums() { (cd "$1" && find a d big zero exact zeros name* -type f -exec md5sum {} +) | sort -k2; }
is "$(sums o1 | md5sum)" "$(sums . | md5sum)" "we extract theirs"
is "$(sums o2 | md5sum)" "$(sums . | md5sum)" "they extract ours"
is "$("$p9p/bin/unvac" -t ours.vac | grep -c .)" "$("$anthill" unvac -t ours.vac | grep -c .)" "both list ours"
is "$("$anthill" vac -q -d theirs.vac -s a big d 2>&1 >/dev/null | sed -n 's/.*, \([0-9]*\) files skipped.*/\1/p')" 3 "-q against theirs"
"$p9p/bin/vac" -q -d ours.vac -f again.vac a big d 2>err
is "$("$anthill" unvac -c again.vac a)" a "theirs with -q against ours"
echo "1..$n"
