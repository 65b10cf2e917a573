#!/bin/sh
# The small commands against the host's: where Plan 9's and POSIX's agree the output is the same, elsewhere it is
# what the manual says.
. t/tap
ants=$BUILD/bin/ants
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-tools.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
LC_ALL=C.UTF-8 TZ=UTC
export LC_ALL TZ
text=$PWD/src/base/rx.c words=$PWD/doc/architecture.md
cd "$dir" || exit 1
status() { "$@" >out 2>&1; is $? "$want" "status $want: $*"; }

# same [-i FILE] OURS -- THEIRS: both print the same
same() {
	in=/dev/null
	[ "$1" = -i ] && { in=$2; shift 2; }
	ours=
	while [ "$1" != -- ]; do ours="$ours '$(printf %s "$1" | sed "s/'/'\\\\''/g")'"; shift; done
	shift
	is "$(eval "$ants $ours" <"$in" 2>&1)" "$("$@" <"$in" 2>&1)" "$(echo $ours | tr '\n' ' ')"
}

is "$(seq 7 | $ants mc -10)" "$(printf '1 3 5 7\n2 4 6')" "mc"
is "$(printf 'αβ\nx\ny\n' | $ants mc -6)" "$(printf 'αβ y\nx')" "mc counts characters"
is "$(printf 'a long line\nb\n' | $ants mc -5)" "$(printf 'a long line\nb')" "mc in too little room"
is "$($ants mc /nosuch 2>&1 </dev/null; echo $?)" "$(printf "mc: /nosuch: file does not exist\n1")" "mc without its file"
for f in "$text" "$words"; do
	same sort "$f" -- env LC_ALL=C sort "$f"
	same sort -r "$f" -- env LC_ALL=C sort -r "$f"
	same sort -u "$f" -- env LC_ALL=C sort -u "$f"
	same sort -f -s "$f" -- env LC_ALL=C sort -f -s "$f"
	same sort -k 2,3 -s "$f" -- env LC_ALL=C sort -k 2,3 -s "$f"
	same tail "$f" -- tail "$f"
	same tail -n 3 "$f" -- tail -n 3 "$f"
	same tail -3 "$f" -- tail -n 3 "$f"
	same tail +5 "$f" -- tail -n +5 "$f"
	same tail -c 100 "$f" -- tail -c 100 "$f"
	same tail +20c "$f" -- tail -c +20 "$f"
	same tail -r "$f" -- tac "$f"
	same -i "$f" tr a-z A-Z -- tr a-z A-Z
	same -i "$f" tr -d aeiou -- tr -d aeiou
	same -i "$f" tr -cs A-Za-z '\n' -- tr -cs A-Za-z '\n'
	same -i "$f" tr -s ' \t' ' ' -- tr -s ' \t' ' '
	same cat "$f" -- cat "$f"
	same cmp "$f" "$f" -- true
	for p in int '^static .*[)]$' '[0-9]+' '(char|size_t) \*' 'a?b*c' '\.' '^$' 'x|y'; do
		same grep "$p" "$f" -- grep -E "$p" "$f"
		same grep -v "$p" "$f" -- grep -Ev "$p" "$f"
		same grep -c "$p" "$f" -- grep -Ec "$p" "$f"
		same grep -i "$p" "$f" -- grep -Ei "$p" "$f"
		same grep "$p" "$f" "$text" -- grep -E "$p" "$f" "$text"
		same grep -h "$p" "$f" "$text" -- grep -hE "$p" "$f" "$text"
		same grep -l "$p" "$f" "$text" -- grep -lE "$p" "$f" "$text"
	done
	for s in s/int/X/ 's/[a-z]+/<&>/g' 1,10d 5q 's/(a)(b)*/\2\1/g' '/int/,/char/s/t/T/' 'N;s/\n/+/' '1!G;h;$!d' \
		's/x*/-/g' y/abc/xyz/ '/^#/d;/^$/d' '2,4!d' 's/t/T/2' 's/t/T/2g' 's,/,|,g' 's/[/]/|/' '$!N;P;D' \
		'/a/{s/s/S/g;p;}' 's/a|b/\&/g' 's/\./\n/' '5,2p' 'n;d' '$d' ':a;s/^([^ ]*) /\1_/;ta' 's/^/> /;s/$/ </' \
		'3a\
hello
' '2i\
hey\
you' '2,5c\
once'; do
		same sed "$s" "$f" -- sed -E "$s" "$f"
		same sed -n -e "$s" -e p "$f" -- sed -En -e "$s" -e p "$f"
	done
	is "$($ants sort "$f" | $ants uniq -c | sed 's/^ *//')" "$(LC_ALL=C sort "$f" | uniq -c | sed 's/^ *//')" "uniq -c"
	is "$($ants wc "$f" | awk '{ print $1, $2, $3 }')" "$(wc "$f" | awk '{ print $1, $2, $3 }')" "wc"
	is "$($ants wc -r "$f" | awk '{ print $1 }')" "$(wc -m <"$f")" "wc -r counts runes"
