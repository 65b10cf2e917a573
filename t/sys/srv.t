#!/bin/sh
# srv dials or starts a server, posts and mounts it; srvfs serves a tree of the name space; exportfs hides what -P says
. t/sys/lib
up -d 8 <<!
segment=lan
node=box ether0=lan mem=64M
!
put box /tmp/setup <<'!'
#!/bin/rc
mkdir /tmp/a /tmp/a/sub /tmp/b
echo in a >/tmp/a/f
echo hidden >/tmp/a/key.pgp
echo below >/tmp/a/sub/g
!
x box /tmp/setup || echo "# no setup"
# r TEXT: what rc says, and its status if that is no success; what it leaves running may keep the file
r() { x box /bin/sh -c '/bin/rc -c "$1" >/tmp/out 2>&1 </dev/null || echo "status $?" >>/tmp/out; cat /tmp/out' sh "$1"; }

is "$(r "srv -e 'exportfs -r /tmp/a' ex")" post... "srv starts a command"
is "$(r 'ls -l /srv/ex' | cut -c1-11)" "--rw-rw-rw-" "its post is for everybody"
is "$(r "srv -e 'exportfs -r /tmp/a' ex")" "srv: /srv/ex already exists" "a second time it says so"
is "$(r "srv -q -e 'exportfs -r /tmp/a' ex")" "" "-q does not"
is "$(r 'srv -q x ex /n/here && cat /n/here/f')" "in a" "what is posted is mounted, not dialled; the mount point is made"
is "$(r 'ns | grep here')" "mount /srv/ex /n/here" "by its name in /srv"
is "$(r 'srv -c -e '"'exportfs -r /tmp/a'"' ex2 /n/c >[2]/dev/null; ns | grep /n/c')" "mount -c /srv/ex2 /n/c" "flags for mount"
is "$(r 'unmount /n/c; rm /srv/ex2')" "" "unmounted"
is "$(r 'exportfs -a unix!/tmp/sock -r /tmp/a &
while(! test -e /tmp/sock) sleep 0.1
srv -m unix!/tmp/sock && cat /n/sock/f && ls /srv/sock && kill $apid')" "post...
in a
/srv/sock" "an address"
is "$(r 'srv tcp!nosuch.host!564 nosuch' | sed 's/:.*//'; x box /bin/ls /srv | grep -c nosuch)" "srv
status 1
0" "an address that is nobody's: nothing is posted"
is "$(r 'srv a b c d' | tail -1)" "status 2" "four arguments are too many"
is "$(r 'srv -ab a' | tail -1)" "status 2" "not both sides of a union"
is "$(r 'srv -e true dead >[2]/dev/null; srv -m -e '"'exportfs -r /tmp/a'"' dead /n/dead >[2]/dev/null; cat /n/dead/f')" "in a" "a post whose server has gone is made anew"

is "$(r 'srvfs tree /tmp/a; mount /srv/tree /n; cat /n/f; ls -l /srv/tree' | cut -c1-11)" "in a
--rw-------" "srvfs"
is "$(r 'bind /tmp/b /tmp/a/sub; ls /n/sub; unmount /tmp/a/sub; ls /n/sub')" /n/sub/g "it serves the name space as that changes"
is "$(r 'echo new >/n/new && cat /tmp/a/new && rm /n/new; unmount /n')" new "and is written to"
is "$(r 'srvfs -R -p 644 ro /tmp/a; ls -l /srv/ro; mount /srv/ro /n; echo x >/n/x; unmount /n' | cut -c1-11 | head -1)" "--rw-r--r--" "-p"
is "$(x box /bin/ls /tmp/a | grep -c x)" 0 "-R"
is "$(r 'srvfs tree /tmp/a; srvfs no /nosuch; srvfs x')" "srvfs: post /srv/tree: file already exists
srvfs: /nosuch: file does not exist
usage: srvfs [-dR] [-p perm] [-P patternfile] [-e exportfs] name path
status 2" "what is wrong is said"

put box /tmp/pattern <<'!'
# neither of these is a pattern
+ ^/([^k]|key.txt)
- \.pgp$
- ^/sub/h
!
is "$(r 'srvfs -P /tmp/pattern pat /tmp/a; mount -c /srv/pat /n; ls /n; ls /n/sub')" "/n/f
/n/sub
/n/sub/g" "-P hides what matches no + or a -"
is "$(r 'cat /n/key.pgp')" "cat: can't open /n/key.pgp: file does not exist
status 1" "which cannot be opened"
is "$(r 'mv /n/f /n/f.pgp || echo no; mkdir /n/key || echo no; echo x >/n/sub/h; echo yes' | grep -c '^no$\|^yes$'; x box /bin/ls /tmp/a /tmp/a/sub)" "2
/tmp/a/f
/tmp/a/key.pgp
/tmp/a/sub
/tmp/a/sub/g" "nor made"
is "$(r 'echo x >/n/sub/i; echo x >/n/key.txt; cat /tmp/a/sub/i /tmp/a/key.txt')" "x
x" "others can"
x box /bin/sh -c 'echo "+ (" >/tmp/bad'
is "$(r 'exportfs -P /tmp/nosuch -r /tmp/a; exportfs -P /tmp/bad -r /tmp/a' | grep -c '^exportfs:')" 2 "a bad pattern file"
down
echo "1..$n"
