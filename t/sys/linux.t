#!/bin/sh
# Ordinary Linux programs in a node: the host's files below, unions, 9P trees and the node's own stack above.
top=$PWD
. t/sys/lib
up -d 8 <<!
segment=lan
node=box ether0=lan mem=128M hostdirs="/var/lib/dpkg /var/lib/apt"
node=other ether0=lan mem=32M
!
addr() { # NODE ADDRESS
	rc "$1" "bind -a '#l0' /net; bind -a '#I0' /net
		ip/ipconfig ether /net/ether0 add $2 255.255.255.0; ip/ipconfig loopback /dev/null 127.1"
}
addr box 10.0.0.1 && addr other 10.0.0.2 && rc box 'ramfs -S ram; mkdir /tmp/9p /tmp/u /tmp/u1 /tmp/u2
	mount -c /srv/ram /tmp/9p; bind -c /tmp/u1 /tmp/u; bind -ac /tmp/u2 /tmp/u; chmod 777 /tmp/9p /tmp/u1' ||
	echo "# no setup"
# runs DIR PROGRAM TEXT WANT WHAT: what PROGRAM's shell script TEXT prints in that directory of box
runs() {
	if ! command -v "$2" >/dev/null; then
		n=$((n + 1))
		echo "ok $n # SKIP no $2 on this host"
		return
	fi
	is "$(x box /bin/sh -c 'mkdir -p "$1" && cd "$1" && eval "$2"' sh "$1" "$3" 2>&1 </dev/null)" "$4" "$5"
}

cat >bash.txt <<'!'
exec bash -c 'a=(x y z); echo ${#a[@]} <(:)
	mkfifo f; cat f & echo by fifo >f; wait $!; cat <<<here | tr h H'
!
cat >python.txt <<'!'
exec /usr/bin/python3 -c '
import fcntl, mmap, os, socket, tempfile, threading
s = socket.socket(); s.bind(("10.0.0.1", 0)); s.listen()
def serve():
    c, a = s.accept(); c.sendall(b"by " + a[0].encode()); c.close()
t = threading.Thread(target=serve); t.start()
print(socket.create_connection(s.getsockname()).recv(99).decode()); t.join()
f = open("f", "w+b"); f.write(b"x" * 8192); f.flush(); os.fsync(f.fileno()); fcntl.lockf(f, fcntl.LOCK_EX)
m = mmap.mmap(f.fileno(), 8192); m[4096:4100] = b"mmap"; m.flush(); os.rename("f", "g")
print(open("g", "rb").read()[4095:4101].decode(), os.uname()[1])
fcntl.flock(f, fcntl.LOCK_EX); os.truncate("g", 3); print(os.stat("g").st_size)
with tempfile.TemporaryFile(dir=".") as t: t.write(b"t"); t.flush()
print(os.listdir("."))
'
!
cat >git.txt <<'!'
git init -q . && git config user.email g@box && git config user.name glenda && echo one >f && git add f &&
	git commit -qm first && echo two >>f && git commit -qam second && git gc -q && git fsck --no-progress &&
	git clone -q . copy && git -C copy log --format=%s && cat copy/f
!
cat >gcc.txt <<'!'
printf '#include <stdio.h>\nint main(void) { return puts("compiled here") < 0; }\n' >h.c
gcc -O1 -o h h.c && ./h
!
vi=$(command -v vim || command -v vim.tiny)
cat >vim.txt <<!
printf 'one\ntwo\n' >f; ${vi:-vim} -u NONE -es -c '%s/two/three/' -c wq f; cat f; ls -A
!
cat >tmux.txt <<'!'
tmux -f /dev/null new-session -d -s t -x 60 -y 9 'tty; stty size; echo $TERM_PROGRAM; read'
for i in $(seq 300); do tmux capture-pane -p -t t 2>/dev/null | grep -q tmux && break; sleep 0.1; done
tmux capture-pane -p -t t | sed 's/[0-9]*$//' | head -1; tmux capture-pane -p -t t | sed -n 2p
tmux send-keys -t t Enter; for i in $(seq 300); do tmux ls 2>/dev/null || break; sleep 0.1; done >/dev/null
!
runs /tmp/b bash "$(cat bash.txt)" "3 /dev/fd/63
by fifo
Here" "bash: process substitution, a FIFO, here strings"
for d in "/tmp/9p/p a 9P tree" "/tmp/u/p a union"; do
	runs "${d%% *}" /usr/bin/python3 "$(cat python.txt)" "by 10.0.0.1
