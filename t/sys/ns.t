#!/bin/sh
# bind, mount, unmount, ns with a real kernel process on /#, in a root of its own.
. t/tap
if [ "${NS_T:-}" != inside ]; then
	NS_T=inside exec unshare -Urmpf --kill-child --propagation private "$0"
fi
mounts="a b c x y env srv net mnt fd"
. t/sys/root
A=/build/bin/anthill
is() { # TEXT CMD...: it prints TEXT, its lines joined by blanks
	text=$1
	shift
	got=$(timeout 20 "$@" 2>&1 | tr '\n' ' ' | sed 's/ $//')
	[ "$got" = "$text" ] || { echo "got  $got"; echo "want $text"; false; }
}
bind() { $A bind "$@"; }
unmount() { $A unmount "$@"; }
/build/t/nskern >/tmp/ready 2>/tmp/kernlog &
kern=$!
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
	grep -q ready /tmp/ready && break
	sleep 0.1
done
for d in a b c; do echo "in $d" >$d/which; echo "only $d" >"$d/$d"; mkdir $d/sub; done
export A

t 'the devices are there' test -d '/#/c' -a -d '/#/M'
t 'cat of a device' is glenda cat '/#/c/user'
t 'an unknown device' says 'unknown device in # filename' $A bind '#Q' /n
t 'bind of a file that is not there' says "'/none' file does not exist" $A bind /none /n
t 'a directory on a file' says 'inconsistent mount' $A bind /a /a/which

t 'a plain bind' $A bind /a /x
t 'shows the other directory' is 'in a' cat /x/which
t 'and is printed as typed' sh -c '$A ns | grep -qx "bind /a /x"'
t 'another bind replaces it' $A bind /b /x
t 'and shows' is 'in b' cat /x/which
t 'one mount is left' is 1 sh -c 'grep -c " /x " /proc/self/mountinfo'
t 'unmount' $A unmount /x
t 'shows the directory itself' is '' ls /x
t 'unmount of nothing' says 'not mounted' $A unmount /x
t 'a file on a file' $A bind /b/which /a/a
t 'shows the other file' is 'in b' cat /a/a
t 'and off' $A unmount /a/a
t 'a device' $A bind '#c' /mnt
t 'works there' is glenda cat /mnt/user
t 'is printed' sh -c '$A ns | grep -qx "bind '"'#c'"' /mnt"'
t 'and off' $A unmount '#c' /mnt

