/*
 * The FUSE front against a kernel made by hand: a socket that keeps message
 * boundaries stands for /dev/fuse.
 */
#include "memsrv.h"
#include "tap.h"
#include <fcntl.h>
#include <fuse/fuse.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static Srv srv;
static int kfd;
static u64 unique;
static char in[1 << 17];
static struct fuse_out_header *const oh = (struct fuse_out_header *)in;

/* put sends a request of an argument struct and up to two names; it returns its unique. */
static u64 put(u32 op, u64 node, const void *arg, size_t n, const char *name, const char *name2)
{
	static char out[1 << 16];
	struct fuse_in_header h = {.opcode = op, .nodeid = node, .unique = ++unique, .uid = 7, .gid = 8, .pid = 9};
	size_t at = sizeof h;

	if (n > 0)
		memcpy(out + at, arg, n);
	at += n;
	for (int i = 0; i < 2; i++) {
		const char *s = i == 0 ? name : name2;

		if (s != NULL) {
			strcpy(out + at, s);
			at += strlen(s) + 1;
		}
	}
	h.len = (u32)at;
	memcpy(out, &h, sizeof h);
	if (write(kfd, out, at) != (ssize_t)at)
		perror("# put");
	return unique;
}

static bool quiet(int ms)
{
	struct pollfd p = {kfd, POLLIN, 0};

	return poll(&p, 1, ms) == 0;
}

/* get reads an answer and returns its errno, or -1 if none comes. */
static int get(u64 want)
{
	if (quiet(10000) || read(kfd, in, sizeof in) < (ssize_t)sizeof *oh || oh->unique != want)
		return -1;
	return -oh->error;
}

static int call(u32 op, u64 node, const void *arg, size_t n, const char *name)
{
	return get(put(op, node, arg, n, name, NULL));
}

#define BODY(T) ((struct T *)(void *)(in + sizeof *oh))

static u64 lookup(u64 dir, const char *name)
{
	return call(FUSE_LOOKUP, dir, NULL, 0, name) == 0 ? BODY(fuse_entry_out)->nodeid : 0;
}

static u64 openfile(u64 node, u32 flags, u32 *oflags)
{
	struct fuse_open_in o = {.flags = flags};

	if (call(FUSE_OPEN, node, &o, sizeof o, NULL) != 0)
		return 0;
	if (oflags != NULL)
		*oflags = BODY(fuse_open_out)->open_flags;
	return BODY(fuse_open_out)->fh;
}

static u64 putread(u64 node, u64 fh, u64 off, u32 n)
{
	struct fuse_read_in r = {.fh = fh, .offset = off, .size = n};

	return put(FUSE_READ, node, &r, sizeof r, NULL, NULL);
}

static void putwrite(u64 node, u64 fh, u64 off, const char *s, u32 flags)
{
	struct {
		struct fuse_write_in w;
		char data[64];
	} w = {.w = {.fh = fh, .offset = off, .size = (u32)strlen(s), .flags = flags}};

	memcpy(w.data, s, strlen(s));
	put(FUSE_WRITE, node, &w, sizeof w.w + strlen(s), NULL, NULL);
}

static int release(u32 op, u64 node, u64 fh)
{
	struct fuse_release_in r = {.fh = fh};

	return call(op, node, &r, sizeof r, NULL);
}

static u64 create(u64 dir, const char *name, u64 *fh)
{
	struct fuse_create_in c = {.flags = O_RDWR | O_CREAT, .mode = 0644};

	if (call(FUSE_CREATE, dir, &c, sizeof c, name) != 0)
		return 0;
	*fh = ((struct fuse_open_out *)(void *)(in + sizeof *oh + sizeof(struct fuse_entry_out)))->fh;
	return BODY(fuse_entry_out)->nodeid;
}

