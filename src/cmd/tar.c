/*
 * tar(1): ustar archives, with GNU's and pax's long names when reading.
 * An archive is foreign: names are taken apart, .. and links that lead out
 * are refused, and nothing is written through a link that the archive made.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/buf.h>
#include <base/inflate.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/file.h>
#include <os/spawn.h>
#include "cmds.h"
#include "tool.h"

enum { BLOCK = 512, NAME = 100, PREFIX = 155, MAXLONG = 65536 };

typedef struct Header {
	char name[NAME], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[NAME];
	char magic[8], uname[32], gname[32], major[8], minor[8], prefix[PREFIX], pad[12];
} Header;

static struct {
	char verb; /* c t x */
	bool verbose, packed, keep, settime;
	const char *archive;
	int fd;
	char **want;
	int nwant, bad;
	pid_t child;
} t = { .settime = true };

/* Reading. */

static bool block(void *p)
{
	ssize_t n = io_readn(t.fd, p, BLOCK);

	if (n < 0)
		tool_die("%s", rerrstr());
	if (n > 0 && n < BLOCK)
		tool_die("the archive ends too early");
	return n == BLOCK;
}

/* number reads an octal field, or GNU's binary form. */
static u64 number(const char *s, size_t n)
{
	u64 v = 0;

	if (s[0] & 0x80) {
		for (size_t i = 1; i < n; i++) {
			if (v >> 55)
				tool_die("a number in the archive is too large");
			v = v << 8 | (u8)s[i];
		}
		return v;
	}
	for (size_t i = 0; i < n; i++)
		if (s[i] >= '0' && s[i] <= '7')
			v = v << 3 | (u64)(s[i] - '0');
		else if (s[i] != ' ' || v != 0)
			break;
	return v;
}

static u32 checksum(const Header *h)
{
	const u8 *p = (const u8 *)h;
	u32 sum = 0;

	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= offsetof(Header, sum) && i < offsetof(Header, sum) + 8 ? ' ' : p[i];
	return sum;
}

static u64 blocks(u64 size) { return (size + BLOCK - 1) / BLOCK; }

static void skip(u64 size)
{
	char buf[BLOCK];

	for (u64 n = blocks(size); n > 0; n--)
		if (!block(buf))
			tool_die("the archive ends too early");
}

/* text reads an entry's contents as a string. */
static char *text(u64 size)
{
	char *s;

	if (size > MAXLONG)
		tool_die("a long name in the archive is too long");
	s = mem_new(blocks(size) * BLOCK + 1);
	for (u64 i = 0; i < blocks(size); i++)
		if (!block(s + i * BLOCK))
			tool_die("the archive ends too early");
	s[size] = '\0';
	return s;
}

/* pax finds a keyword's value in "len key=value\n" records; the caller frees it. */
static char *pax(const char *s, const char *key)
{
	size_t klen = strlen(key);

	while (*s != '\0') {
		char *end;
		u64 len = strtoull(s, &end, 10);

		if (*end != ' ' || len < (u64)(end - s) + 3 || len > strlen(s))
			break;
		if (strncmp(end + 1, key, klen) == 0 && end[1 + klen] == '=')
			return mem_strn(end + 2 + klen, (size_t)(s + len - 1 - (end + 2 + klen)));
		s += len;
	}
	return NULL;
}

static void replace(char **old, char *s)
{
	if (s == NULL)
		return;
	free(*old);
	*old = s;
}

typedef struct Member {
	char *name, *link;
	u32 mode;
	u64 size;
	i64 mtime;
	char type;
} Member;

static void from_header(const Header *h, Member *m)
{
	if (m->name == NULL && h->prefix[0] != '\0' && memcmp(h->magic, "ustar\0", 6) == 0)
		m->name = mem_printf("%.*s/%.*s", PREFIX, h->prefix, NAME, h->name);
	if (m->name == NULL)
		m->name = mem_strn(h->name, strnlen(h->name, NAME));
	if (m->link == NULL)
		m->link = mem_strn(h->link, strnlen(h->link, NAME));
	m->mode = (u32)number(h->mode, sizeof h->mode) & 0777;
	m->size = number(h->size, sizeof h->size);
	m->mtime = (i64)number(h->mtime, sizeof h->mtime);
	m->type = h->type;
	if (m->size > INT64_MAX)
		tool_die("a size in the archive is too large");
	if ((m->type == '0' || m->type == '\0') && str_suffix(m->name, "/"))
		m->type = '5';
	if (m->type != '0' && m->type != '\0' && m->type != '7')
		m->size = m->type >= '1' && m->type <= '6' ? 0 : m->size;
}