done
same sort -t : -k 3,3n /etc/passwd -- env LC_ALL=C sort -t : -k 3,3n /etc/passwd
same sort -t : +2 -3 -n -s /etc/passwd -- env LC_ALL=C sort -t : -k 3,3 -n -s /etc/passwd
same seq 5 -- seq 5
same seq -w 8 11 -- seq -w 8 11
same seq 1 .5 3 -- seq 1 .5 3
same date -n -- date +%s
same date -u 1000000000 -- echo 'Sun Sep  9 01:46:40 GMT 2001'
same basename /a/b.c .c -- echo b
same basename -d /a/b.c -- echo /a
same cleanname /a/../b//c/. x/.. -- printf '/b/c\n.\n'
same cleanname -d /u ../v -- echo /v
same echo -n a b -- printf 'a b'

# read leaves what it does not take
is "$(printf 'a\nb\nc\n' | { $ants read; cat; })" "$(printf 'a\nb\nc')" "read takes one line"
is "$(printf 'a\nb\nc\n' | { $ants read -n 2 >/dev/null; cat; })" c "read -n 2 takes two"
is "$(printf 'abcdef' | { $ants read -c 4 >/dev/null; cat; })" ef "read -c 4 takes four bytes"
want=1 status $ants read </dev/null
want=0
printf 'x\n' >f

# files
mkdir d; echo one >d/one; echo 'two words' >"d/two words"; ln -s nowhere d/zlink
is "$($ants ls d)" "$(printf "d/one\n'd/two words'\nd/zlink")" "ls names what is in a directory with the directory, quoted for rc"
is "$($ants ls -pQ d)" "$(printf 'one\ntwo words\nzlink')" "ls -pQ"
is "$($ants ls -d d f)" "$(printf 'd\nf')" "ls -d"
is "$($ants ls -F d f . | tr '\n' ' ')" "d/one 'd/two words' d/zlink f ./d/ ./f ./out " "ls -F"
touch -d @1000 d/one; touch -d @2000 "d/two words"
is "$($ants ls -tp d/one 'd/two words')" "$(printf "'two words'\none")" "ls -t: the latest first"
chmod 640 f
is "$($ants ls -l f | sed 's/ M .* \(2 ... .. ..:..\).*f$/ \1/; s/\(.* 2 \).*/\1x/')" "--rw-r----- 2 x" "ls -l"
want=1 status $ants ls missing
is "$(cat out)" "ls: missing: file does not exist" "and says so in Plan 9's words"
is "$($ants mtime d/one)" "       1000 d/one" "mtime"

want=0 status $ants cp -x d/one e
is "$(cat e; stat -c %Y e)" "$(printf 'one\n1000')" "cp -x keeps the time"
want=1 status $ants cp d/one e f
want=1 status $ants cp e e
is "$(cat out)" "cp: e and e are the same file" "cp does not copy a file to itself"
want=1 status $ants cp d e
want=0 status $ants cp e f d
is "$(cat d/e d/f)" "$(printf 'one\nx')" "cp to a directory"
want=0 status $ants mv d/e d/f .
is "$(ls d | tr '\n' ' ')" "one two words zlink " "mv moves"
want=1 status $ants mv missing x
want=0 status $ants mkdir -p p/q/r
want=0 status $ants mkdir -p p/q/r
want=1 status $ants mkdir p
want=0 status $ants mkdir -m 700 m
is "$(stat -c %a m)" 700 "mkdir -m"
want=1 status $ants rm p
want=0 status $ants rm m
mkdir keep; echo k >keep/k; ln -s ../../keep p/q/link
want=0 status $ants rm -r p
is "$(ls -d p 2>/dev/null; cat keep/k)" k "rm -r takes the tree and not what a link in it points to"
want=0 status $ants rm -f missing
want=1 status $ants rm missing
want=1 status $ants rm -r .
chmod 600 f
want=0 status $ants chmod +x f
is "$(stat -c %a f)" 711 "chmod +x"
want=0 status $ants chmod go-rwx f
is "$(stat -c %a f)" 700 "chmod go-rwx"
want=0 status $ants chmod u=rw f
is "$(stat -c %a f)" 600 "chmod u=rw"
want=0 status $ants chmod 755 f
is "$(stat -c %a f)" 755 "chmod 755"
want=1 status $ants chmod u%x f
want=0 status $ants touch new
want=0 status $ants touch -t 1234 new
is "$(stat -c %Y new)" 1234 "touch -t"
want=1 status $ants touch -c absent
is "$(ls absent 2>&1 | wc -w)" "$(ls absent2 2>&1 | wc -w)" "touch -c makes nothing"