static Fuse *begin(const FuseOpts *o)
{
	struct fuse_init_in i = {.major = 7, .minor = 40, .max_readahead = 1 << 17, .flags = ~0u, .flags2 = ~0u};
	int p[2];
	Fuse *f = fuse_new(&srv, "", o);

	if (f == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p) < 0)
		exit(1);
	kfd = p[0];
	fuse_setfd(f, p[1]);
	if (fuse_start(f) < 0)
		exit(1);
	ok(call(FUSE_LOOKUP, 1, NULL, 0, "x") == EIO, "nothing goes before INIT");
	ok(call(FUSE_INIT, 0, &i, sizeof i, NULL) == 0 && BODY(fuse_init_out)->max_write == 1 << 20, "INIT");
	return f;
}

static void end(Fuse *f)
{
	close(kfd);
	fuse_free(f);
	is_int(ref_live("Fid"), 0, "no fid is left");
}

static void names(void)
{
	FuseOpts o = {.uname = "glenda"};
	Fuse *f = begin(&o);
	u64 dir = lookup(1, "static"), a, b;
	struct fuse_forget_in once = {1};

	ok(dir != 0 && lookup(1, "static") == dir, "a name keeps its number");
	ok(call(FUSE_LOOKUP, dir, NULL, 0, "file") == 0 && BODY(fuse_entry_out)->entry_valid == 1,
	   "a static name is good for a while");
	is_int(BODY(fuse_entry_out)->attr.size, 100, "the size is the true one");
	ok(call(FUSE_LOOKUP, 1, NULL, 0, "dev") == 0 && BODY(fuse_entry_out)->entry_valid == 0,
	   "another name is asked for again");
	is_int(call(FUSE_LOOKUP, 1, NULL, 0, "none"), ENOENT, "a missing name");
	a = lookup(1, "clone");
	b = lookup(1, "clone");
	ok(a != 0 && b != 0 && a != b, "a clone file is another node at every look-up");

	mf_find(mem_root, "static")->qid.path = 4711;
	is_int(lookup(1, "static"), dir, "a directory keeps its number when its qid changes");
	a = lookup(1, "dev");
	mf_find(mem_root, "dev")->qid.path = 4712;
	ok(lookup(1, "dev") != a, "a file does not");
	mem_walkerr = "i/o error";
	is_int(lookup(1, "static"), dir, "a look-up error does not lose a live name");
	is_int(call(FUSE_LOOKUP, 1, NULL, 0, "never"), EIO, "an unknown name gets the error");
	mem_walkerr = "interrupted";
	is_int(call(FUSE_LOOKUP, 1, NULL, 0, "static"), EINTR, "an interrupted look-up says so");
	mem_walkerr = NULL;

	put(FUSE_FORGET, b, &once, sizeof once, NULL, NULL);
	is_int(call(FUSE_ACCESS, b, &(struct fuse_access_in){0}, 8, NULL), ESTALE, "a forgotten node is gone");
	is_int(call(FUSE_LOOKUP, 1, NULL, 0, "a/b"), EINVAL, "a name with a slash");
	is_int(call(FUSE_LOOKUP, 1, NULL, 0, ".."), EINVAL, "dot-dot");
	is_int(call(FUSE_LOOKUP, 99999, NULL, 0, "x"), ESTALE, "an unknown directory");
	end(f);
}