/* member reads the next header with what stands before it for it; false at the end. */
static bool member(Member *m)
{
	Header h;

	memset(m, 0, sizeof *m);
	while (block(&h)) {
		if (h.name[0] == '\0' && checksum(&h) == 8 * ' ')
			break;
		if (number(h.sum, sizeof h.sum) != checksum(&h))
			tool_die("the archive is damaged: a header's checksum is wrong");
		if (h.type == 'L') {
			replace(&m->name, text(number(h.size, sizeof h.size)));
		} else if (h.type == 'K') {
			replace(&m->link, text(number(h.size, sizeof h.size)));
		} else if (h.type == 'x') {
			autofree char *s = text(number(h.size, sizeof h.size));

			replace(&m->name, pax(s, "path"));
			replace(&m->link, pax(s, "linkpath"));
		} else if (h.type == 'g') {
			skip(number(h.size, sizeof h.size));
		} else {
			from_header(&h, m);
			return true;
		}
	}
	free(m->name);
	free(m->link);
	return false;
}

static bool wanted(const char *name)
{
	for (int i = 0; i < t.nwant; i++) {
		size_t n = strlen(t.want[i]);

		if (strncmp(name, t.want[i], n) == 0 && (name[n] == '\0' || name[n] == '/' || (n > 0 && name[n - 1] == '/')))
			return true;
	}
	return t.nwant == 0;
}

static void list(const Member *m)
{
	static const char *const bits[] = { "---", "--x", "-w-", "-wx", "r--", "r-x", "rw-", "rwx" };

	if (!t.verbose) {
		puts(m->name);
		return;
	}
	printf("%c-%s%s%s %8llu %lld %s%s%s\n", m->type == '5' ? 'd' : m->type == '2' ? 'l' : '-', bits[m->mode >> 6 & 7],
	       bits[m->mode >> 3 & 7], bits[m->mode & 7], (unsigned long long)m->size, (long long)m->mtime, m->name,
	       m->type == '1' || m->type == '2' ? " -> " : "", m->type == '1' || m->type == '2' ? m->link : "");
}

/* parent opens the directory of path below the current one, making what is missing; no link is followed.  It cuts path. */
static int parent(char *path, const char **last)
{
	int dir = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (char *slash; dir >= 0 && (slash = strchr(path, '/')) != NULL; path = slash + 1) {
		int next;

		*slash = '\0';
		next = openat(dir, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0 && file_mkdirat(dir, path, 0777) == 0)
			next = openat(dir, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			os_werr("%s", path);
		close(dir);
		dir = next;
	}
	*last = path;
	return dir;
}

/* inside says whether name stays below where it starts; clean must be path_clean'ed. */
static bool inside(const char *clean) { return *clean != '/' && strcmp(clean, "..") != 0 && !str_prefix(clean, "../"); }

static int contents(int dir, const char *name, const Member *m)
{
	autofd int fd = -1;
	char buf[BLOCK];
	u64 left = m->size;

	if (!t.keep)
		unlinkat(dir, name, 0);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, m->mode);
	if (fd < 0) {
		os_werr("%s", m->name);
		skip(m->size);
		return -1;
	}
	for (; left > 0; left -= left < BLOCK ? left : BLOCK) {
		if (!block(buf))
			tool_die("the archive ends too early");
		if (io_writen(fd, buf, left < BLOCK ? (size_t)left : BLOCK) < 0)
			tool_die("%s: %s", m->name, rerrstr());
	}
	return t.settime ? file_ftimes(fd, m->mtime * 1000000000) : 0;
}

/* link_target checks where a link leads: a symbolic one from its own directory. */
static int link_target(const Member *m)
{
	autofree char *dir = mem_strn(m->name, (size_t)(path_base(m->name) - m->name));
	autofree char *to = m->type == '2' ? path_join(dir[0] != '\0' ? dir : ".", m->link) : path_clean(mem_printf("%s/", m->link));

	return inside(to) && m->link[0] != '/' ? 0 : werrstr("%s: a link to %s, outside, is refused", m->name, m->link);
}

static int make_link(int dir, const char *name, const Member *m)
{
	autofree char *to = path_clean(mem_printf("%s/", m->link));
	const char *last;
	int from, r;

	if (link_target(m) < 0)
		return -1;
	if (!t.keep)
		unlinkat(dir, name, 0);
	if (m->type == '2')
		return symlinkat(m->link, dir, name) < 0 ? os_werr("%s", m->name) : 0;
	from = parent(to, &last);
	r = from < 0 || linkat(from, last, dir, name, 0) < 0 ? os_werr("%s", m->name) : 0;
	close(from);
	return r;
}