# test
for e in "-d d" "-f f" "! -d f" "-e f -a -d d" "-e missing -o -d d" "a = a" "a != b" "1 -lt 2" "10 -gt 9" "-n x" "-z ''" \
	"( a = b -o c = c ) -a x" "-x f" "-s f" "! -s new" "f -newer d/one" "d/one -older 1d" "! f -older 1d" "-h d/zlink"; do
	want=0
	eval "status \$ants test $(echo "$e" | sed 's/[()]/"&"/g')"
done
for e in "" "-d f" "-f d" "a = b" "1 -eq 2" "-e missing" "! x" "-z x" "''"; do
	want=1
	eval "status \$ants test $e"
done
want=2 status $ants test 1 -eq x
want=2 status $ants test a b

# differences
printf 'abc\nxef\n' >a1; printf 'abc\ndef\n' >a2; printf 'abc\n' >a3
want=1 status $ants cmp a1 a2
is "$(cat out)" "a1 a2 differ: char 5" "cmp says where"
want=1 status $ants cmp -L a1 a2
is "$(cat out)" "a1 a2 differ: char 5 line 2" "cmp -L and in which line"
want=1 status $ants cmp a1 a3
is "$(cat out)" "EOF on a3 after 4 bytes" "cmp at the end of one"

# errors
want=2 status $ants cat -x
is "$(cat out)" "usage: cat [file ...]" "a bad flag is told the usage"
want=0 status $ants sort --help
want=1 status $ants cat missing
is "$(cat out)" "cat: can't open missing: file does not exist" "cat of nothing"
want=2 status $ants grep '(' f
is "$(cat out)" "grep: missing ) in regular expression" "a bad pattern"
want=1 status $ants grep zzz f
want=2 status $ants grep zzz missing
want=1 status $ants sed 'k' f
is "$(cat out)" "sed: unrecognized command: k" "a bad script"
if [ -w /dev/full ]; then
	for c in "cat $text" "sort $text" "ls -l" "seq 3" "sed p $text" "echo x"; do
		$ants $c >/dev/full 2>err
		is $? 1 "a full disk fails $c"
	done
fi
is "$($ants seq 100000 | $ants read)" 1 "a closed pipe ends a command quietly"

printf 'only\n' >fortunes
is "$($ants fortune fortunes)" only "a fortune"
seq 20 >fortunes
is "$(for i in $(seq 40); do $ants fortune fortunes; done | sort -u | awk 'END { print (NR > 5) }')" 1 "not always the same"
want=1 status $ants fortune /dev/null

# bytes
for f in "$text" /dev/null "$ants"; do
	is "$($ants md5sum "$f")" "$(md5sum "$f" | sed 's/ .*//')	$f" "md5sum"
	is "$($ants sha1sum <"$f")" "$(sha1sum <"$f" | sed 's/ .*//')" "sha1sum"
