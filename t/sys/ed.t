#!/bin/sh
# ed by scripts: what it prints and what it leaves in the file.
. t/tap
ants=$BUILD/bin/ants
case $ants in /*) ;; *) ants=$PWD/$ants ;; esac
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-ed.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
mkdir bin; ln -s "$ants" bin/rc; ln -s "$ants" bin/ed
PATH=$dir/bin:$PATH

# five makes the file f of five lines
five() { printf 'one\ntwo\nthree\nfour\nfive\n' >f; }

# prints NAME SCRIPT WANT: what ed - prints for a script on the five lines
prints() { five; is "$(printf "$2\nQ\n" | ed - f 2>&1)" "$(printf -- "$3")" "$1"; }

# leaves NAME SCRIPT WANT: the lines then, with blanks between
leaves() { five; printf "$2\nw\n" | ed - f >out 2>&1; is "$(tr '\n' ' ' <f)$(cat out)" "$3 " "$1"; }

# addresses
prints "a number" 3p three
prints "dot is the last line" .p five
prints "dollar" '$p' five
prints "newline steps" '1\n\n' 'one\ntwo\nthree'
prints "newline after the last line" '$\n' 'five\n?'
prints "an address alone" '2' two
prints "a range" 2,3p 'two\nthree'
prints "comma alone is all" ,p 'one\ntwo\nthree\nfour\nfive'
prints "from" '4,p' 'four\nfive'
prints "up to" ',2p' 'one\ntwo'
prints "semicolon sets dot" '2;+1p' 'two\nthree'
prints "comma does not" '2\n1,+1p' 'two\none\ntwo\nthree'
prints "a third address after a comma" '1,2,3p' '?'
prints "a pattern" '1\n/o/p' 'one\ntwo'
prints "a pattern wraps" '/one/' one
prints "backward" '?t?' three
prints "backward from the top" '1\n?f?' 'one\nfive'
prints "the last pattern" '/o/\n//\n//' 'one\ntwo\nfour'
prints "no last pattern" '//' '?'
prints "no match" '/x/' '?'
prints "a bad pattern" '/(/' '?'
prints "0 and a pattern" '0/o/' one
prints "pattern after an address" '2/f/' four
prints "plus pattern" '1+/f/' four
prints "minus pattern" '5-/t/' three
prints "the end may be left out" '1\n/thr' 'one\nthree'
prints "an escaped delimiter" 's/.*/a\\/b/\n/a\\/b/' 'a/b'
prints "plus minus" '3\n-\n++\n--p' 'three\ntwo\nfour\ntwo'
prints "a number after an address" '1 2p' three
prints "caret is minus" '3\n^' 'three\ntwo'
prints "out of range" '6p\n0p\n1-2p' '?\n?\n?'
prints "backward range" '3,2p' '?'
prints "huge numbers" '99999999999999999999999p' '?'
prints "marks" "2ka\n4kb\n'a,'bp" 'two\nthree\nfour'
prints "a mark follows its line" "2ka\n1d\n2m0\n'a=" 2
prints "a mark lives through substitution" "2ka\n2s/t/T/\n'ap" Two
prints "a deleted line has no mark" "2ka\n2d\n'ap" '?'
prints "a mark is a letter" "kA" '?'

# printing
prints "P" 1P one
prints "n" 2,3n '2\ttwo\n3\tthree'
prints "equals" '=\n2=\n/four/=' '5\n2\n4'
prints "suffixes" '1dp\n1dn\n1dl' 'two\n1\tthree\nfour'
prints "no two commands" '1px\n1p' '?\none'
prints "an unknown command" 'z\n1p' '?\none'
prints "q takes no address" '1q' '?'
prints "b" '1b2\nb2' 'one\ntwo\nthree\nthree\nfour\nfive'
prints "b backward, numbered" '5b-1n\n2b' '4\tfour\n5\tfive\n2\ttwo\n3\tthree'
printf 'tab\there\\ \b \303\251 \377 \001 \n' >g
is "$(printf 'l\n' | ed - g)" 'tab\there\\ \b \x00e9 \xff \x0001 \n' "l"
awk 'BEGIN { while (i++ < 100) printf "x"; print "" }' >g
is "$(printf 'l\n' | ed - g | awk '{ print length($0) }' | tr '\n' ' ')" "66 36 " "l folds"

