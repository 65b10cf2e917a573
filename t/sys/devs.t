#!/bin/sh
# savedevs, getdevs and rerootwin: a terminal's devices in another name space; addwrroot and addroroot: a file server's files
. t/sys/lib
up -d 8 <<!
segment=lan
node=box ether0=lan mem=64M
!
# r TEXT: what rc says, and its status if that is no success; what it leaves running may keep the file
r() { x box /bin/sh -c '/bin/rc -c "$1" >/tmp/out 2>&1 </dev/null || echo "status $?" >>/tmp/out; cat /tmp/out' sh "$1"; }

# a terminal that is not the node's console, with a session that saves its devices and stays
cat >session <<'!'
rfork n
stty -echo
savedevs pty
echo ready
while(! test -e /tmp/done) sleep 0.2
exit
!
a grid exec -g "$g" box /bin/sh -c 'cat >/tmp/session' <session
script -qc "$A grid exec -g $g -t box /bin/rc /tmp/session" /dev/null </dev/null >typescript 2>&1 &
tty=$!
t "savedevs in a session" later grep -q ready typescript
is "$(grep -c 'devices saved at oldterm.pty' typescript)" 1 "says what it saved"
is "$(r 'ls -l /srv/oldterm.pty' | cut -c1-11)" "--rw-------" "for its user only"
is "$(r 'getdevs pty && echo written >/dev/cons && cat /dev/sysname && ns | grep cons')" "boxbind /mnt/term/dev/cons /dev/cons
bind /mnt/term/dev/consctl /dev/consctl" "getdevs elsewhere"
t "what is written to /dev/cons comes out at that terminal" later grep -q written typescript
is "$(a grid log -g "$g" box | grep -c written)" 0 "and not on the console"
is "$(r 'echo -n rawon >/dev/consctl; {rfork n; savedevs again} && rm /srv/oldterm.again')" "devices saved at oldterm.again" "saved devices are saved"
is "$(r 'unmount /dev/cons; unmount /dev/consctl; unmount /mnt/term; echo to all >/dev/cons')" "" "taken off again"
t "the console is the console again" later loghas box "to all"
is "$(r 'savedevs pty; savedevs a b; savedevs x/y; getdevs; getdevs nosuch')" "savedevs: /srv/oldterm.pty exists: save under another name, or remove it
usage: savedevs [name]
usage: savedevs [name]
usage: getdevs name
getdevs: no devices are saved at /srv/oldterm.nosuch
status 1" "errors"