t 'bind -b makes a union' $A bind -b /b /a
t 'the new directory comes first' is 'in b' cat /a/which
t 'the old is behind it' is 'only a' cat /a/a
t 'the listing' is 'a b sub which' ls /a
t 'creation is forbidden' says 'Permission denied' sh -c 'echo x >/a/new'
t 'bind -ac' $A bind -ac /c /a
t 'goes behind' is 'in b' cat /a/which
t 'and has its files' is 'only c' cat /a/c
t 'a new file' sh -c 'echo new >/a/new'
t 'goes to the first with -c' is new cat /c/new
t 'is removed through the union' rm /a/new
t 'there' not test -e /c/new
t 'a file put into a member before the others is found at once' is 'c b c' sh -c 'echo c >/c/q; cat /a/q; echo b >/b/q; cat /a/q; rm /b/q; cat /a/q; rm /c/q'
t 'a file replaced in a member is the new one at once' sh -c 'for i in $(seq 200); do
	echo $i >/c/tmp; mv /c/tmp /c/r; read x </a/r; [ "$x" = $i ] && echo more >>/c/r && [ "$(stat -c %s /a/r)" = $((${#i} + 6)) ] || exit 1; done'
t 'also while somebody has the old one open' is 'new old 4' sh -c 'echo old >/c/r; exec 4</a/r; echo newer >/c/tmp; mv /c/tmp /c/r; sed s/er// /a/r; cat <&4; stat -Lc %s /proc/self/fd/4; rm /c/r'
t 'an open file that is removed' is '5 gone' sh -c 'echo gone >/c/o; exec 4</a/o; rm /a/o; stat -Lc %s /proc/self/fd/4; cat <&4'
t 'leaves no other name' is '' sh -c 'ls -A /c | grep removed'
t 'can be changed still' is '640 13' sh -c 'echo gone >/c/o; exec 4>>/a/o; rm /a/o; chmod 640 /proc/self/fd/4; echo further >&4; stat -Lc "%a %s" /proc/self/fd/4'
t 'a file renamed onto one of a member before is what is there then' is 'new' sh -c 'echo new >/c/tmp; echo old >/b/q; echo older >/c/q; mv /a/tmp /a/q; cat /a/q; rm /a/q; test ! -e /a/q'
t 'a child with a name space of its own' unshare -m sh -c '$A bind -b /c /a && [ "$(cat /a/which)" = "in c" ]'
t 'does not change its parent' is 'in b' cat /a/which
t 'ns prints the union' is "bind -b /b /a bind -ac /c /a" sh -c '$A ns | grep " /a\$"'
t 'it is one mount' is 1 sh -c 'grep -c " /a " /proc/self/mountinfo'
t 'unmount of a middle one' $A unmount /b /a
t 'leaves the others' is 'a c sub which' ls /a
t 'in order' is 'in a' cat /a/which
t 'unmount of what is not in it' says 'not in union' $A unmount /b /a
t 'unmount of the last one added' $A unmount /c /a
t 'shows the directory again' is 'in a' cat /a/which
t 'with no mount left' not grep -q ' /a ' /proc/self/mountinfo

mount -t tmpfs low /a/sub && echo deep >/a/sub/deep
t 'a mount below the directory' $A bind -b /x /a
t 'is carried onto the union' is deep cat /a/sub/deep
t 'but not where the union shows another directory' $A bind -b /b /a
t 'there that one is shown' is '' ls /a/sub
t 'off' $A unmount /a
umount /a/sub

mount -t tmpfs low /x
t 'a mount that is not ours is left alone' says 'not mounted' $A unmount /x
umount /x
t 'a device over the root of another' $A bind -a '#c' /dev
t 'Linux devices work in the union' sh -c 'echo x >/dev/null'
t 'and Plan 9 ones' is glenda cat /dev/hostowner
t 'off' $A unmount /dev
t 'pipes' $A bind '#|' /mnt
t 'have two ends' is 'data data1' ls /mnt
t 'that are joined' is hello sh -c 'exec 3<>/mnt/data 4<>/mnt/data1; echo hello >&3; read l <&4; echo $l'
t 'off' $A unmount /mnt

t 'environment variables' sh -c 'echo one >/#/e/x'
t 'are files' is one cat '/#/e/x'
t 'posting' sh -c '$A bind -c "#s" /srv && exec 5<>/a/which && echo 5 >/srv/f'
t 'opens as what was posted' is 'in a' cat /srv/f
t 'rename' sh -c 'mv /srv/f /srv/g && cat /srv/g'
t 'remove' rm /srv/g
$A ramfs -U glenda -S ram9 2>/tmp/ramfs.err || cat /tmp/ramfs.err
t 'a 9P server' $A mount -c /srv/ram9 /n
t 'takes files' sh -c 'echo nine >/n/p'
t 'and gives them' is nine cat /n/p
t 'is printed' sh -c '$A ns | grep -qx "mount -c /srv/ram9 /n"'
t 'in a union' $A mount -b /srv/ram9 /b
t 'is the same' is nine cat /b/p
t 'with the directory' is 'in b' cat /b/which
t 'is printed' sh -c '$A ns | grep -qx "mount -b /srv/ram9 /b"'
t 'unmount by the name of the server' $A unmount /srv/ram9 /b
t 'leaves the directory' not test -e /b/p
t 'off' $A unmount /n

lines() { # WHAT WANT COMMANDS: what ns says after them
	t "$1" is "$2" unshare -m sh -c "$3; \$A ns | grep -v '^#\|^cd\|proc\|srv'"
}
lines 'what comes along with a bind has no line of its own' 'bind /a /c/sub bind /c /y' '$A bind /a /c/sub; $A bind /c /y'
lines 'a union that was bound is one line' 'bind -b /a /y bind -a /y /x' '$A bind -b /a /y; $A bind -a /y /x'
lines 'but not without one of its members' 'bind -a /a /x' '$A bind -b /a /y; $A bind -a /y /x; $A unmount /y; $A unmount /y /x'
t 'a union that was bound elsewhere shows its own directory when the others are gone' is 'in a' unshare -m sh -c '$A bind -a /c /a; $A bind /a /y; $A unmount /c /y; cat /y/which'
t 'a tree mounted with -c takes new files, something behind it or not' unshare -m sh -c '$A mount -c /srv/ram9 /n && $A bind -a /a /n && echo x >/n/behind && rm /n/behind'
cat >/tmp/made <<'S'
$A bind '#c' /mnt
$A bind -b /b /a
$A bind -ac /c /a
$A bind -a '#|' /x
$A bind /a /y
$A mount -ac /srv/ram9 /n
cd /tmp
$A ns >/tmp/ns1
S
cat >/tmp/again <<'S'
sed -n 's/^\(bind\|mount\|cd\) /$A &/p; s/^\$A cd/cd/' /tmp/ns1 >/tmp/script
sed -i 's/^\$A cd /cd /' /tmp/script
. /tmp/script
$A ns >/tmp/ns2
S
t 'a name space' unshare -m sh -e /tmp/made
t 'is printed in full' is "bind /.proc /proc bind -c '#s' /srv bind '#c' /mnt bind -b /b /a bind -ac /c /a bind -a '#|' /x bind /a /y mount -ac /srv/ram9 /n cd /tmp" sh -c 'grep -v "^#" /tmp/ns1'
t 'made again from that' unshare -m sh -e /tmp/again
t 'is the same' cmp /tmp/ns1 /tmp/ns2
sleep 1000 &
pid=$!
t 'a process by its arguments' is 'sleep 1000' cat "/#/p/$pid/args"
t 'its name space' sh -c "\$A ns $pid >/tmp/n1; cat '/#/p/$pid/ns' | cmp - /tmp/n1"
t 'Linux'\''s files of it' grep -q '^Name:' "/#/p/$pid/status"
t '#p as /proc' sh -c '$A bind "#p" /proc && test -e /proc/self/fd/0 && grep -q MemTotal /proc/meminfo && ps ax | grep -q "sleep 1000"'
t 'stop' timeout 60 sh -c "echo stop >/proc/$pid/ctl; until grep -q '^State:.T' /proc/$pid/status; do sleep 0.1; done"
t 'a note Linux does not know' says 'Input/output error' sh -c "/bin/echo boo >/proc/$pid/note"
t 'a note' sh -c "echo start >/proc/$pid/ctl; echo kill >/proc/$pid/note"
wait $pid 2>/dev/null
t 'ends it' not test -e "/proc/$pid"
$A unmount /proc
mount --bind /.proc /proc
anthill_egrp=0000000000000001 R='/build/bin/ants rc'
export anthill_egrp R
t 'rc binds in its own name space' is 'in b' $R -c 'rfork n; bind -b /b /a; cat /a/which'
t 'that is not seen outside' is 'in a' cat /a/which
t 'an error of bind is the status' is "bind: '/none' file does not exist bad" $R -c 'bind /none /n || echo bad'
rc() { # TEXT WANT: a script on standard input
	cat >/tmp/script.rc
	t "$1" is "$2" $R /tmp/script.rc
}
rc 'rc knows # names' glenda <<'S'
cat <'#c/user'
S
t 'so does cat' is glenda $A cat '#c/user'
t 'and ls' is "'#c/user'" $A ls -d '#c/user'
t 'a directory' is "'#M/clone' '#M/env' '#M/group' '#M/journal' '#M/list' '#M/stage' '#M/trace'" $A ls '#M'
t 'and what reads files' is 1 $A grep -c glenda '#c/user'
t 'an error has the name as typed' is "cat: can't open #c/none: file does not exist" $A cat '#c/none'
rc 'variables are in the group' '1 2 3' <<'S'
y=(1 2 3)
/usr/bin/tr '\0' ' ' <'#e/y'
S
rc 'that another rc reads' '3 2' <<'S'
echo $#y $y(2)
S
rc 'many at once, and large ones' '1 0 18893 8893 9001 new' <<'S'
a=1
b=()
c=`{seq 1 4000}
d=`{seq 1 2000}
tr '\0' ' ' <'#e/a'
for(i in b c d) wc -c <'#e/'^$i
e=`{printf '%9000s' x | tr ' ' y}
wc -c <'#e/e'
rfork F
f=new
tr '\0' ' ' <'#e/f'
S
rc 'rfork e makes a copy' '2 2' <<'S'
rfork e
y=changed
z=2
/usr/bin/tr '\0' ' ' <'#e/z'
/build/bin/ants rc -c 'echo $z'
S
rc 'that others do not see' '3 2 0' <<'S'
echo $#y $y(2) $#z
S
rc 'rfork E makes an empty one' '' <<'S'
rfork E
ls '/#/e' | grep y
S
space() { # NAME LINE...: a process with a name space of its own, its pid in $NAME
	name=$1
	shift
	printf '%s\n' "$@" >/tmp/$name.sh
	unshare -m sh -c ". /tmp/$name.sh; : >/tmp/$name.made; exec sleep 1000" &
	eval "$name=$!"
	until [ -e /tmp/$name.made ]; do sleep 0.1; done
}
rm -f /tmp/p1.made /tmp/p2.made
space p1 '$A bind -b /b /a' '$A bind /c /mnt' '$A bind /a/sub /y'
space p2 '$A bind -b /b /a' '$A bind -ac /c /a' "\$A bind '#c' /mnt" '$A mount /srv/ram9 /n'
t 'nsdiff says what differs' is "unmount /y unmount /mnt bind -ac /c /a bind '#c' /mnt mount /srv/ram9 /n" $A nsdiff $p1 $p2
t 'nothing, of itself' $A nsdiff $p1 $p1
t 'a file is as good as a process' sh -c "$A ns $p2 >/tmp/model; $A nsdiff $p2 /tmp/model"
t 'cpns -t prints' is "unmount /y unmount /mnt bind -ac /c /a bind '#c' /mnt mount /srv/ram9 /n" $A cpns -t $p2 $p1
t 'and changes nothing' sh -c "[ -n \"\$($A nsdiff $p1 $p2)\" ]"
t 'addns -t only adds' is "unmount /mnt bind -ac /c /a bind '#c' /mnt mount /srv/ram9 /n" $A addns -t $p2 $p1
t 'subns -t only takes away' is 'unmount /y unmount /mnt' $A subns -t $p2 $p1
t '-o chooses lines' is 'bind -ac /c /a' $A cpns -t -o ' /a$' $p2 $p1
t '-x leaves lines out' is "unmount /y unmount /mnt bind -ac /c /a bind '#c' /mnt" $A cpns -t -x ram9 $p2 $p1
printf 'bind /a /x\nbind /none /y\n' >/tmp/model
t 'a line that fails' says "bind /none /y: '/none' file does not exist" $A addns /tmp/model $p1
t 'changes nothing' not grep -q ' /x ' /proc/$p1/mountinfo
t 'cpns' $A cpns $p2 $p1
t 'makes them equal' $A nsdiff $p1 $p2
t 'in fact' is 'nine' nsenter -t $p1 -m cat /n/p
t 'the process that asked keeps its own' not test -e /n/p
t 'no process' says 'process exited' $A cpns 999999 $p1
kill $p1 $p2
t 'bind -ac on /' $A bind -ac /y /
t 'the root is a union' is 'in a' cat /a/which
t 'a new file in it' sh -c 'echo r >/newfile'
t 'is in the member' is r cat /y/newfile
t 'devices are still there' is glenda cat '/#/c/user'
t 'ns says so' sh -c '$A ns | grep -qx "bind -ac /y /"'
[ ! -s /tmp/kernlog ] || sed 's/^/# /' /tmp/kernlog
kill $kern
echo "1..$n"