# text
leaves "a" '2a\nx\ny\n.' "one two x y three four five"
leaves "a at 0" '0a\nx\n.' "x one two three four five"
leaves "i" '2i\nx\n.' "one x two three four five"
leaves "c" '2,4c\nx\n.' "one x five"
leaves "c of nothing" '2,4c\n.' "one five"
prints "dot after c of nothing" '2,4c\n.\np' one
leaves "d" 2,3d "one four five"
prints "dot after d" '2d\np\n$d\np' 'three\nfour'
leaves "j" 2,4j "one twothreefour five"
leaves "j of one line" '2j' "one two three four five"
leaves "j with the next" '2s/t/t/\nj' "one twothree four five"
prints "j at the end" j '?'
leaves "m down" 1,2m4 "three four one two five"
leaves "m up" 4,5m1 "one four five two three"
leaves "m to the top" '$m0' "five one two three four"
leaves "m to where it is" 2,3m1 "one two three four five"
prints "m into itself" '2,3m2\n2,3m3\n2m' '?\n?\n?'
leaves "t" 1,2t4 "one two three four one two five"
leaves "t within itself" 1,3t2 "one two one two three three four five"
prints "dot after t" '1t3\n=\n.=' '6\n4'
prints "dot after m" '1,2m4\n.=' '4'

# substitution
prints s '1s/o/0/p' 0ne
prints "s prints without its end" '1s/o/0' 0ne
prints "s with an empty end" '1s/o' ne
prints "s g" '3s/e/E/gp' thrEE
prints "s nth" '3s2/e/E/p' threE
prints "s nth g" 's/.*/aaaa/\ns3/a/b/gp' aabb
prints "ampersand" '1s/n/<&\\&>/p' 'o<n&>e'
prints "groups" '3s/(.)(.)/\\2\\1/p' htree
prints "a group that took no part" '1s/o(x)*/[\\1]/p' '[]ne'
prints "no such group" '1s/o/\\1/' '?'
prints "other delimiters" '1s,o,/,p' /ne
prints "no space" '1s o x ' '?'
prints "s fails" '1s/x/y/\n1,5s/thr/&/p' '?\nthree'
prints "s on lines" '1,$s/o/0/\n,p' '0ne\ntw0\nthree\nf0ur\nfive'
prints "dot after s" '1,3s/t/T/\n.=' 3
prints "empty matches" '1s/x*/-/gp' '-o-n-e-'
prints "anchors" '1s/^/>/\ns/$/</p' '>one<'
leaves "a newline" '3s/r/X\\\nY/' "one two thX Yee four five"
leaves "newlines on lines" '1,2s/$/\\\n-/' "one - two - three four five"
prints "the last pattern again" '/th/\ns//TH/p' 'three\nTHree'
prints u '3s/e/E/gp\nup' 'thrEE\nthree'
prints "u once" '3s/e/E/\nu\nu' '?'
prints "u elsewhere" '3s/e/E/\n2u' '?'
prints "u of a deleted line" '3s/e/E/\nd\nu' '?'

# global
prints g 'g/o/p' 'one\ntwo\nfour'
prints "g prints by itself" 'g/o/\ng/f' 'one\ntwo\nfour\nfour\nfive'
prints v v/o/p 'three\nfive'
prints "g on lines" '2,4g/o/n' '2\ttwo\n4\tfour'
leaves "g d" g/o/d "three five"
leaves "v d" v/o/d "one two four"
leaves "g s" 'g/o/s//0/' "0ne tw0 three f0ur five"
leaves "g s that may fail" 'g/o/s/n/N/' "oNe two three four five"
leaves "g with two commands" 'g/o/s/o/0/\\\ns/$/!/' "0ne! tw0! three f0ur! five"
leaves "g a" 'g/t/a\\\nx\\\ny' "one two x y three x y four five"
leaves "g a with its dot, and more" 'g/t/a\\\nx\\\n.\\\ns/x/y/' "one two y three y four five"
leaves "g i" 'g/t/i\\\nx' "one x two x three four five"
leaves "g reverses" 'g/^/m0' "five four three two one"
leaves "g j" 'g/o/j' "onetwo three fourfive"
leaves "g copies each line once" 'g/o/t.' "one one two two three four four five"
leaves "g with a newline in s" 'g/tw/s/w/\\\n/' "one t o three four five"
prints "no g within g" 'g/o/g/n/p' '?'
prints "g and an error" 'g/o/z\n1p' '?\none'
prints "g on nothing" 'g/x/p' ''
printf 'g/o/q\n1p\n' >s; five
is "$(ed f <s)" 24 "q in g"
awk 'BEGIN { while (i++ < 20000) print "line " i }' >g
is "$(printf 'g/1$/s//x/\ng/2$/d\n$=\ng/x$/m0\n1p\n' | ed - g)" "$(printf '18000\nline 1999x')" "g in a long text"