static int extract(const Member *m)
{
	autofree char *path = path_clean(mem_printf("%s/", m->name + strspn(m->name, "/")));
	autofd int dir = -1;
	const char *name;

	if (!inside(path)) {
		skip(m->size);
		return werrstr("%s: a name outside is refused", m->name);
	}
	if (strcmp(path, ".") == 0) {
		skip(m->size);
		return 0;
	}
	dir = parent(path, &name);
	if (dir < 0) {
		skip(m->size);
		return -1;
	}
	switch (m->type) {
	case '0': case '\0': case '7':
		return contents(dir, name, m);
	case '1': case '2':
		return make_link(dir, name, m);
	case '5':
		if (file_mkdirat(dir, name, m->mode | 0700) == 0 || strstr(rerrstr(), errtext(Eexist)) != NULL)
			return 0;
		return -1;
	}
	skip(m->size);
	return werrstr("%s: a file of type %c is not implemented", m->name, m->type);
}

static void read_archive(void)
{
	Member m;

	while (member(&m)) {
		if (!wanted(m.name)) {
			skip(m.size);
		} else if (t.verb == 't') {
			list(&m);
			skip(m.size);
		} else {
			if (t.verbose)
				fprintf(stderr, "%s\n", m.name);
			if (extract(&m) < 0) {
				tool_warn("%s", rerrstr());
				t.bad = 1;
			}
		}
		free(m.name);
		free(m.link);
	}
}

/* Writing. */

static void put(const void *p)
{
	if (io_writen(t.fd, p, BLOCK) < 0)
		tool_die("%s", rerrstr());
}

/* octal fills a field with digits and a NUL. */
static void octal(char *s, size_t n, u64 v)
{
	s[--n] = '\0';
	while (n > 0) {
		s[--n] = (char)('0' + (v & 7));
		v >>= 3;
	}
}

static void put_header(const char *name, const char *link, const FileInfo *f, char type, u64 size)
{
	union {
		Header h;
		char room[BLOCK];
	} u = { .room = { 0 } };
	Header *h = &u.h;
	size_t n = strlen(name);

	memcpy(h->name, name, n < NAME ? n : NAME);
	octal(h->mode, sizeof h->mode, f->mode & 07777);
	octal(h->uid, sizeof h->uid, f->uid & 07777777);
	octal(h->gid, sizeof h->gid, f->gid & 07777777);
	octal(h->size, sizeof h->size, size);
	octal(h->mtime, sizeof h->mtime, f->mtime > 0 ? (u64)f->mtime / 1000000000 : 0);
	h->type = type;
	memcpy(h->link, link, strnlen(link, NAME));
	memcpy(h->magic, "ustar\0" "00", 8);
	strncpy(h->uname, tool_user(f->uid), sizeof h->uname - 1);
	strncpy(h->gname, tool_group(f->gid), sizeof h->gname - 1);
	octal(h->sum, 7, checksum(h));
	put(u.room);
}

/* long_name writes a name that a header cannot hold as GNU's tar does: the contents of an entry before it. */
static void long_name(const char *name, char type)
{
	size_t n = strlen(name) + 1;
	char buf[BLOCK];
	FileInfo f = { 0 };

	if (n <= NAME)
		return;
	put_header("././@LongLink", "", &f, type, n);
	for (size_t at = 0; at < n; at += BLOCK) {
		memset(buf, 0, sizeof buf);
		memcpy(buf, name + at, n - at < BLOCK ? n - at : BLOCK);
		put(buf);
	}
}

static void put_contents(int fd, const char *name, u64 size)
{
	char buf[BLOCK];

	for (u64 left = size; left > 0;) {
		size_t want = left < BLOCK ? (size_t)left : BLOCK;
		ssize_t n;

		memset(buf, 0, sizeof buf);
		n = io_readn(fd, buf, want);
		if (n < 0 || (size_t)n < want) {
			if (t.bad == 0 || n < 0)
				tool_warn("%s: %s", name, n < 0 ? rerrstr() : "the file shrank; zeros are written for the rest");
			t.bad = 1;
		}
		put(buf);
		left -= want;
	}
}

static void add(const char *name);

static void add_dir(const char *name, const FileInfo *f)
{
	autofree char *slashed = mem_printf("%s/", name);
	DIR *d = opendir(name);
	struct dirent *e;

	if (d == NULL) {
		tool_oops("%s", name);
		t.bad = 1;
		return;
	}
	long_name(slashed + strspn(slashed, "/"), 'L');
	put_header(slashed + strspn(slashed, "/"), "", f, '5', 0);
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			autofree char *path = mem_printf("%s/%s", name, e->d_name);

			add(path);
		}
	closedir(d);
}

static void add_link(const char *name, const FileInfo *f)
{
	char to[4096];
	ssize_t n = readlink(name, to, sizeof to - 1);

	if (n < 0) {
		tool_oops("%s", name);
		t.bad = 1;
		return;
	}
	to[n] = '\0';
	long_name(to, 'K');
	long_name(name + strspn(name, "/"), 'L');
	put_header(name + strspn(name, "/"), to, f, '2', 0);
}