static void files(void)
{
	FuseOpts o = {.uname = "glenda"};
	Fuse *f = begin(&o);
	u64 fh = 0, n = create(1, "f", &fh), fh2;
	struct fuse_setattr_in s = {.valid = FATTR_SIZE, .size = 2};
	struct fuse_rename_in r = {1};
	u32 oflags = 0;

	ok(n != 0 && fh != 0, "create");
	putwrite(n, fh, 0, "hello", 0);
	ok(get(unique) == 0 && BODY(fuse_write_out)->size == 5, "write");
	putwrite(n, fh, 0, "!", O_APPEND);
	ok(get(unique) == 0, "a write through a handle without O_APPEND goes where it says");
	ok(get(putread(n, fh, 1, 100)) == 0 && memcmp(in + sizeof *oh, "ello", 4) == 0 && oh->len == sizeof *oh + 4,
	   "read");
	fh2 = openfile(n, O_WRONLY | O_APPEND, &oflags);
	ok((oflags & (FOPEN_DIRECT_IO | FOPEN_STREAM)) == FOPEN_DIRECT_IO, "a plain file is seekable and not cached");
	putwrite(n, fh2, 0, "?", O_APPEND);
	ok(get(unique) == 0 && get(putread(n, fh, 0, 100)) == 0 && memcmp(in + sizeof *oh, "!ello?", 6) == 0, "append");
	ok(call(FUSE_SETATTR, n, &s, sizeof s, NULL) == 0 && BODY(fuse_attr_out)->attr.size == 2, "truncate");
	is_int(call(FUSE_SETATTR, lookup(1, "dev"), &(struct fuse_setattr_in){.valid = FATTR_SIZE}, sizeof s, NULL), 0,
	       "truncating a device changes nothing");
	is_int(call(FUSE_SETATTR, n, &(struct fuse_setattr_in){.valid = FATTR_UID, .uid = 12345}, sizeof s, NULL),
	       EPERM, "files are not given away");

	put(FUSE_RENAME, 1, &r, sizeof r, "f", "dev");
	is_int(get(unique), 0, "a rename replaces");
	is_int(lookup(1, "dev"), n, "and keeps the number");
	put(FUSE_RENAME, 1, &(struct fuse_rename_in){lookup(1, "static")}, sizeof r, "dev", "x");
	is_int(get(unique), EXDEV, "no rename across directories");
	put(FUSE_RENAME2, 1, &(struct fuse_rename2_in){1, 1, 0}, sizeof(struct fuse_rename2_in), "dev", "x");
	is_int(get(unique), EINVAL, "no rename with flags");
	is_int(call(FUSE_RMDIR, 1, NULL, 0, "dev"), ENOTDIR, "rmdir of a file");
	is_int(call(FUSE_UNLINK, 1, NULL, 0, "dev"), 0, "unlink of an open file");
	is_int(call(FUSE_LOOKUP, 1, NULL, 0, "dev"), ENOENT, "its name is gone");
	ok(get(putread(n, fh, 0, 100)) == 0 && memcmp(in + sizeof *oh, "!e", 2) == 0, "it can still be read");
	is_int(release(FUSE_RELEASE, n, fh), 0, "release");
	ok(mem_root->kids != NULL && strncmp(mem_root->kids->name, ".anthill-removed", 16) == 0,
	   "it is there under another name");
	is_int(release(FUSE_RELEASE, n, fh2), 0, "last release");
	ok(mem_root->kids == NULL || strncmp(mem_root->kids->name, ".anthill-removed", 16) != 0, "then it is gone");
	is_int(release(FUSE_RELEASE, n, fh2), EBADF, "a second release");
	end(f);
}

static int walks(void)
{
	return __atomic_load_n(&mem_walks, __ATOMIC_RELAXED);
}

static int stats(void)
{
	return __atomic_load_n(&mem_stats, __ATOMIC_RELAXED);
}