done
for n_ in 55 56 63 64 65 119 120; do head -c $n_ "$text" >sized; is "$($ants sha1sum <sized)" "$(sha1sum <sized | sed 's/ .*//')" "sha1sum of $n_ bytes"; done
is "$($ants dd -if "$ants" -bs 1000 -count 7 -skip 3 -quiet 1 | md5sum)" "$(dd if="$ants" bs=1000 count=7 skip=3 2>/dev/null | md5sum)" "dd skip and count"
is "$($ants dd -if "$ants" -ibs 700 -obs 999 2>err | md5sum; tail -1 err)" "$(md5sum <"$ants"; dd if="$ants" ibs=700 obs=999 2>&1 >/dev/null | sed -n 2p)" "dd between block sizes"
printf 'abcdefghij' >t1
$ants dd if=/dev/null of=t1 bs=2 oseek=3 quiet=1
is "$(cat t1)" abcdef "dd cuts where it ends"
printf 'XY' | $ants dd -of t1 -bs 1 -oseek 2 -trunc 0 -quiet 1
is "$(cat t1)" abXYef "dd -trunc 0 does not"
is "$(printf 'aBc' | $ants dd -conv ucase,swab,sync -bs 4 -quiet 1 | od -An -c | tr -s ' ')" ' B A \0 C' "dd -conv"
want=1 status $ants dd -bs 4q
is "$(printf 'ab\n\377' | $ants xd -c -b)" "$(printf '0000000   a  b \\n ff\n\t  61 62 0a ff\n0000004 ')" "xd"
is "$(head -c 64 /dev/zero | $ants xd -w)" "$(printf '0000000  0000 0000 0000 0000 0000 0000 0000 0000\n*\n0000040 ')" "xd of much the same"

# gunzip
for f in "$text" "$ants" /dev/null; do
	for l in 1 9; do is "$(gzip -$l <"$f" | $ants gunzip | md5sum)" "$(md5sum <"$f")" "gunzip of gzip -$l"; done
done
is "$({ echo a | gzip; echo b | gzip; } | $ants gunzip)" "$(printf 'a\nb')" "gunzip of two members"
cp "$text" u; touch -d @5000 u; gzip -k u; rm u
want=0 status $ants gunzip u.gz
is "$(cmp u "$text"; stat -c %Y u)" 5000 "gunzip a file"
want=0 status $ants gunzip -T u.gz
head -c 2000 u.gz >cut.gz
want=1 status $ants gunzip cut.gz
is "$(cat out; ls cut 2>/dev/null)" "gunzip: cut.gz: gzip: the file ends too early" "a file that was cut leaves nothing behind"
{ head -c 1000 u.gz; printf '\377\377'; tail -c +1003 u.gz; } >bad.gz
want=1 status $ants gunzip -T bad.gz
want=1 status $ants gunzip -T "$text"

# tar
mkdir -p a/d/e x; cp "$text" a/d/; ln -s e a/d/link; echo deep >a/d/e/f; chmod 750 a/d/e/f; touch -d @7000 a/d/e/f
long=$(printf 'n%.0s' $(seq 150)); echo long >a/$long
$ants tar cf ours.tar a
is "$(tar tf ours.tar | sort)" "$(find a -type d -printf '%p/\n' -o -print | sort)" "the host's tar reads ours"
is "$(cd x && tar xf ../ours.tar && diff -r a ../a)" "" "and extracts it"
rm -rf x/a
for fmt in ustar gnu pax; do
	tar cf theirs.tar --format=$fmt $([ $fmt = ustar ] && echo a/d || echo a)
	is "$(cd x && $ants tar xf ../theirs.tar 2>&1; diff -r $([ $fmt = ustar ] && echo a/d ../a/d || echo a ../a))" "" "we extract the host's: $fmt"
	is "$(stat -c '%a %Y' x/a/d/e/f)" "750 7000" "with modes and times"
	rm -rf x/a
done
tar czf packed.tgz a
is "$(cd x && $ants tar xzf ../packed.tgz a/d/e && find a -type f)" a/d/e/f "tar xz of a part"
is "$($ants tar tzf packed.tgz | sort)" "$(tar tzf packed.tgz | sort)" "tar tz"
rm -rf x; mkdir -p x/in; ln -s / x/in/root; echo secret >secret
(cd x/in && tar cPf ../evil.tar ../../secret) 2>/dev/null
mkdir x/to
is "$(cd x/to && $ants tar xf ../evil.tar 2>&1)" "tar: ../../secret: a name outside is refused" "a name that leads out"
(cd x/in && tar cf ../evil.tar root) 2>/dev/null
is "$(cd x/to && $ants tar xf ../evil.tar 2>&1; ls)" "tar: root: a link to /, outside, is refused" "a link that leads out"
mkdir x/in/sub; echo through >x/in/sub/file; (cd x/in && tar cf ../evil.tar sub/file)
ln -s "$dir" x/to/sub
is "$(cd x/to && $ants tar xf ../evil.tar >/dev/null 2>&1; echo $?; ls "$dir/file" 2>/dev/null)" 1 "nothing is written through a link"
head -c 700 ours.tar >cut.tar
want=1 status $ants tar tf cut.tar
head -c 1024 "$text" >junk.tar
want=1 status $ants tar tf junk.tar

