/*
 * Name spaces against a model (model.h): random binds, mounts, unmounts and
 * changes of files in several real name spaces, made from each other by
 * rfork n, each followed by what the model says of it; at the end of a run
 * every name space must show the tree that the model has, every descriptor
 * kept from before must read its old file, and what ns prints of a name space
 * must make the same tree, and the same text, in a fresh one.
 *
 *	nsmodel SEED RUNS
 *
 * It runs in a root of its own (t/sys/unions.t), with a kernel process on /#.
 * A run that fails is made shorter, as long as it still fails, and printed
 * with its seed.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <fs/ramfs.h>
#include <os/io.h>
#include <srv/conn.h>
#include "model.h"
#include "worker.h"

enum { BASE = 0, FIRST = 1, REPLAY = FIRST + SPACES, OPS = 24 };
enum { OpBind, OpMount, OpUnmount, OpFork, OpCreate, OpWrite, OpRemove, OpRename, OpKeep, NOP };

typedef struct Op {
	unsigned kind, space, a, b, c, flags;
} Op;

static const char *const dirs[] = { "/a", "/b", "/c", "/n", "/a/s", "/b/s", "/c/t", "/a/t", "/n/s" };
static const char *const files[] = { "f0", "f1", "f2", "f3", "k0", "k1" };
static const int orders[] = { MREPL, MBEFORE, MAFTER, MREPL | MCREATE, MBEFORE | MCREATE, MAFTER | MCREATE };
enum { NDIR = nelem(dirs), NFILE = nelem(files), PLAIN = 4 }; /* the first four are files, the others directories */

static u64 seed;
static int serial;
static pid_t server;
static Space space[SPACES];
static Inode *top, *root9;
static bool talk;