xmmapx box
3
['g']" "python3 in ${d#* }: sockets of the node's stack, mmap, locks, rename, fsync"
done
runs /tmp/c gcc "$(cat gcc.txt)" "compiled here" "gcc in the RAM root"
runs /tmp/u/c gcc "$(cat gcc.txt)" "compiled here" "in a union, where what it made is run"
for d in "/tmp/9p/g a 9P tree" "/tmp/u/g a union"; do
	runs "${d%% *}" git "$(cat git.txt)" "second
first
one
two" "git in ${d#* }"
done
runs /tmp/9p/v "${vi:-vim}" "$(cat vim.txt)" "one
three
f" "vim in a 9P tree, with nothing left of its own"
runs /tmp/t tmux "$(cat tmux.txt)" "/.dev/pts/
9 60" "tmux, with rc in it: a terminal, its size, the end of its session"
is "$(x box /bin/sh -c 'echo x >/dev/shm/f && cat /dev/shm/f && rm /dev/shm/f && echo x >/usr/bin/f' 2>&1)" "x
/bin/sh: 1: cannot create /usr/bin/f: Read-only file system" "/dev/shm is there; the host's files are read-only"
is "$(x box /usr/bin/env PATH=/bin:/usr/bin /bin/sh -c 'cd /tmp/9p && ln -s a b; ln p/g b; mkfifo b' 2>&1 | sed 's/.*: //')" "Operation not permitted
Operation not permitted
Operation not permitted" "what 9P does not have is refused clearly"

is "$(x box /bin/sh -c 'ls /var/lib; test -f /var/lib/dpkg/status && echo >/var/lib/dpkg/new' 2>&1)" "apt
dpkg
/bin/sh: 1: cannot create /var/lib/dpkg/new: Read-only file system" "hostdirs: more of the host, read-only"
bad() { # DIRECTORY: why no node gets it
	printf 'segment=lan\nnode=box ether0=lan hostdirs=%s\n' "$1" >bad.grid
	a grid up -f bad.grid "bad$g" 2>&1 | sed 's/.*hostdirs: //'
	a grid down "bad$g" >/dev/null 2>&1
}
is "$(bad /tmp; bad /no.such)" "'/tmp' would hide, or be in, a directory of the node's own
'/no.such' is no directory of the host" "not those of the node's own, nor others"

# a web server with its own address, asked from the other node
if nginx=$("$top"/bench/lib/fetch nginx nginx nginx-common 2>/dev/null) && [ -r "$nginx/usr/sbin/nginx" ]; then
	x box /bin/sh -c 'cat >/tmp/nginx; chmod 755 /tmp/nginx; mkdir /tmp/9p/www; echo served from 9P >/tmp/9p/www/index.html' <"$nginx/usr/sbin/nginx"
	put box /tmp/nginx.conf <<'!'
user root root; pid /tmp/nginx.pid; error_log /tmp/nginx.log; events { } worker_processes 2;
http { access_log off; client_body_temp_path /tmp; proxy_temp_path /tmp; fastcgi_temp_path /tmp; uwsgi_temp_path /tmp;
	scgi_temp_path /tmp; server { listen 10.0.0.1:80; root /tmp/9p/www; } }
!
	is "$(x box /tmp/nginx -c /tmp/nginx.conf -e /tmp/nginx.log 2>&1 </dev/null)" "" "nginx starts in the node"
	is "$(rc other '{echo GET / HTTP/1.0; echo} | telnet tcp!10.0.0.1!80' 2>&1 | tr -d '\r' | sed -n '1p;$p')" "HTTP/1.1 200 OK
served from 9P" "and serves a 9P tree to the other node, from the node's own address"
	is "$(x box /bin/sh -c 'kill $(cat /tmp/nginx.pid)' 2>&1)" "" "it is told to end"
	t "and ends" later x box /bin/sh -c '! test -e /tmp/nginx.pid'
else
	n=$((n + 1))
	echo "ok $n # SKIP nginx cannot be fetched from Debian"
fi
down
echo "1..$n"