static void add_file(const char *name)
{
	autofd int fd = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	FileInfo f;

	if (fd < 0 || file_fstat(fd, &f) < 0) {
		tool_oops("%s", name);
		t.bad = 1;
		return;
	}
	if (f.size > 077777777777) {
		tool_warn("%s: files of more than 8 GB are not implemented", name);
		t.bad = 1;
		return;
	}
	long_name(name + strspn(name, "/"), 'L');
	put_header(name + strspn(name, "/"), "", &f, '0', f.size);
	put_contents(fd, name, f.size);
}

static void add(const char *name)
{
	FileInfo f;

	if (file_lstat(name, &f) < 0) {
		tool_warn("%s", rerrstr());
		t.bad = 1;
		return;
	}
	if (t.verbose)
		fprintf(stderr, "%s\n", name);
	if (f.type == 'd')
		add_dir(name, &f);
	else if (f.type == 'l')
		add_link(name, &f);
	else if (f.type == '-')
		add_file(name);
	else
		tool_warn("%s: a file of type %c is left out", name, f.type);
}

static void write_archive(void)
{
	static const char zero[BLOCK];

	for (int i = 0; i < t.nwant; i++) {
		autofree char *name = path_clean(mem_printf("%s/", t.want[i]));

		add(name);
	}
	put(zero);
	put(zero);
}

/* Archives that are packed come through a gunzip of our own, those to be packed go through the host's gzip. */

static long from_fd(void *arg, u8 *p, size_t n)
{
	ssize_t k = read(*(int *)arg, p, n);

	return k < 0 ? os_werr("%s", t.archive != NULL ? t.archive : "standard input") : k;
}

static int to_pipe(void *arg, const u8 *p, size_t n) { return io_writen(((int *)arg)[1], p, n); }

static void through_gunzip(void)
{
	int p[2], fds[2] = { t.fd, -1 };

	if (pipe(p) < 0)
		tool_oopsdie("pipe");
	fds[1] = p[1];
	t.child = fork();
	if (t.child < 0)
		tool_oopsdie("fork");
	if (t.child == 0) {
		close(p[0]);
		signal(SIGPIPE, SIG_DFL);
		if (inflate_gzip(&(InflateIo){ from_fd, to_pipe, fds }) < 0)
			tool_die("%s", rerrstr());
		_exit(0);
	}
	close(p[1]);
	t.fd = p[0];
}

static void open_archive(void)
{
	if (t.archive == NULL || strcmp(t.archive, "-") == 0)
		t.fd = t.verb == 'c' ? 1 : 0;
	else
		t.fd = t.verb == 'c' ? open(t.archive, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) :
				       open(t.archive, O_RDONLY | O_CLOEXEC);
	if (t.fd < 0)
		tool_oopsdie("%s", t.archive);
	if (t.packed && t.verb == 'c')
		tool_die("packing (cz) is not implemented: tar c ... | gzip");
	if (t.packed)
		through_gunzip();
}

static void verb(const Args *a, char c)
{
	if (t.verb != 0)
		args_usage(a);
	t.verb = c;
}

int cmd_tar(int argc, char **argv)
{
	Args a;

	args_init(&a, argc, argv, "tar {ctx}[fkmpTvz] [archive] [file ...]");
	if (a.argc == 0)
		args_usage(&a);
	t.want = a.argv + 1;
	t.nwant = a.argc - 1;
	for (const char *s = a.argv[0] + (a.argv[0][0] == '-'); *s != '\0'; s++)
		switch (*s) {
		case 'c': case 't': case 'x': verb(&a, *s); break;
		case 'f':
			if (t.nwant == 0)
				args_usage(&a);
			t.archive = *t.want++;
			t.nwant--;
			break;
		case 'k': t.keep = true; break;
		case 'm': t.settime = false; break;
		case 'p': case 'T': break; /* ustar, and times set: both as it is */
		case 'v': t.verbose = true; break;
		case 'z': t.packed = true; break;
		case 'r': case 'R': case 'i': case 'g': case 'u': case 'P': case 's':
			tool_die("key %c is not implemented", *s);
		default: args_usage(&a);
		}
	if (t.verb == 0)
		args_usage(&a);
	for (int i = 0; i < t.nwant && t.verb != 'c'; i++)
		t.want[i] += strspn(t.want[i], "/");
	open_archive();
	if (t.verb == 'c')
		write_archive();
	else
		read_archive();
	if (t.child > 0) {
		char buf[BLOCK];
		int status;

		while (read(t.fd, buf, sizeof buf) > 0) /* padding after the end */
			;
		if (proc_waitfor(t.child, &status) < 0 || status != 0)
			t.bad = 1;
	}
	return tool_end(t.bad);
}