# ps and kill
cp "$ants" sleep
./sleep 1000 & pid=$!
until [ "$(cat /proc/$pid/comm)" = sleep ]; do :; done
is "$($ants ps | awk -v p=$pid '$2 == p { print $NF }')" sleep "ps knows it"
is "$($ants ps -r | awk -v p=$pid '$2 == p { print NF, $5 ~ "^[01]:[0-9][0-9]$" }')" "8 1" "and since when"
is "$($ants ps -a | awk -v p=$pid '$2 == p { print $NF }')" 1000 "and its arguments"
is "$($ants kill sleep | grep -c "[ /]$pid[ /]")" 1 "kill prints how to end it"
kill $pid
wait $pid 2>/dev/null
# [, sum, sysname, con
want=0 status $ants [ a = a ]
want=1 status $ants [ a = b ]
want=1 status $ants [ ]
want=2 status $ants [ a = a
ln -s "$ants" [
is "$(./[ -d / ] && echo yes)" yes "[ by its name"
printf 123456789 >nine
is "$($ants sum nine; $ants sum <nine)" "$(printf 'afcbb09a      9 nine\nafcbb09a      9')" sum
is "$($ants sum </dev/null)" "2aa280dc      0" "the sum of nothing"
is "$($ants sum -5 "$text")" "$(sum -s "$text" | awk '{ printf "%05d%6d %s", $1, $2, $3 }')" "sum -5"
is "$($ants sum -r "$text")" "$(sum -r "$text" | awk -v f="$text" '{ printf "%05d%6d %s", $1, $2, f }')" "sum -r"
want=1 status $ants sum nowhere
is "$($ants sysname)" "$(cat /dev/sysname 2>/dev/null || uname -n)" sysname
[ -e /dev/sysname ] || want=1 status $ants sysname elsewhere
$ants aux/listen1 -t "unix!$dir/call" sh -c 'printf "hey\r\n"; tr a-z A-Z' >listen.out 2>&1 & pid=$!
until [ -S call ]; do kill -0 $pid || break; sleep .05; done
is "$(printf 'one\ntwo\n' | $ants con -r "unix!$dir/call")" "$(printf 'hey\nONE\nTWO')" "con to an address"
prompts() { i=0; until grep -qs "$1" con.out || [ $i -gt 600 ]; do i=$((i + 1)); sleep .05; done; }
(prompts hey; printf 'x\034'; prompts '>>>'; printf q) | timeout 60 script -qec "$ants con -r unix!$dir/call" /dev/null >con.out
is "$? $(tr -d '\r' <con.out | tr '\n' ' ')" "0 hey  >>>  " "con: control-\\ q"
kill $pid
wait $pid 2>/dev/null
echo data >file
is "$($ants con -n ./file </dev/null 2>&1)" data "con to a file"
want=1 status $ants con ./nowhere
printf 'a\rb\nc\r\n\301' >file
is "$($ants con -nT ./file </dev/null | od -An -c | tr -d ' ')" 'a\nb\nc\n\n301' "con -T: returns are newlines"
is "$($ants con -nR ./file </dev/null | od -An -c | tr -d ' ')" 'a\nb\rc\n\r301' "con -R: and newlines returns"
is "$($ants con -ns ./file </dev/null | od -An -c | tr -d ' ')" 'a\rb\nc\r\nA' "con -s: seven bits"
is "$($ants con -nr ./file </dev/null | od -An -c | tr -d ' ')" 'a\rb\nc\n301' "con -r: no return before a newline"
is "$($ants con -c q -n ./file </dev/null)" "" "con -c: as if it were typed"
want=1 status $ants con -b 9600 ./file
want=1 status $ants con -l glenda ./file
$ants aux/listen1 -t "unix!$dir/call2" sh -c 'read x; echo "got $x"; read x; echo "then $x"' >listen.out 2>&1 & pid=$!
until [ -S call2 ]; do kill -0 $pid || break; sleep .05; done
is "$(echo two | $ants con -c '!echo one; sed 1q >/dev/null' "unix!$dir/call2")" "then two" "con !: the command has the connection to itself"
kill $pid
wait $pid 2>/dev/null
want=2 status $ants con
echo "1..$n"
