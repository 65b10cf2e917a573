#!/bin/sh
# Clean name spaces (rfork N) and those that are made from a file (namespace(6), auth/newns, listen1 -n).
. t/sys/lib
up -d 8 <<!
segment=lan
node=box ether0=lan mem=64M
!
bound() { grep -v '^# '; }
rc box 'ns' | bound | grep -v '^cd' >boot
rc box 'ns' | grep '^# ' | sort >host

# rfork N
put box /tmp/dirty <<'!'
mkdir -p /tmp/d /tmp/d/sub
echo in d >/tmp/d/f
cd /tmp/d
bind /tmp/d /n
bind -b /tmp/d /bin
bind -ac /tmp/d /
ramfs -S ram
mount -c /srv/ram /mnt
rfork $1
. /tmp/look
!
put box /tmp/look <<'!'
pwd
ns >/tmp/ns
ls /n
cat '#c/user'
echo
!
is "$(rc box 'rfork n; . /tmp/dirty N')" "/tmp/d
glenda" "rfork N: the devices are there, the directory is kept, what was bound is not"
is "$(x box /bin/cat /tmp/ns | bound)" "cd /tmp/d" "nothing is bound"
is "$(x box /bin/cat /tmp/ns | grep '^# ' | sort | comm -23 host - | tr -d '\n')" "" "nothing of the node's own root is missing"
is "$(rc box 'ns' | bound | grep -v '^cd')" "$(cat boot)" "the others' name space is as it was"
is "$(rc box 'rfork n; cd /n; bind /tmp/d /n; cd /n/sub; rfork N; pwd')" "/" "a directory that is there no more"
is "$(rc box 'rfork N; bind /tmp/d /n; ls /n/f; rfork N; ls /n; bind /tmp/d/sub /n; ns' | bound | grep -v '^cd')" \
	"/n/f
bind /tmp/d/sub /n" "one after the other"
is "$(rc box "rfork NE; bind -c '#e' /env; y=2; ls /env; cat /env/y" | tr '\0' ' ')" "/env/y
2 " "with an environment of its own"
is "$(rc box 'rfork N; ls /n' && rc box 'rfork N; bind /tmp/d /n; rfork n; ls /n')" "/n/f
/n/sub" "nobody changes what others begin with"
k=$(kernel box)
x box /bin/sh -c "kill -9 $k"
new() { k2=$(kernel box) && [ "$k2" != "$k" ] && rc box 'cat /dev/user'; }
t "another kernel process" later new
is "$(rc box "rfork n; bind /tmp/d /n; rfork N; ls /n; cat '#c/user'")" glenda "it gives clean name spaces, too"

# auth/newns
is "$(rc box 'auth/newns ns' | bound)" "$(cat boot)
bind -a '#l' /net
bind -a '#I' /net
bind -c /usr/glenda/tmp /tmp
cd /usr/glenda" "auth/newns: what /lib/namespace says"
is "$(rc box "home=/n; user=who; auth/newns rc -c 'echo "'$user $home'"; pwd'")" "who /usr/who
/" "user and home are set"
is "$(x box /bin/auth/newns /usr/bin/env | sed -n 's/^home=//p')" /usr/glenda "for Linux programs, too"
put box /tmp/file <<'!'
 # a comment
bind #s /srv
bind /tmp/d '/n'
bind /tmp/d/$dir /mnt
bind '/tmp/$dir' /run
	mount -b /srv/ram$nothing /net
bind /tmp/nonesuch /root
frob
bind /tmp/d
cd /tmp/d
. /tmp/more
. /tmp/nonesuch
!
put box /tmp/more <<'!'
bind -a /tmp/d /root
unmount /n
!
rc box "mkdir '/tmp/"'$dir'"'"
rc box 'dir=(sub x); auth/newns -n /tmp/file ns' | bound >got
is "$(grep -c . got)" 6 "the operations"
is "$(grep -e 'bind .*sub /mnt' -e '.dir. /run$' -e '/root$' -e '^cd' got | LC_ALL=C sort)" "bind '/tmp/\$dir' /run
bind -a /tmp/d /root
bind /tmp/d/sub /mnt
cd /tmp/d" "variables, quotes, other files"
is "$(grep -c '^mount -b /srv/ram /net$' got)" 1 "a variable that is not there is nothing"
is "$(rc box 'dir=sub; auth/newns -dn /tmp/file true' 2>&1 | grep '^newns: ')" "newns: bind /tmp/nonesuch /root: '/tmp/nonesuch' file does not exist
newns: frob: no such operation
newns: bind /tmp/d: bad arg in system call
newns: . /tmp/nonesuch: /tmp/nonesuch: file does not exist" "-d: what was passed over"
is "$(rc box 'rfork n; bind /tmp/d /n; echo bind /tmp/d/sub /mnt >/tmp/one; auth/newns -an /tmp/one ns' | bound | grep -e /n$ -e /mnt$ | sort)" \
	"bind /tmp/d /n
bind /tmp/d/sub /mnt" "-a: added to the name space that there is"
is "$(rc box 'ns' | bound | grep /mnt$)" "" "of which that is a copy"
is "$(rc box 'echo clear >/tmp/one; auth/newns -an /tmp/one ns' | bound)" "cd /" "clear"
for bad in 'chdev -r s' 'import box /n'; do
	is "$(rc box "echo $bad >/tmp/one; auth/newns -n /tmp/one echo ran" 2>&1)" \
		"auth/newns: chdev and import in a name space file: not implemented" "$bad is refused"
done
is "$(rc box 'echo . /tmp/one >/tmp/one; echo . /tmp/one >>/tmp/one; auth/newns -n /tmp/one echo ran' 2>&1)" \
	"auth/newns: more than 256 files that others name" "a file that names itself"
is "$(rc box 'auth/newns -n /nonesuch' 2>&1)" "auth/newns: can't open /nonesuch: file does not exist" "no such file"
is "$(rc box 'auth/newns nonesuch' 2>&1)" "auth/newns: exec: nonesuch: file does not exist" "no such program"
is "$(rc box 'auth/newns -z' 2>&1 | sed 's/ .*//')" "usage:" "usage"
put box /tmp/listen <<'!'
bind '#I0' /net
ip/ipconfig loopback /dev/null 127.1
echo bind /tmp/d /n >/tmp/one
aux/listen1 -1 -t -n /tmp/one tcp!127.1!2500 /bin/ls /n &
while(! ~ `{cat /net/tcp/0/status >[2]/dev/null} Listen*) sleep 0.1
con -C tcp!127.1!2500
!
is "$(x box /bin/rc /tmp/listen </dev/null 2>&1)" "/n/f
/n/sub" "listen1 -n"

# others
if [ "$(x box /bin/sh -c 'awk "{ n += \$3 } END { print n }" /proc/self/uid_map' 2>/dev/null | tail -1)" -ge 65536 ] 2>/dev/null; then
	is "$(x box /usr/bin/setpriv --reuid 1000 --clear-groups /bin/rc -c 'rfork N' 2>&1 | grep -c 'permission denied\|not owner')" 1 \
		"who is not the host owner has no clean name space"
else
	n=$((n + 1))
	echo "ok $n - other users # SKIP the node has one id only"
fi
down
echo "1..$n"