/* remote: messages that a file behind a wire is spared, and none that matters */
static void remote(void)
{
	FuseOpts o = {.uname = "glenda"};
	Fuse *f = begin(&o);
	u64 fh = 0, n, fh2;
	int w, s;

	mem_flags = FidRemote;
	n = create(1, "far", &fh);
	ok(n != 0 && lookup(1, "far") == n, "a remote file");
	putwrite(n, fh, 0, "hello", 0);
	is_int(get(unique), 0, "is written");
	ok(lookup(1, "far") == n && BODY(fuse_entry_out)->attr.size == 5, "a look-up sees the new size");
	ok(BODY(fuse_entry_out)->attr_valid == 0 && BODY(fuse_entry_out)->attr_valid_nsec == 1, "good for a moment");
	s = stats();
	ok(lookup(1, "far") == n && stats() == s + 1, "what has just changed is asked for again");
	mf_find(mem_root, "far")->mtime -= 10;
	release(FUSE_RELEASE, n, openfile(n, O_RDONLY, NULL));
	ok(lookup(1, "far") == n && stats() == s + 2, "until it is seen to be older");
	s = stats();
	ok(lookup(1, "far") == n && BODY(fuse_entry_out)->attr.size == 5, "a second look-up");
	is_int(stats() - s, 0, "needs no Tstat while the version is the same");
	is_int(BODY(fuse_entry_out)->attr_valid_nsec, 0, "but its attributes are not good for a stat");
	w = walks();
	fh2 = openfile(n, O_RDONLY, NULL);
	ok(fh2 != 0 && walks() == w, "an open takes the Fid that is to spare");
	ok(get(putread(n, fh2, 0, 9)) == 0 && memcmp(in + sizeof *oh, "hello", 5) == 0, "it is the file");
	ok(call(FUSE_GETATTR, n, &(struct fuse_getattr_in){0}, 16, NULL) == 0, "who wants attributes");
	s = stats();
	ok(lookup(1, "far") == n && stats() == s + 1, "gets them with the next look-up");
	mf_find(mem_root, "far")->qid.path = 4713;
	ok(lookup(1, "far") != n, "another file by that name is another");
	release(FUSE_RELEASE, n, fh);
	release(FUSE_RELEASE, n, fh2);
	for (int i = 0; i < 200; i++) {
		char name[16];

		snprintf(name, sizeof name, "r%d", i);
		n = create(1, name, &fh);
		release(FUSE_RELEASE, n, fh);
		lookup(1, name);
	}
	fh = openfile(n, O_RDONLY, NULL);
	is_int(release(FUSE_RELEASE, n, fh), 0, "after many files");
	mem_flags = 0;
	end(f);
}

/* entries reads a directory from a cookie on; it returns how many names came and the cookie after the k'th. */
static int entries(u64 node, u64 fh, u64 off, u32 size, int k, u64 *cookie)
{
	struct fuse_read_in r = {.fh = fh, .offset = off, .size = size};
	int n = 0;

	if (call(FUSE_READDIR, node, &r, sizeof r, NULL) != 0)
		return -1;
	for (u32 at = sizeof *oh; at < oh->len; n++) {
		struct fuse_dirent *d = (void *)(in + at);

		if (n == k)
			*cookie = d->off;
		at += (u32)FUSE_DIRENT_SIZE(d);
	}
	return n;
}

static void dirs(void)
{
	FuseOpts o = {.uname = "glenda"};
	Fuse *f = begin(&o);
	struct fuse_mkdir_in m = {.mode = 0755};
	u64 dir, fh, cookie = 0, last = 0;
	int n = 0, got;

	is_int(call(FUSE_MKDIR, 1, &m, sizeof m, "d"), 0, "mkdir");
	dir = BODY(fuse_entry_out)->nodeid;
	for (int i = 0; i < 300; i++) {
		char name[16];

		snprintf(name, sizeof name, "file%d", i);
		mf_new(mf_find(mem_root, "d"), name, 0644, KindFile, 0);
	}
	call(FUSE_OPENDIR, dir, &(struct fuse_open_in){0}, sizeof(struct fuse_open_in), NULL);
	fh = BODY(fuse_open_out)->fh;
	while ((got = entries(dir, fh, last, 4096, -1, NULL)) > 0) {
		n += got;
		entries(dir, fh, last, 4096, got - 1, &last);
	}
	is_int(n, 302, "all entries come, in pieces");
	entries(dir, fh, 0, 1 << 16, 10, &cookie);
	is_int(entries(dir, fh, cookie, 1 << 16, -1, NULL), 291, "a cookie goes on where it was taken");
	is_int(entries(dir, fh, 0, 16, -1, NULL), -1, "room for no entry is an error");
	mf_new(mf_find(mem_root, "d"), "new", 0644, KindFile, 0);
	is_int(entries(dir, fh, 0, 1 << 16, -1, NULL), 303, "a rewind sees what is new");
	is_int(release(FUSE_RELEASEDIR, dir, fh), 0, "releasedir");
	is_int(call(FUSE_UNLINK, 1, NULL, 0, "d"), EISDIR, "unlink of a directory");
	is_int(call(FUSE_RMDIR, 1, NULL, 0, "d"), ENOTEMPTY, "rmdir of a full directory");
	end(f);
}