static unsigned draw(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

/* content is a text that was not used before in this run, in a length of its own. */
static const char *content(void)
{
	static char text[512];
	int n = snprintf(text, sizeof text, "text %d", ++serial);

	memset(text + n, '.', (size_t)serial % 400);
	text[n + serial % 400] = '\0';
	return text;
}

static void fill(const char *at, Inode *dir, const char *sub)
{
	for (unsigned i = 0; i < PLAIN; i++) {
		autofree char *path = mem_printf("%s%s/%s", at, sub, files[i]);
		const char *text;

		if (draw(3) != 0)
			continue;
		text = content();
		inode_add(dir, files[i], inode_new(false, dir->server, text));
		if (io_spit(path, text, strlen(text), 0644) < 0)
			exit(3);
	}
}

static void make(const char *at, Inode *up, const char *path)
{
	autofree char *real = mem_printf("%s%s", at, path);
	Inode *d = inode_new(true, up->server, "");

	inode_add(up, strrchr(path, '/') + 1, d);
	if (mkdir(real, 0755) < 0)
		exit(3);
	fill(at, d, path);
}

static void serve(void)
{
	Srv *s = ramfs_new("glenda", 0);
	autofree char *num = NULL;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
		exit(3);
	server = fork();
	if (server == 0) {
		close(fd[0]);
		conn_serve(s, fd[1], fd[1], NULL);
		_exit(0);
	}
	srv_drop(s);
	close(fd[1]);
	num = mem_printf("%d", fd[0]);
	if (io_spit(SERVER, num, strlen(num), 0600) < 0 || ns_mount(SERVER, "/m", MCREATE, "") < 0) {
		fprintf(stderr, "nsmodel: a 9P server: %s\n", rerrstr());
		exit(3);
	}
	close(fd[0]);
}

static void unserve(void)
{
	if (ns_unmount(NULL, "/m") < 0 || unlink(SERVER) < 0)
		exit(3);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

static void populate(void)
{
	serial = 0;
	world_new(&top, &root9);
	serve();
	if (system("rm -rf /w/*") != 0)
		exit(3);
	for (unsigned i = 0; i < NDIR - 1; i++)
		make("/w", strlen(dirs[i]) == 2 ? top : inode_find(top, (char[]){ dirs[i][1], '\0' }), dirs[i]);
	make("/m", root9, "/s");
	fill("/m", root9, "");
	space[0] = space_new(top);
	for (int i = 1; i < SPACES; i++)
		space[i] = space_copy(&space[0]);
	for (int i = 0; i < SPACES; i++)
		worker_do(BASE, "fork\t%d", FIRST + i);
}

static const char *order_text(int flags)
{
	static const char *const text[] = { "-", "b", "a", "", "c", "bc", "ac" };

	return text[flags];
}

static void path_of(char *buf, size_t n, const Op *op)
{
	snprintf(buf, n, "%s/%s", dirs[op->a], files[op->b]);
}

static void print(const Op *op)
{
	static const char *const verbs[] = { "bind", "mount", "unmount", "rfork", "create", "write", "remove", "rename", "keep" };
	char path[64];

	path_of(path, sizeof path, op);
	printf("# %u %s ", op->space, verbs[op->kind]);
	if (op->kind == OpBind)
		printf("%s %s %s\n", order_text(orders[op->flags]), dirs[op->a], dirs[op->c]);
	else if (op->kind == OpMount)
		printf("%s %s %s\n", order_text(orders[op->flags]), SERVER, dirs[op->c]);
	else if (op->kind == OpUnmount)
		printf("%s %s\n", op->flags == 0 ? "-" : op->flags == 1 ? SERVER : dirs[op->a], dirs[op->c]);
	else if (op->kind == OpFork)
		printf("to %u\n", op->a % SPACES);
	else if (op->kind == OpRename)
		printf("%s to %s\n", path, files[op->c % PLAIN]);
	else
		printf("%s\n", path);
}

/* agree compares what happened with what the model says. */
static bool agree(const Op *op, const char *want, const char *got)
{
	bool good = want == NULL ? *got == '\0' : *got == '!' && strstr(got, want) != NULL;

	if (!good && talk) {
		printf("# the answer is '%s', not '%s' to\n", got, want == NULL ? "" : want);
		print(op);
	}
	return good;
}

static bool do_bind(const Op *op)
{
	const char *want = model_bind(&space[op->space], dirs[op->a], dirs[op->c], orders[op->flags]);

	return want == Odd || agree(op, want, worker_do(FIRST + (int)op->space, "bind\t%s\t/w%s\t/w%s", order_text(orders[op->flags]),
							dirs[op->a], dirs[op->c]));
}

static bool do_mount(const Op *op)
{
	const char *want = model_mount(&space[op->space], root9, dirs[op->c], orders[op->flags]);

	return want == Odd || agree(op, want, worker_do(FIRST + (int)op->space, "mount\t%s\t%s\t/w%s", order_text(orders[op->flags]),
							SERVER, dirs[op->c]));
}

static bool do_unmount(const Op *op)
{
	const char *name = op->flags == 0 ? NULL : op->flags == 1 ? SERVER : dirs[op->a];
	const char *want = model_unmount(&space[op->space], name, dirs[op->c]);
	char full[64];

	snprintf(full, sizeof full, "%s%s", op->flags > 1 ? "/w" : "", name == NULL ? "-" : name);
	return want == Odd || agree(op, want, worker_do(FIRST + (int)op->space, "unmount\t%s\t/w%s", full, dirs[op->c]));
}

static bool do_rfork(const Op *op)
{
	unsigned to = op->a % SPACES;

	if (to == op->space)
		return true;
	worker_do(FIRST + (int)to, "end");
	space[to] = space_copy(&space[op->space]);
	return agree(op, NULL, worker_do(FIRST + (int)op->space, "fork\t%d", FIRST + (int)to));
}

static bool change(const Op *op)
{
	bool dir = op->b >= PLAIN;
	Space *s = &space[op->space];
	const char *text = content(), *want;
	int w = FIRST + (int)op->space;
	char path[64];

	path_of(path, sizeof path, op);
	if (op->kind == OpCreate) {
		want = model_create(s, path, dir, text);
		return want == Odd || agree(op, want, dir ? worker_do(w, "mkdir\t/w%s", path) : worker_do(w, "create\t/w%s\t%s", path, text));
	}
	if (op->kind == OpWrite) {
		want = model_write(s, path, text);
		return want == Odd || agree(op, want, worker_do(w, "write\t/w%s\t%s", path, text));
	}
	want = model_remove(s, path, dir);
	return want == Odd || agree(op, want, worker_do(w, "%s\t/w%s", dir ? "rmdir" : "remove", path));
}

static bool move(const Op *op)
{
	const char *name = files[op->c % PLAIN], *want;
	char path[64];

	if (op->b >= PLAIN)
		return true;
	path_of(path, sizeof path, op);
	want = model_rename(&space[op->space], path, name);
	return want == Odd || agree(op, want, worker_do(FIRST + (int)op->space, "rename\t/w%s\t/w%s/%s", path, dirs[op->a], name));
}

static bool keep(const Op *op)
{
	int i = (int)(op->c % KEPT);
	Inode *f;
	char path[64];

	path_of(path, sizeof path, op);
	f = model_file(&space[op->space], path);
	if (f == NULL)
		return true;
	space[op->space].kept[i] = f;
	return agree(op, NULL, worker_do(FIRST + (int)op->space, "keep\t%d\t/w%s", i, path));
}

static bool one(const Op *op)
{
	switch (op->kind) {
	case OpBind:
		return do_bind(op);
	case OpMount:
		return do_mount(op);
	case OpUnmount:
		return do_unmount(op);
	case OpFork:
		return do_rfork(op);
	case OpRename:
		return move(op);
	case OpKeep:
		return keep(op);
	}
	return change(op);
}

/* first_line tells the first line in which two texts differ. */
static void first_line(const char *what, int i, const char *want, const char *got)
{
	size_t k = 0, line = 0;

	if (!talk)
		return;
	for (; want[k] != '\0' && want[k] == got[k]; k++)
		if (want[k] == '\n')
			line = k + 1;
	printf("# %s %d: has '%.*s', not '%.*s'\n", what, i, (int)strcspn(got + line, "\n"), got + line,
	       (int)strcspn(want + line, "\n"), want + line);
}

static bool same_tree(const char *what, int i, int w)
{
	autobuf Buf want = { 0 };
	const char *got;

	model_dump(&want, &space[i]);
	if (want.n >= ANSWER - 1)
		return true;
	got = worker_do(w, "dump");
	if (strcmp(got, buf_text(&want)) == 0)
		return true;
	first_line(what, i, buf_text(&want), got);
	return false;
}

static bool kept(int i)
{
	for (int k = 0; k < KEPT; k++) {
		const char *got = space[i].kept[k] == NULL ? NULL : worker_do(FIRST + i, "kept\t%d", k);

		if (got == NULL || strcmp(got, space[i].kept[k]->text) == 0)
			continue;
		first_line("a descriptor of", i, space[i].kept[k]->text, got);
		return false;
	}
	return true;
}

/* ours keeps of what ns printed the lines about the world. */
static void ours(Buf *b, const char *text)
{
	autofree char *copy = mem_str(text);
	char *save = NULL;

	for (char *s = strtok_r(copy, "\n", &save); s != NULL; s = strtok_r(NULL, "\n", &save))
		if (strstr(s, " /w/") != NULL && *s != '#')
			buf_printf(b, "%s\n", s);
}

static bool replayed(const char *script)
{
	autofree char *copy = mem_str(script);
	char *save = NULL;

	worker_do(BASE, "fork\t%d", REPLAY);
	for (char *s = strtok_r(copy, "\n", &save); s != NULL; s = strtok_r(NULL, "\n", &save)) {
		const char *got = worker_do(REPLAY, "line\t%s", s);

		if (*got != '\0') {
			if (talk)
				printf("# '%s', of ns: %s\n", s, got);
			return false;
		}
	}
	return true;
}

static bool replay(int i)
{
	autobuf Buf script = { 0 }, again = { 0 };
	bool good;

	if (space[i].shaky)
		return true;
	ours(&script, worker_do(FIRST + i, "ns"));
	good = replayed(buf_text(&script)) && same_tree("made again from ns", i, REPLAY);
	ours(&again, worker_do(REPLAY, "ns"));
	if (good && strcmp(buf_text(&script), buf_text(&again)) != 0) {
		first_line("ns of what ns made", i, buf_text(&script), buf_text(&again));
		good = false;
	}
	if (!good && talk)
		printf("# ns of %d:\n%s", i, buf_text(&script));
	worker_do(REPLAY, "end");
	return good;
}

static bool run(const Op *op, int n, u64 first)
{
	bool good = true;

	seed = first;
	populate();
	for (int i = 0; i < n && good; i++)
		good = one(&op[i]);
	for (int i = 0; i < SPACES && good; i++)
		good = same_tree("name space", i, FIRST + i) && kept(i) && replay(i);
	for (int i = 0; i < SPACES; i++)
		worker_do(FIRST + i, "end");
	unserve();
	return good;
}

/* shrink leaves out what the failure does not need. */
static int shrink(Op *op, int n, u64 first)
{
	for (int i = n - 1; i >= 0; i--) {
		Op was = op[i];

		memmove(&op[i], &op[i + 1], (size_t)(n - i - 1) * sizeof *op);
		if (!run(op, n - 1, first)) {
			n--;
			continue;
		}
		memmove(&op[i + 1], &op[i], (size_t)(n - i - 1) * sizeof *op);
		op[i] = was;
	}
	return n;
}

static bool random_run(u64 first)
{
	static const unsigned kinds[] = { OpBind, OpBind, OpBind, OpBind, OpMount, OpUnmount, OpUnmount, OpFork, OpCreate,
					  OpCreate, OpWrite, OpRemove, OpRename, OpKeep };
	Op op[OPS];
	int n;

	seed = first * 2654435761u;
	n = 1 + (int)draw(OPS);
	for (int i = 0; i < n; i++)
		op[i] = (Op){ kinds[draw(nelem(kinds))], draw(SPACES), draw(NDIR), draw(NFILE), draw(NDIR), draw(nelem(orders)) };
	talk = true;
	if (run(op, n, first))
		return true;
	talk = false;
	n = shrink(op, n, first);
	printf("# seed %llu fails, also with only this:\n", (unsigned long long)first);
	for (int i = 0; i < n; i++)
		print(&op[i]);
	talk = true;
	if (run(op, n, first))
		printf("# but not always\n");
	talk = false;
	return false;
}

int main(int argc, char **argv)
{
	u64 first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, runs = argc > 2 ? strtoull(argv[2], NULL, 10) : 100, i;

	umask(0);
	if (mkdir("/w", 0755) < 0 || mkdir("/m", 0755) < 0 || ns_bind("#s", "/srv", MCREATE) < 0) {
		perror("nsmodel: /w, /m, /srv");
		return 3;
	}
	worker_start();
	for (i = 0; i < runs && random_run(first + i); i++)
		;
	worker_do(BASE, "end");
	printf("%sok 1 - %llu runs from seed %llu\n", i == runs ? "" : "not ", (unsigned long long)i, (unsigned long long)first);
	return i < runs;
}
