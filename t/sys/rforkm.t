#!/bin/sh
# rfork m: nothing more is mounted by a process and what it starts, and of # names those of pipe, dup, env, cons and proc
# are left.
. t/sys/lib
up -d 8 <<!
segment=lan
node=box ether0=lan mem=64M
!
put box /tmp/before <<'!'
rfork n
mkdir -p /tmp/a /tmp/b
echo in a >/tmp/a/f
bind '#I0' /net
mount -c /srv/ram /n
mkdir -p /n/d
echo in ram >/n/d/x
mkdir -p /n/c
mount -b /srv/ram /n/c
!
rc box 'ramfs -S ram; sleep 1000 &'
# m CMDS: their output after rfork m
m() { rc box ". /tmp/before; rfork m; $1" 2>&1; }
is "$(m 'mount /srv/ram /mnt')" "mount: mount/attach disallowed" "mount"
is "$(m 'ramfs -s >/dev/null >[2]/dev/null; <>[3]/dev/null mount /fd/3 /mnt')" "mount: mount/attach disallowed" "mount of a descriptor"
for d in '#s' '#I1' '#l0' '#z' '#/' '#M/1/../../s'; do
	is "$(m "bind '$d' /mnt" | grep -o 'mount/attach disallowed')" "mount/attach disallowed" "bind $d"
done
is "$(m "cat '#q'" | grep -o 'unknown device in # filename')" "unknown device in # filename" "a device that is none"
is "$(m "cat '#c/user'; echo; cat '#d/0ctl' >/dev/null; ls '#p'/"'$pid'"/ppid | sed 's/[0-9]+/N/'; ls -d '#|' '#e' '#ec' | wc -l" | tr -d ' ')" \
	"glenda
'#p/N/ppid'
3" "those that are left"
is "$(m 'bind /tmp/a /tmp/b; cat /tmp/b/f; bind -a /n/d /tmp/b; cat /tmp/b/x; unmount /n/d /tmp/b; ls /tmp/b')" "in a
in ram
/tmp/b/f" "what is there is bound as before"
is "$(m 'bind -a /net /tmp/b; ls -d /tmp/b/tcp')" /tmp/b/tcp "devices too, that were bound before"
is "$(m "bind -b '#c' /mnt; cat /mnt/user; bind '#|' /mnt; ls /mnt")" "glenda/mnt/data
/mnt/data1" "and those that are left"
is "$(m "ns" | grep -c nomnt)" 0 "ns says nothing of it"
is "$(m "rfork n; bind '#s' /mnt; rfork m; bind '#s' /mnt; rfork s; rc -c 'rfork ne; bind ''#s'' /mnt'" | grep -c 'mount/attach disallowed')" 3 \
	"name spaces made of this one are like it"
is "$(m 'rfork N')" "rfork: mount/attach disallowed" "but there is no clean one"
is "$(rc box "rfork Nm; bind '#s' /srv; mount '#s/ram' /n; bind '#c' /dev; cat /dev/user" 2>&1)" "bind: '#s' mount/attach disallowed
mount: '#s/ram' mount/attach disallowed
glenda" "rfork Nm"
is "$(m "echo mount /srv/ram /mnt >'#p'/"'$pid'"/ns; x='bind ''#s'' /mnt'; echo "'$x'" >'#p'/"'$pid'"/ns")" "echo: write: mount/attach disallowed
echo: write: '#s' mount/attach disallowed" "its own ns file is no way"
is "$(m "echo bind /tmp/a /tmp/b >'#p'/"'$pid'"/ns; cat /tmp/b/f")" "in a" "but for what it may"
is "$(rc box ". /tmp/before; @{rfork m; bind /tmp/a /tmp/b}; ls /tmp/b; mount /srv/ram /mnt; ls /mnt/d/x")" /mnt/d/x \
	"the shell that a part of gave it up has not"

# Linux programs
other=$(x box /bin/sh -c 'for p in /.proc/[0-9]*; do read -r c <$p/comm && [ "$c" = sleep ] && echo ${p#/.proc/}; done 2>&-')
for c in "mount -t tmpfs tmpfs /mnt" "unshare -Urm true" "nsenter -t $other -m true" "ls /.proc/$other/root/" \
	"ls /.proc/$other/cwd/"; do
	is "$(rc box "rfork n; /usr/bin/$c >/dev/null >[2=1] && echo done" 2>&1)" "done" "Linux: $c"
	is "$(m "/usr/bin/$c >/dev/null >[2]/dev/null && echo done")" "" "not after rfork m"
done
for c in "mount -t proc proc /mnt" "unshare -U true" "nsenter -t 1 -m true" "nsenter -t $other -U true" "ls /.proc/1/root/" \
	"head -c 1 /.proc/$other/mem"; do
	is "$(m "/usr/bin/$c >/dev/null >[2]/dev/null && echo done")" "" "nor $c"
done
is "$(m '/usr/bin/mount --bind /tmp/a /tmp/b && cat /tmp/b/f; /usr/bin/unshare -m /usr/bin/mount --move /tmp/b /mnt && echo moved')" "in a
moved" "Linux: what is there is bound"
is "$(m "/usr/bin/umount -l '/#'; ls -d '#c' >[2]/dev/null && echo there")" "" "what is under /# is nothing"
put box /tmp/threads.py <<'!'
import threading, subprocess
t = threading.Thread(target=lambda: print(subprocess.run(["/usr/bin/true"]).returncode))
t.start()
t.join()
!
if x box /usr/bin/test -x /usr/bin/python3; then
	is "$(m '/usr/bin/python3 /tmp/threads.py')" 0 "programs with threads and children run"
fi
k=$(kernel box)
rc box ". /tmp/before; rfork m; bind -a /n/d /tmp/b; echo >/tmp/ready; while(! test -e /tmp/killed) sleep 0.1
ls /tmp/b/x; bind '#c' /mnt; cat /mnt/user; bind '#s' /mnt" >after 2>&1 &
later x box /bin/test -e /tmp/ready
x box /bin/sh -c "kill -9 $k"
new() { k2=$(kernel box) && [ "$k2" != "$k" ] && rc box 'cat /dev/user'; }
t "another kernel process" later new
x box /bin/sh -c 'echo >/tmp/killed'
wait
is "$(cat after)" "/tmp/b/x
glendabind: '#s' mount/attach disallowed" "gives it no more"

# rfork V: a /srv of its own
is "$(rc box 'rfork V; ls /srv; ls /srv/ram; ramfs -S mine; ls /srv; @{mount /srv/mine /mnt; echo x >/mnt/x; ls /mnt}' 2>&1)" \
	"/srv/clone
ls: /srv/ram: file does not exist
/srv/clone
/srv/mine
/mnt/x" "rfork V: a board of its own at /srv"
is "$(rc box 'ls /srv/mine' 2>&1)" "ls: /srv/mine: file does not exist" "which others do not see"
is "$(rc box 'rfork V; ramfs -S mine; rfork V; ls /srv' 2>&1)" "/srv/clone" "one after the other"
is "$(rc box "rfork V; ls '#s/ram'; @{rfork V}; rc -c 'rfork n; ramfs -S a; ls /srv'; ls /srv/a")" "'#s/ram'
/srv/a
/srv/clone
/srv/a" "it is inherited; #s is the node's one"
down
echo "1..$n"
