#!/bin/sh
# What other users may not do on the host owner's node: bob (1000) and none (65534) are ordinary Linux users in it, where
# the node has more than one id.
. t/sys/lib
up -d 4 <<!
segment=lan
node=box ether0=lan mem=64M
!
if [ "$(x box /bin/sh -c 'wc -l </proc/self/uid_map; awk "{ n += \$3 } END { print n }" /proc/self/uid_map' 2>/dev/null | tail -1)" -lt 65536 ] 2>/dev/null; then
	echo "1..0 # SKIP the node has one id only: it has no other users"
	exit 0
fi
# as NAME CMD...: in the node
as() {
	case $1 in bob) id=1000 ;; *) id=65534 ;; esac
	shift
	x box /usr/bin/setpriv --reuid $id --regid $id --clear-groups --no-new-privs "$@"
}
x box /bin/sh -c 'echo bob:x:1000:1000:bob:/usr/bob:/bin/rc >>/etc/passwd; chmod 755 /tmp /n /mnt; chmod 1777 /tmp' || echo "# no bob"
is "$(as bob /bin/cat /#/c/user) $(as none /bin/cat /#/c/user)" "bob none" "two other users"

# a 9P tree and a union that glenda has mounted
rc box 'ramfs -S ram; mount -c /srv/ram /n; echo secret >/n/f; chmod 600 /n/f; mkdir /tmp/u; bind -b /tmp/u /mnt; echo in union >/tmp/u/f'
is "$(x box /bin/cat /n/f)" secret "glenda's 9P tree"
m=$(x box /bin/sh -c "sed -n 's/^mount \\([0-9]*\\).*/\\1/p' /#/M/list")
for who in bob none; do
	is "$(as $who /bin/cat "/#/M/$m/f" 2>&1 | grep -c secret)" 0 "$who does not reach it by number"
	is "$(as $who /bin/ls "/#/M/$m" 2>&1 | grep -cx f)" 0 "nor lists it"
	is "$(as $who /usr/bin/stat "/#/M/$m" 2>&1 | grep -c Inode)" 0 "nor looks at it"
	is "$(as $who /bin/sh -c "echo x >/#/M/$m/new" 2>/dev/null; x box /bin/ls /n | grep -c new)" 0 "nor writes in it"
done
is "$(x box /bin/cat "/#/M/$m/f" /n/f)" "$(printf 'secret\nsecret')" "the mounts of others have not gone by that"
is "$(as bob /bin/cat /mnt/f)" "in union" "where it is mounted a union is everybody's"

# what bob and none may pile up in the kernel process and in init has an end
put box /tmp/pile <<'!'
cd /tmp
for i in $(seq 80); do echo -n 0 >/#/s/$1.$i </dev/zero; done
for i in $(seq 12); do ls /#/I$((i + $2)); done
for i in $(seq 1100); do echo "bind 0:1 / /x$i - $1" >/#/M/journal; done
!
for who in bob none; do
	base=$([ $who = bob ] && echo 10 || echo 40)
	as $who /bin/sh /tmp/pile $who $base >/dev/null 2>&1
	is "$(x box /bin/ls /#/s | grep -c "/$who[.]")" 64 "$who has 64 posts and no more"
	is "$(x box /bin/ls /#/ | grep -c "I[$((base / 10))$((base / 10 + 1))][0-9]")" 8 "and 8 stacks"
	is "$(x box /bin/cat /#/M/list | grep -c "^bind .* $who ")" 1024 "and 1024 notes in the journal"
done
is "$(as bob /bin/sh -c 'echo -n 0 >/#/s/bob.more </dev/zero' 2>&1 | grep -c 'No space\|no more')" 1 "the error says so"
is "$(rc box 'echo -n 0 >/srv/mine </dev/zero; ls /srv/mine')" /srv/mine "the host owner can go on"