# a tree of files that is somebody's root
put box /tmp/tree <<'!'
#!/bin/rc
mkdir -p /tmp/fs/^(rc/bin lib amd64/bin doc usr/glenda/^(tmp lib bin/rc))
>/tmp/fs/rc/bin/their { echo '#!/bin/rc'; echo echo theirs $sysname }
>/tmp/fs/rc/bin/ls { echo '#!/bin/rc'; echo echo their ls }
chmod 755 /tmp/fs/rc/bin/*
echo their doc >/tmp/fs/doc/f
echo their lib >/tmp/fs/lib/their
exportfs -r /tmp/fs -S myfs
mkdir /tmp/none
exportfs -r /tmp/none -S nonefs
!
x box /tmp/tree || echo "# no tree"
is "$(r 'rfork n; addwrroot myfs && {
	their; cat /doc/f /lib/their /lib/ndb/common | sed 2q; ls -d /usr/glenda/lib /usr/bin
	echo mine >/usr/glenda/lib/f; echo mine >/tmp/g; /bin/ls -d /doc
}; cat /n/myfs/usr/glenda/^(lib/f tmp/g)')" "theirs box
their doc
their lib
/usr/bin
/usr/glenda/lib
/doc
mine
mine" "addwrroot: programs, libraries, home and /tmp"
is "$(r 'ls /doc')" "ls: /doc: file does not exist
status 1" "in that name space only"
is "$(r 'rfork n; addroroot -b myfs; ls; cat /doc/f; ns | grep -c glenda')" "their ls
their doc
0
status 1" "addroroot -b: theirs first, but not the home"
is "$(r 'rfork n; addroroot nonefs')" "addroroot: /n/nonefs has none of amd64/bin, rc/bin, lib, sys and usr
status 1" "a tree that is no root"
a grid log -g "$g" box >/tmp/devs.log 2>&1
is "$(r 'addroroot; addwrroot -x a' | sort -u)" "status 1
usage: addroroot [-b] target
usage: addwrroot [-b] target" "usage"
is "$(r 'addroroot nosuch.host' | tail -2)" "addroroot: tcp!nosuch.host!564 cannot be reached
status 1" "nobody there"

# another root: their tree, in a shell that reads its commands here; the terminal, and the networks, stay
put box /tmp/inside <<'!'
pwd; their; cat /doc/f /lib/their; ls -d /bin/ls
/usr/bin/printf 'Linux programs too\n'
echo inside >/usr/glenda/lib/f
ns >/run/ns
cat /net.alt/ipselftab | grep -c 127.0.0.1
test -e /mnt/term/dev/cons && echo reroot to cons >/dev/cons
ls /srv | grep old; ls /run
!
rc box "bind -a '#l0' /net; bind -a '#I0' /net; bind '#I1' /net.alt; ip/ipconfig -x /net.alt loopback /dev/null 127.1" || echo "# no net"
before=$(r 'ns')
x box /bin/sh -c '/bin/rc -c "rerootwin myfs" </tmp/inside >/tmp/said 2>&1'
is "$(x box /bin/sed 's/[0-9]*$/N/' /tmp/said)" "devices saved at oldterm.N
% /usr/glendaN
theirs boxN
their docN
their libN
/bin/lsN
Linux programs tooN
N
/srv/oldterm.N
/srv/oldterm.ptyN
/run/nsN
% N" "rerootwin: a shell in the other root"
is "$(x box /bin/cat /tmp/fs/usr/glenda/lib/f)" inside "which writes there"
t "its terminal is the one before" later loghas box "reroot to cons"
is "$(x box /bin/sh -c 'grep " /net\| / *$\| /usr$" /run/ns | grep -v ^#')" "bind -a /root /
bind -bc /root/usr /usr
bind -a '#l0' /net
bind -a '#I0' /net
bind '#I1' /net.alt" "the root is behind the node's, the networks are those of before"
is "$(r 'ns')" "$before" "nobody else's name space is another"
is "$(r 'rm /srv/oldterm.[0-9]*; rerootwin; rerootwin -x a; rerootwin -t /nofile a; rerootwin nosuch.host >[2=1] | tail -1; rerootwin myfs nofact')" \
	"usage: rerootwin [-f] [-n] [-u] [-t nsfile] newroot [authagent]
usage: rerootwin [-f] [-n] [-u] [-t nsfile] newroot [authagent]
rerootwin: there is no namespace file '/nofile'
rerootwin: tcp!nosuch.host!564 cannot be reached
rerootwin: there is no /srv/nofact
status 1" "errors"
is "$(r 'srv -e true dead >[2]/dev/null; rerootwin dead >[2=1] | tail -1; ls /srv | grep -c old')" "rerootwin: /srv/dead is no root: it cannot be mounted
1" "a root that is none: nothing has changed"
put box /tmp/nsfile <<'!'
bind -c #s /srv
mount -c #s/$nsroot /root
bind -c #s $pivot
cd /root
!
x box /bin/sh -c 'echo pwd\;cat doc/f\; ls /n/myfs >/tmp/in2; /bin/rc -c "rerootwin -n -t /tmp/nsfile myfs" </tmp/in2 >/tmp/said 2>&1'
is "$(x box /bin/sed 1d /tmp/said)" "% /root
their doc
/n/myfs
% " "-t: another namespace file, with its pivot"
is "$(x box /bin/sh -c 'echo cat /doc/f >/tmp/in2; /bin/rc -c "rerootwin -f myfs" </tmp/in2 2>&1' | sed -n 's/^% \(.\)/\1/p')" "their doc" "-f"
x box /bin/sh -c ': >/tmp/done'
wait $tty
down
echo "1..$n"
