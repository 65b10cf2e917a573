#!/bin/sh
# #p: the files of a process, and what is written to them (proc(3)).
. t/sys/lib
up -d 8 <<!
segment=lan
node=box ether0=lan mem=64M
!
rc box "bind '#p' /proc; sleep 1000 &"
x box /bin/rc -c "rfork s; echo -n "'$pid'" >/tmp/pid; exec sleep 1001" &
later x box /bin/sh -c 'grep -qx sleep /.proc/$(cat /tmp/pid)/comm'
pid=$(x box /bin/cat /tmp/pid)
p=/proc/$pid
state() { x box /bin/sh -c "sed -n 's/^State:.\\(.\\).*/\\1/p' /.proc/$pid/status"; }
# w FILE TEXT
w() { rc box "echo -n '$2' >$p/$1" 2>&1; }
is "$(rc box "cat $p/args")" "sleep 1001" args
is "$(rc box "cat $p/noteid" | tr -d ' ')" "$pid" "noteid"
is "$(rc box "cat $p/ppid" | tr -d ' \n')" "$(x box /bin/sh -c "sed -n 's/^PPid:.//p' /.proc/$pid/status")" "ppid"
is "$(rc box "cd $p; ls -d args ctl fd mem note noteid notepg ns ppid status text" | tr '\n' ' ')" \
	"args ctl fd mem note noteid notepg ns ppid status text " "the files"
is "$(x box /usr/bin/readlink "$p/text")" "/.proc/$pid/exe" "text is the program"
is "$(rc box "cmp $p/text /boot/ants && echo same")" same "that can be read"
for f in fpregs kregs proc profile regs segment watchpt wait; do
	is "$(rc box "cat $p/$f" 2>&1 | grep -o "$f of a process: Linux does not tell: not implemented")" \
		"$f of a process: Linux does not tell: not implemented" "$f is refused by name"
done
is "$(rc box "cat $p/note" 2>&1 | grep -o 'note of a process.*')" "note of a process: only written on Linux, not read: not implemented" \
	"note is not read"
is "$(rc box "cat /proc/999999/args" 2>&1 | grep -o 'file does not exist')" "file does not exist" "a process that is none"

# ctl
is "$(w ctl stop)$(state)" T "stop: it has stopped when the write ends"
is "$(w ctl waitstop)" "" "waitstop of a stopped one"
is "$(w ctl start)" "" "start"
runs() { [ "$(state)" = S ]; }
t "it runs" later runs
rc box "echo -n waitstop >$p/ctl; echo stopped" >waited 2>&1 &
waiter=$!
waits() { x box /bin/sh -c 'grep -l waitstop /.proc/[0-9]*/cmdline' && [ ! -s waited ]; }
t "waitstop waits" later waits
is "$(w ctl stop)" "" "while others write to the same file"
wait $waiter
is "$(cat waited)" stopped "and ends when it stops"
rc box "echo -n startstop >$p/ctl; echo stopped" >waited 2>&1 &
waiter=$!
t "startstop starts it" later runs
is "$(w ctl stop)" "" "and waits for another stop"
wait $waiter
is "$(cat waited)" stopped "which comes"
w ctl start
timeout -s KILL 60 "$A" grid exec -g "$g" box /bin/sh -c "echo \$\$ >/tmp/writer; echo waitstop >$p/ctl" >/dev/null 2>&1 &
writer=$!
later x box /bin/test -s /tmp/writer
x box /bin/sh -c 'kill -9 $(cat /tmp/writer)'
wait $writer
t "a waiter that is killed ends" later not x box /bin/sh -c '[ -e /.proc/$(cat /tmp/writer) ]'
nice_() { x box /bin/sh -c "sed 's/.*) //' /.proc/$pid/stat" | cut -d' ' -f17; }
# a test that is itself run with little priority cannot give more
if [ "$(nice_)" -le 10 ]; then
	is "$(w ctl 'pri 0')$(nice_)" 10 "pri 0 is nice 10"
else
	is "$(w ctl 'pri 10' | grep -c 'permission denied')" 1 "more priority than Linux allows"
fi
cpu() { x box /bin/sh -c "sed -n 's/^Cpus_allowed_list:.//p' /.proc/$pid/status"; }
cpu=$(cpu | sed 's/[^0-9].*//')
is "$(w ctl "wired $cpu")$(cpu)" "$cpu" "wired to a processor"
is "$(w ctl 'wired 1023' | grep -c 'ctl message .wired.')" 1 "a processor that there is not"
is "$(w ctl 'pri x' | grep -c 'ctl message .pri.')" 1 "pri of no number"
is "$(w ctl pri)" "echo: write: ctl message 'pri': one argument is wanted" "pri of nothing"
for c in 'close 3' closefiles private noswap; do
	is "$(w ctl "$c")" "echo: write: ctl message '${c%% *}': Linux lets a process do that only to itself: not implemented" "$c is refused"
done
for c in 'fixedpri 3' hang nohang profile startsyscall trace nointerrupt 'period 1s' 'deadline 1s' 'cost 1ms' sporadic deadlinenotes \
	admit extra expel event; do
	is "$(w ctl "$c")" "echo: write: ctl message '${c%% *}': Linux has no such thing: not implemented" "$c is refused"
done
is "$(w ctl frob)" "echo: write: ctl message 'frob': unknown control request" "a message that is none"
is "$(w note frob)" "echo: write: no Linux signal for note 'frob'" "a note that is none"

# notes
put box /tmp/group <<'!'
rfork s
bind '#p' /proc
fn sighup { had='shell had it' }
/bin/echo -n hangup >/proc/$pid/notepg
if(~ $status '') echo the writer ended well
echo $had
!
is "$(x box /bin/rc /tmp/group 2>&1)" "the writer ended well
shell had it" "a note to the group: all have it but the writer"
is "$(w note kill)" "" "note kill"
t "ends it" later not x box /bin/test -e "/.proc/$pid"
down
echo "1..$n"
