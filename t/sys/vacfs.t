#!/bin/sh
# vacfs as directories: mounted on a plain host with several readers at once, and in a node by its name in /srv, bound into
# other places.  Odd names and links come back as they were.
. t/sys/lib
mkdir -p tree/sub/deep tree/many out
echo hello >tree/hello
head -c 1000000 /dev/urandom >tree/big
echo odd >"tree/a
line"
echo blank >'tree/a  blank '
echo high >"tree/$(printf 'b\303\274cher')"
echo quote >"tree/it's"
ln -s ../hello tree/sub/link
ln -s 'to  nowhere' tree/sub/away
echo deep >tree/sub/deep/file
i=0
while [ $i -lt 200 ]; do echo $i >tree/many/f$i; i=$((i + 1)); done
chmod 640 tree/hello
touch -d '2001-02-03 04:05:06' tree/hello
venti=unix!$PWD/v
export venti
"$A" venti/venti -s -w -a "$venti" -M 64m >venti.log 2>&1 &
server=$!
later grep -q serving venti.log
"$A" vac -f a.vac tree 2>err || sed 's/^/# /' err

# all files and their contents; a link is a file that contains its target
list() { (cd "$1" && find . -type f -exec cksum {} + | sort -k3; find . -type d | sort); }
cp -r tree links && rm links/sub/link links/sub/away && printf ../hello >links/sub/link && printf 'to  nowhere' >links/sub/away
list links >want
cat >host.sh <<!
"$A" vacfs -p -c 500 -m \$PWD/out a.vac || exit 1
for i in 1 2 3 4; do (cp -r out/tree copy\$i) & pids="\$pids \$!"; done
wait \$pids
stat -c '%a %y' out/tree/hello | cut -c1-23
echo x 2>said >out/tree/new || sed 's/.*: //' said
"$A" unmount \$PWD/out || umount out
!
if [ "$(id -u)" = 0 ]; then unshare -m sh host.sh >said.host 2>&1; else unshare -Urm sh host.sh >said.host 2>&1; fi
is "$(cat said.host)" "640 2001-02-03 04:05:06
Read-only file system" "mounted on a host: modes, times, and read-only"
for i in 1 2 3 4; do list copy$i | cmp - want || echo $i; done >differ 2>&1
is "$(cat differ)" "" "four readers at once"
kill $server

up <<!
segment=lan
node=box ether0=lan mem=96M
!
tar -cf - tree | put box /tmp/tree.tar
rc box 'cd /tmp; mkdir n b; tar xf tree.tar; venti/venti -M 64m -a unix!/tmp/v; venti=unix!/tmp/v vac -f a.vac tree; venti=unix!/tmp/v vacfs -p -S vac a.vac' >err 2>&1
is "$(rc box 'mount /srv/vac /tmp/n; cd /tmp/n/tree; cat hello sub/deep/file; ls many | wc -l; cat sub/link' 2>&1 | tr -d ' ')" "hello
deep
200
../hello" "in a node: posted in /srv and mounted"
is "$(rc box 'mount /srv/vac /tmp/n; bind /tmp/n/tree/sub /tmp/b; bind -a /tmp/n/tree/many /tmp/b; cat /tmp/b/deep/file /tmp/b/f7' 2>&1)" "deep
7" "and bound, in a union"
is "$(rc box 'mount /srv/vac /tmp/n; cmp /tmp/tree/big /tmp/n/tree/big && echo same; echo x >/tmp/n/tree/new' 2>&1 | sed 's/.*: //')" "same
read only file system" "its contents, read-only"
is "$(rc box 'unmount /tmp/n; ls /tmp/n/tree; mount /srv/vac /tmp/n; ls /tmp/n' 2>&1 | tail -1)" "/tmp/n/tree" "unmounted, mounted again"
is "$(rc box "mount /srv/vac /tmp/n; cat '/tmp/n/tree/it''s' '/tmp/n/tree/a  blank '" 2>&1)" "quote
blank" "odd names"
down
echo "1..$n"
