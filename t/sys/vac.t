#!/bin/sh
# vac and unvac with our venti: what comes back, what is left out, archives of days, patterns, and links that lead away.
. t/tap
anthill=$BUILD/bin/anthill
case $anthill in /*) ;; *) anthill=$PWD/$anthill ;; esac
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-vac.XXXXXX") || exit 1
cd "$dir" || exit 1
venti=unix!$dir/v
export venti
"$anthill" venti/venti -s -w -a "$venti" -M 64m >venti.log 2>&1 &
pid=$!
trap 'kill $pid; wait $pid 2>/dev/null; chmod -R u+rwx "$dir"; rm -rf "$dir"' EXIT
i=0
until grep -q serving venti.log || [ $i -ge 600 ]; do
	sleep 0.1
	i=$((i + 1))
done

ok() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else
		echo "not ok $n - $2"
		tail -5 err 2>/dev/null | sed 's/^/# /'
	fi
}
vac() { "$anthill" vac "$@" 2>"$dir/err"; }
unvac() { "$anthill" unvac "$@" 2>"$dir/err"; }

# list DIR: everything that an archive keeps
list() { (cd "$1" && find . -printf '%P %y %m %T@ %l\n' | sed 's/\.[0-9]*\( [^ ]*\)$/\1/' | sort; find . -type f -exec md5sum {} + | sort -k2); }

mkdir -p t/sub/deep t/empty t/large
echo hello >t/hello
: >t/zero
head -c 8192 /dev/urandom >t/exact
head -c 3500000 /dev/urandom >t/big
head -c 100000 /dev/zero >t/holes
ln -s hello t/link
ln -s ../../a/target/that/is/far/longer/than/eight/bytes t/sub/away
mkfifo t/pipe
echo odd >"t/a
line"
echo a >t/sub/a; echo b >t/sub/ab; echo c >t/sub/abc; ln t/sub/a t/sub/hard
for f in 0 1 2 3 4 5 6 7 8 9; do for g in 0 1 2 3 4 5 6 7 8 9; do for h in 0 1 2; do echo $f$g$h >t/large/f$f$g$h; done; done; done
chmod 640 t/hello; chmod 750 t/sub; chmod 1777 t/empty
touch -d '2001-02-03 04:05:06' t/hello t/link t/large t
vac -f a.vac t
ok $? "archived"
is "$(cut -c1-4 a.vac; wc -c <a.vac)" "vac:
45" "a score in the file"
mkdir out && cd out
unvac -T ../a.vac
ok $? "restored"
cd ..
list t >want; list out/t >got
diff want got >err
ok $? "names, contents, modes, links and times are the same"
is "$(vac -T 9 t)" "$(vac -T 9 t)" "the same tree has the same score"
is "$(vac -q -d a.vac t | cut -c1-4)" "vac:" "an archive after another"
vac -T 4294967295 -f q.vac t
vac -s -q -d q.vac t >b; is "$(sed -n 's/^\([0-9]* files, [0-9]* files skipped\).*/\1/p' err)" \
	"$(find t ! -type d -printf . | wc -c) files, $(find t -type f -printf . | wc -c) files skipped" "what is unchanged is not read"
vac -s -d q.vac t >b2; is "$(cat b2)" "$(cat b)" "the same with and without reading"
is "$(unvac -c a.vac t/hello t/sub/ab)" "$(printf 'hello\nb')" "files to standard output"
is "$(unvac -t a.vac t/sub | sort | tr '\n' ' ')" "t/ t/sub/ t/sub/a t/sub/ab t/sub/abc t/sub/away t/sub/deep/ t/sub/hard " "a list of a part"
is "$(unvac -tv a.vac t/hello | sed -n 's/ .* / /; 2p')" "--rw-r----- t/hello" "a long list"
unvac -t a.vac t/none >/dev/null
is "$?" 1 "what is not there is told"

# unvac -d changes what differs
printf XX | dd of=out/t/big bs=1 seek=1000000 conv=notrunc 2>/dev/null; echo longer >>out/t/hello
(cd out && unvac -dTs ../a.vac; tail -1 "$dir/err") >said
is "$(list out/t | cat)" "$(cat want)" "unvac -d repairs"
is "$(cut -d' ' -f1 said)" 8192 "and writes one block"

# a changed file of the same length and time is seen
sleep 1.1; echo HELLO >t/hello; touch -d '2001-02-03 04:05:06' t/hello
vac -q -d a.vac t >c; is "$(unvac -c "$(cat c)" t/hello)" HELLO "-q sees a change behind the same time and length"

# patterns
is "$(vac -e t/big -e '...abc' -e 't/large/*[~0]' t >c; unvac -t "$(cat c)" | grep -cE 'big|abc|large/f..[12]')" 0 "left out"
is "$(unvac -t "$(cat c)" | grep -c large/f)" 100 "and no more"
printf '# some\n\ninclude t\ninclude t/sub\ninclude t/sub/a*\nexclude ...\n' >pats
vac -x pats t >c; is "$(unvac -t "$(cat c)" | sort | tr '\n' ' ')" "t/ t/sub/ t/sub/a t/sub/ab t/sub/abc t/sub/away " "a file of patterns"
vac -x /dev/null -b 1k t/sub >c; is "$(unvac -t "$(cat c)" | wc -l)" 7 "small blocks"
vac -b 100 t >/dev/null; is "$?" 1 "blocks that are too small"