# nor may he use up the kernel process's descriptors with many processes
is "$(as bob /bin/bash -c 'ulimit -n 1000
for p in 1 2 3 4 5 6; do
	( for i in $(seq 900); do exec {fd}</mnt/f || break; done 2>/dev/null; echo $i >>/tmp/opened; sleep 3 ) &
done
wait; awk "{ n += \$1 } END { print (n > 4000 && n < 4300) ? \"about 4096\" : n }" /tmp/opened' 2>&1 | tail -1)" "about 4096" "bob has 4096 files of the node open and no more"
is "$(x box /bin/cat /mnt/f)" "in union" "the host owner can open what he likes"

# a union that nobody shows any more lets go of its directories
fds() { x box /bin/sh -c "ls /.proc/$k/fd | wc -l"; }
k=$(kernel box)
rc box 'mkdir /tmp/v /tmp/w'
before=$(fds)
rc box 'for(i in `{seq 30}){ bind -a /tmp/v /tmp/w; unmount /tmp/w }'
few() { [ "$(fds)" -le $((before + 3)) ]; }
t "thirty unions that came and went hold no descriptor" later few

# her files, her processes, her name space, her environment
rc box 'echo secret >/tmp/hers; chmod 600 /tmp/hers; mkdir /tmp/u/dir; echo secret >/tmp/u/dir/f; chmod 700 /tmp/u/dir'
x box /bin/sh -c 'echo hidden >/mnt/dir/f; exec sleep 1000' &
later x box /bin/sh -c 'grep -qsx sleep /.proc/[0-9]*/comm'
pid=$(x box /bin/sh -c 'for p in /.proc/[0-9]*; do grep -qsx sleep $p/comm && echo ${p#/.proc/}; done' | head -1)
put box /tmp/pry <<'!'
# what another user tries on process $1: prints what he should not have got or done
try() { out=$("$@" 2>/dev/null) && echo "$*: $out"; }
try cat /tmp/hers
try cat /mnt/dir/f
try ls /mnt/dir
try kill -9 $1
for f in note notepg ctl; do
	for note in kill hangup stop; do
		echo -n $note >/#/p/$1/$f && echo "$note to $f"
	done
done 2>/dev/null
try readlink /.proc/$1/cwd
try ls /.proc/$1/fd/
try cat /.proc/$1/environ
try cat /.proc/$1/root/tmp/hers
try /usr/bin/nsenter -t $1 -m cat /tmp/hers
try /usr/bin/nsenter -t 1 -n true
try /usr/bin/nsenter -t $1 -U true
try head -c 1 /.proc/$1/mem
try cat "/#/e/home"
try cat "/#/M/env"
(echo x >/#/ec/bootargs) 2>/dev/null && echo "wrote the configuration"
(echo evil >/#/c/hostowner) 2>/dev/null && echo "became the host owner"
(echo evil >/#/c/sysname) 2>/dev/null && echo "renamed the node"
rm -f /#/s/ram 2>/dev/null && echo "removed her post"
(exec 3<>/#/s/ram) 2>/dev/null && echo "opened her post"
true
!
x box /bin/sh -c 'chmod 600 /#/s/ram; sleep 0' || echo "# no chmod of a post"
for who in bob none; do
	is "$(as $who /bin/sh /tmp/pry "$pid")" "" "$who gets at no file, process, name space, environment or post of hers"
	is "$(x box /bin/sh -c "read -r c </.proc/$pid/comm && echo \$c")" sleep "her process is alive"
done
is "$(x box /bin/cat /mnt/dir/f /tmp/hers)" "$(printf 'hidden\nsecret')" "the host owner reads them"
# a note to a group reaches the writer's own processes only
put box /tmp/group <<'!'
sleep 1001 & hers=$!
/usr/bin/setpriv --reuid 1000 --regid 1000 --clear-groups /bin/sh -c 'echo -n kill >/#/p/$$/notepg' 2>/dev/null
kill -0 $hers && echo alive
kill $hers
!
is "$(x box /bin/sh /tmp/group)" alive "a note to a group does not reach another user's process in it"
down
echo "1..$n"
