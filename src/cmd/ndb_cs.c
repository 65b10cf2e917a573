/*
 * The connection server: a file cs that translates what is written to it
 * and gives the answers a line a read, from the beginning after each write.
 *
 * The database's files may be below the directory that cs is mounted on, so
 * a look at them can come back here as a walk: translations run between
 * req_block and req_unblock, without the server's lock, under one of their own.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/clock.h>
#include "cmds.h"
#include "csdb.h"
#include "serve.h"
#include "tool.h"

enum { Qroot, Qcs, MAXQUERY = 1024 };

static struct {
	Srv srv;
	Lock lk;
	Csdb *db; /* protected by lk */
	const char *mtpt;
	u32 made;
	int only;     /* 4 or 6: answers of that version only; 0: both */
} cs;

static Qid qid(int path) { return (Qid){ .path = (u64)path, .type = path == Qroot ? QTDIR : QTFILE }; }

static void attach(Req *r)
{
	r->fid->qid = qid(Qroot);
	req_ok(r);
}

static int walk1(Req *r, Fid *f, const char *name)
{
	(void)r;
	if (strcmp(name, "..") == 0) {
		f->qid = qid(Qroot);
		return 0;
	}
	if (f->qid.path != Qroot || strcmp(name, "cs") != 0)
		return errset(Enonexist);
	f->qid = qid(Qcs);
	return 0;
}

static int clone_fid(Req *r, Fid *from, Fid *to)
{
	(void)r;
	(void)from;
	to->aux = NULL; /* answers belong to the open file */
	return 0;
}

static void describe(u64 path, Dir *d)
{
	*d = (Dir){ .qid = qid((int)path), .atime = cs.made, .mtime = cs.made };
	d->name = path == Qroot ? "/" : "cs";
	d->mode = path == Qroot ? DMDIR | 0555 : 0666;
	d->uid = d->gid = d->muid = "network";
}

static int gen(Req *r, int i, Dir *d)
{
	(void)r;
	if (i > 0)
		return -1;
	describe(Qcs, d);
	return 0;
}

static void stat(Req *r)
{
	describe(r->fid->qid.path, &r->d);
	req_ok(r);
}

/* read gives one answer: the rest of the line that the offset is in, without its newline, which no offset counts. */
static void read_answer(Req *r)
{
	const char *p = r->fid->aux != NULL ? r->fid->aux : "";
	u64 off = r->i.offset;

	for (; *p != '\0'; p += *p == '\n') {
		size_t n = strcspn(p, "\n");

		if (off < n) {
			r->o.count = (u32)(n - off) < r->i.count ? (u32)(n - off) : r->i.count;
			memcpy(r->buf, p + off, r->o.count);
			break;
		}
		off -= n;
		p += n;
	}
	req_ok(r);
}

static void read_file(Req *r)
{
	if (r->fid->qid.path == Qroot)
		req_readdir(r, gen);
	else
		read_answer(r);
}

/* wanted drops the answers of the other IP version. */
static void wanted(Buf *b)
{
	Buf out = { 0 };

	for (char *p = b->p; p != NULL && *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n') {
		int n = (int)strcspn(p, "\n");
		bool six = memchr(p, ':', (size_t)n) != NULL;

		if (cs.only == 0 || six == (cs.only == 6))
			buf_printf(&out, "%.*s\n", n, p);
	}
	buf_free(b);
	*b = out;
}

/* general is !attr: this system's value of each attribute named. */
static int general(char *q, Buf *b)
{
	char *f[32];
	int n = str_tokens(q, f, nelem(f));

	for (int i = 0; i < n; i++) {
		const char *val = csdb_attr(cs.db, f[i]);

		if (val != NULL)
			buf_printf(b, "%s%s=%s", b->n > 0 ? " " : "", f[i], val);
	}
	return b->n > 0 ? 0 : werrstr("cs: no match");
}

/* ask answers a query into b; may block. */
static int ask(char *q, Buf *b)
{
	int r;

	lock(&cs.lk);
	csdb_fresh(cs.db, strcmp(q, "refresh") == 0);
	if (strcmp(q, "refresh") == 0)
		r = 0;
	else if (*q == '!')
		r = general(q + 1, b);
	else if (str_prefix(q, "add ") || strcmp(q, "ipv6") == 0 || strcmp(q, "debug") == 0)
		r = werrstr("cs: '%.20s' is not implemented", q);
	else
		r = csdb_translate(cs.db, cs.mtpt, q, b);
	unlock(&cs.lk);
	if (r == 0 && *q != '!')
		wanted(b);
	return r;
}

static void write_file(Req *r)
{
	autofree char *q = r->i.count <= MAXQUERY ? req_text(r) : errnull(Etoobig);
	autobuf Buf b = { 0 };
	int k;

	if (q == NULL || req_block(r) < 0) {
		req_fail(r);
		return;
	}
	k = ask(q, &b);
	req_unblock(r);
	free(r->fid->aux);
	r->fid->aux = buf_take(&b);
	r->o.count = r->i.count;
	if (k < 0)
		req_fail(r);
	else
		req_ok(r);
}

static void clunk(Fid *f)
{
	free(f->aux);
	f->aux = NULL;
}

static const SrvOps ops = { .attach = attach, .walk1 = walk1, .clone = clone_fid, .read = read_file, .write = write_file,
			    .stat = stat, .clunk = clunk };

int cmd_ndb_cs(int argc, char **argv)
{
	const char *file = "/lib/ndb/local";
	Serve o = { .flags = "-a" };
	autofree char *post = NULL;
	Args a;
	int k;

	cs.mtpt = "/net";
	args_init(&a, argc, argv, "ndb/cs [-46n] [-f ndbfile] [-x mtpt] [-a addr]");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case '4': cs.only = 4; break;
		case '6': cs.only = 6; break;
		case 'n': break; /* do not announce to dns; this one never does */
		case 'f': file = args_value(&a); break;
		case 'x': cs.mtpt = args_value(&a); break;
		case 'a': o.addr = args_value(&a); break;
		default: args_usage(&a);
		}
	if (a.argc > 0)
		args_usage(&a);
	post = str_prefix(cs.mtpt, "/net") && cs.mtpt[4] != '\0' ? mem_printf("cs_%s", cs.mtpt + 1) : mem_str("cs");
	for (char *s = post; *s != '\0'; s++)
		if (*s == '/')
			*s = '_';
	if (o.addr == NULL) {
		o.post = post;
		o.mount = cs.mtpt;
	}
	cs.db = csdb_open(file, cs.mtpt);
	cs.made = (u32)clock_wall();
	lock_init(&cs.lk, RankDev);
	srv_init(&cs.srv, "cs", &ops, NULL);
	return serve_run(&cs.srv, &o);
}