# files
five
is "$(printf 'a\nsix\n.\nw\nq\n' | ed f)" "$(printf '24\n28')" "counts"
is "$(cat f | tail -1)" six "w writes"
is "$(printf 'd\nq\nq\n' | ed f)" "$(printf '28\n?')" "q asks once"
is "$(printf 'd\ne\ne\np\n' | ed f)" "$(printf '28\n?\n28\nsix')" "e asks once"
is "$(printf 'd\nE\np\n' | ed f)" "$(printf '28\n28\nsix')" "E does not"
is "$(printf 'd\n' | ed f)" "$(printf '28\n?')" "the end of input asks"
is "$(printf 'f\nf h\nf\n' | ed - f)" "$(printf 'f\nh\nh')" f
is "$(ed nothing </dev/null; echo $?)" "$(printf '?nothing\n0')" "no such file"
is "$(printf 'a\nx\n.\nw\n' | ed new; cat new)" "$(printf '?new\n2\nx')" "a new file"
is "$(printf 'r f\n1,2w h\n0r h\n,p\n' | ed - new | tr '\n' ' ')" "x one x one two three four five six " "r and part w"
is "$(printf '1W h\n' | ed - new; tail -1 h)" x "W appends"
is "$(printf 'wq h\np\n' | ed f)" "$(printf '28\n28')" "wq"
is "$(printf 'd\n1wq h\np\n' | ed f)" "$(printf '28\n4\n?\nsix' | sed 's/six/five/')" "wq of a part asks"
is "$(printf 'w\nw x y\ne x y\n' | ed -)" "$(printf '?\n?\n?')" "no file name, two"
printf 'a\nb' >g
is "$(printf '$p\nw\n' | ed g; tail -c 2 g)" "$(printf "'\\\\n' appended\n4\nb\n4\nb")" "a last line without newline"
printf 'a\0b\nc\n\377\303\251\n' >g; cp g h
is "$(printf 'w\n' | ed g; cmp g h && echo same)" "$(printf '9\n9\nsame')" "NUL, bad and long characters stay"
is "$(printf '1s/b/X/\nw\n' | ed - g; od -An -c g | head -1)" "$(printf 'a\0X\nc\n\377\303\251\n' | od -An -c)" "a match behind a NUL"
five; chmod 640 f; ln -s f link; ls -i f >before
printf '1d\nw\n' | ed - link
is "$(stat -c %a f; ls link -l | grep -c -- '-> f'; head -1 f)" "$(printf '640\n1\ntwo')" "mode and link stay"
is "$(ls -i f | cmp -s - before || echo new; ls | grep -c 'f\.')" "$(printf 'new\n0')" "written aside and renamed"
ln f hard; printf '1d\nw\n' | ed - f
is "$(head -1 hard)" three "a file with two names keeps them"
rm hard; five
is "$( (ulimit -f 0; trap '' XFSZ; printf 'a\nsix\n.\nw\nQ\n' | ed - f); cat f | tail -1)" "$(printf '?f\nfive')" "a write that fails leaves the old text"
is "$(printf 'w /dev/full\nw .\n' | ed - f)" "$(printf '?/dev/full\n?.')" "files that cannot be written"
is "$(printf 'a\nx\n.\nw\nf\n' | ed -o 2>err; cat err)" "$(printf 'x\n/fd/1')" "-o"
is "$(printf '1d\n,p\nw /dev/stdout\n' | ed -o f 2>err | head -1; head -1 err)" "$(printf 'two\ntwo')" "-o with a file"

# others
is "$(printf '!echo hi; echo there\n' | ed)" "$(printf 'hi\nthere\n!')" "!"
is "$(printf '!echo hi\n' | ed - )" hi "! with -"
is "$(ed a b 2>&1; echo $?)" "$(printf 'usage: ed [-] [-o] [file]\n2')" usage
is "$(printf 'p\n1p\n$p\n=\n,w x\n' | ed - )" "$(printf '?\n?\n?\n0')" "an empty text"
mkfifo in; five
env --default-signal=INT ed f <in >out 2>&1 & pid=$!
exec 9>in
until grep -q 24 out; do sleep .05; done
printf '=\na\nsix\n' >&9
until grep -q 5 out; do sleep .05; done
kill -INT $pid
until grep -q '?' out; do sleep .05; done
printf '$a\nsaved\n.\n=\n' >&9
until grep -q '^7' out; do sleep .05; done
kill -HUP $pid; wait $pid
exec 9>&-
is "$(tr '\n' ' ' <out)" "24 5  ? 7 " "^C ends a command, what was typed stays"
is "$(tail -1 ed.hup; tail -1 f)" "$(printf 'saved\nfive')" "a hangup saves ed.hup"
echo "1..$n"