# deeper than there are descriptors, and in more directories
deep=deep
i=0
while [ $i -lt 150 ]; do
	deep=$deep/d$i
	i=$((i + 1))
done
mkdir -p $deep && echo bottom >$deep/file && for i in 0 1 2; do mkdir deep/d0/d1/w$i && echo $i >deep/d0/d1/w$i/f; done
i=0
while [ $i -lt 80 ]; do
	mkdir deep/many$i && echo $i >deep/many$i/f
	i=$((i + 1))
done
chmod 555 deep/many7 deep/d0
(ulimit -n 100; vac -f "$dir/deep.vac" deep); ok $? "archived with 100 descriptors"
mkdir out4 && (cd out4 && ulimit -n 100 && unvac -T ../deep.vac); ok $? "and restored"
list deep >want4; list out4/deep >got4; diff want4 got4 >err; ok $? "nothing of it is lost"
is "$(unvac -t deep.vac | grep -c .)" $((150 + 1 + 1 + 6 + 160)) "all of it is listed"
(cd out4 && unvac -T ../deep.vac && list deep | diff - ../want4 >"$dir/err"); ok $? "restored over itself"

# standard input, what is in ., merging
is "$(echo piped | vac -i in >c; unvac -c "$(cat c)" in)" piped "standard input"
is "$(cd t/sub && vac -i in . </dev/null >../../c; unvac -t "$(cat ../../c)" | sort | tr '\n' ' ')" \
	"a ab abc away deep/ hard in " "a directory without its name"
mkdir m; cp a.vac m/old.vac; echo new >m/new
vac -m m >c; is "$(unvac -t "$(cat c)" | grep -cE '^m/(new|t/sub/abc)$')" 2 "an archive within"
is "$(unvac -c "$(cat c)" m/t/hello)" hello "and its contents"

# days
vac -T 1000000000 -q -a days.vac t; vac -T 1000000000 -q -a days.vac t/sub
day=$(date -d @1000000000 +%Y/%m%d)
is "$(unvac -t days.vac | grep -cE "^$day(/t/sub/abc|\.1/sub/abc|\.1/)\$")" 3 "two archives of a day"
vac -a days.vac -d a.vac t; is "$?" 2 "-a goes with no -d"

# what cannot be had
ln -s nowhere m/dangling; rm -f m/old.vac
vac m >c; is "$(unvac -tv "$(cat c)" | grep -c '^L-.*m/dangling')" 1 "a link that leads nowhere"
vac m nothere >c; is "$?$(unvac -t "$(cat c)" | wc -l)" 13 "what is not there is told, the rest is archived"
if [ "$(id -u)" != 0 ]; then
	chmod 0 m/new; vac m >c; is "$?$(unvac -t "$(cat c)" | grep -c new)" 10 "a file that cannot be read is told and left out"
else
	n=$((n + 1)); echo "ok $n - # SKIP root can read everything"
fi

# a link in the way, planted where a directory or file of the archive goes
mkdir outside out2 out3; ln -s "$dir/outside" out2/t; ln -s "$dir/outside/x" out3/hello
(cd out2 && unvac ../a.vac); is "$?$(ls outside)" 1 "a link instead of a directory is refused"
vac t/hello >c; (cd out3 && unvac "$(cat ../c)"); is "$?$(ls outside)$(cat out3/hello)" 0HELLO "a link instead of a file is replaced"
is "$(unvac vac:0123456789012345678901234567890123456789 >/dev/null; echo $?)" 1 "no such archive"

# vacfs
"$anthill" vacfs -p -a "unix!$dir/9" a.vac 2>vacfs.log &
fs=$!
i=0
until [ -S 9 ] || [ $i -ge 600 ]; do sleep 0.1; i=$((i + 1)); done
p9() { "$anthill" 9p -a "unix!$dir/9" "$@" 2>"$dir/err"; }
p9 read t/big | cmp - t/big; ok $? "vacfs: a file"
is "$(p9 ls t/large | wc -l)" 300 "vacfs: a large directory"
is "$(p9 read t/sub/away)" "../../a/target/that/is/far/longer/than/eight/bytes" "vacfs: a link's target"
is "$(p9 ls -l t/hello | sed 's/ .* / /')" "--rw-r----- t/hello" "vacfs: modes"
echo x | p9 write t/hello; is "$?$(grep -c 'read only' err)" 11 "vacfs: read-only"
p9 read t/none; is "$?$(grep -c 'does not exist' err)" 11 "vacfs: what is not there"
kill $fs; wait $fs 2>/dev/null
"$anthill" vacfs -a "unix!$dir/9" a.vac 2>vacfs.log &
fs=$!
i=0
until p9 ls / >/dev/null || [ $i -ge 600 ]; do sleep 0.1; i=$((i + 1)); done
"$anthill" 9p -a "unix!$dir/9" -u nobody read t/hello 2>err; is "$?$(grep -c 'permission denied' err)" 11 "vacfs: permissions"
kill $fs; wait $fs 2>/dev/null
echo "1..$n"