static void interrupts(void)
{
	FuseOpts o = {.uname = "glenda"};
	Fuse *f = begin(&o);
	u64 n = lookup(1, "pipe"), fh, r[200];
	autobuf Buf b = {0};
	u32 oflags = 0;
	int bad = 0;

	fh = openfile(n, O_RDWR, &oflags);
	ok(oflags & FOPEN_STREAM, "a stream is opened as one");
	for (size_t i = 0; i < nelem(r); i++)
		r[i] = putread(n, fh, 0, 10);
	ok(quiet(50), "%zu reads wait", nelem(r));
	fuse_dump(f, &b);
	ok(strncmp(buf_text(&b), "9 read /pipe ", 13) == 0, "the dump says who waits on what");
	for (size_t i = 1; i < nelem(r); i++) {
		put(FUSE_INTERRUPT, 0, &(struct fuse_interrupt_in){r[i]}, 8, NULL, NULL);
		bad += get(r[i]) != EINTR;
	}
	is_int(bad, 0, "each interrupt ends its own read");
	is_int(call(FUSE_INTERRUPT, 0, &(struct fuse_interrupt_in){12345}, 8, NULL), EAGAIN,
	       "an interrupt of a request not seen is to come again");
	putwrite(n, fh, 0, "data", 0);
	ok(get(unique) == 0 || oh->unique == r[0], "a write");
	while (quiet(100) == false)
		(void)!read(kfd, in, sizeof in);
	r[0] = putread(n, fh, 0, 10);
	r[1] = putread(n, fh, 0, 10);
	ok(quiet(50), "reads wait again");
	end(f); /* with both in flight */
}

static bool busy(Fuse *f)
{
	autobuf Buf b = {0};

	fuse_dump(f, &b);
	return buf_text(&b)[0] != '\0';
}

static void early(void)
{
	FuseOpts o = {.uname = "glenda"};
	Fuse *f = begin(&o);
	u64 n = lookup(1, "clone"), fh = openfile(n, O_RDWR, NULL), w;

	putwrite(n, fh, 0, "ack", 0);
	w = unique;
	ok(get(w) == 0 && BODY(fuse_write_out)->size == 3, "a write is answered before it is done");
	ok(busy(f), "and is not done");
	put(FUSE_INTERRUPT, 0, &(struct fuse_interrupt_in){w}, 8, NULL, NULL);
	is_int(release(FUSE_RELEASE, n, fh), 0, "the file is let go meanwhile");
	ok(quiet(50) && busy(f), "an interrupt that comes late does not end it");
	while (busy(f))
		usleep(1000);
	ok(quiet(50), "it is answered once");
	putwrite(n, fh = openfile(n, O_RDWR, NULL), 0, "ack", 0);
	ok(get(unique) == 0, "another");
	end(f); /* which waits for it */
}

/* hostile: no request crashes the parser, whatever its length says. */
static void hostile(void)
{
	FuseOpts o = {.uname = "glenda"};
	Fuse *f = fuse_new(&srv, "", &o);
	struct fuse_init_in i = {.major = 7, .minor = 40};
	static char m[300];
	struct fuse_in_header *h = (void *)m;

	h->opcode = FUSE_INIT;
	h->len = sizeof *h + sizeof i;
	memcpy(m + sizeof *h, &i, sizeof i);
	fuse_input(f, m, h->len);
	for (u32 op = 0; op < 60; op++)
		for (u32 n = 0; n < sizeof m; n += 3) {
			memset(m, 'x', sizeof m);
			*h = (struct fuse_in_header){.len = n, .opcode = op, .unique = 77, .nodeid = n % 3};
			fuse_input(f, m, n);
		}
	ok(true, "short and unterminated requests");
	fuse_free(f);
	is_int(ref_live("Fid"), 0, "no fid is left");
}

int main(void)
{
	memsrv_begin(&srv);
	names();
	files();
	remote();
	dirs();
	interrupts();
	early();
	hostile();
	memsrv_end();
	return done();
}
