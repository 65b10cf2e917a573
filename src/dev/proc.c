/*
 * #p: processes (proc(3)).  In the directory of a process are Plan 9's files
 * that mean something on Linux; everything else that Linux's procfs has
 * there, and at the top, is a symbolic link into the real procfs, so that
 * Linux programs find what they look for when #p is bound on /proc.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/mtab.h>
#include <os/at.h>
#include <os/clock.h>
#include <os/io.h>
#include <os/procinfo.h>
#include "kernpriv.h"
#include "mobj.h"
#include "procctl.h"
#include "procns.h"

enum { Args, Ctl, Note, Noteid, Notepg, Names, Ppid, Nfiles };

/* what proc(3) has and Linux cannot give: not listed, and refused with its name */
static const char *const none[] = {
	"fpregs", "kregs", "proc", "profile", "regs", "segment", "watchpt", "wait",
};

static const struct {
	const char *name;
	u32 perm;
} files[] = {
	[Args] = { "args", 0444 }, [Ctl] = { "ctl", 0600 }, [Note] = { "note", 0600 }, [Noteid] = { "noteid", 0444 },
	[Notepg] = { "notepg", 0200 }, [Names] = { "ns", 0644 }, [Ppid] = { "ppid", 0444 },
};

typedef struct Pfid {
	u32 pid;     /* 0: the top */
	u64 start;   /* open: when it started, for the number may be another's later */
	int file;    /* -1: the directory */
	char *link;  /* of a symbolic link, the name in procfs */
	char *text;  /* open: what it reads as */
	char **name; /* open directory */
	int n;
} Pfid;

static Kern *kern_of(const Fid *f)
{
	return f->srv->aux;
}

static void names_free(Pfid *p)
{
	for (int i = 0; i < p->n; i++)
		free(p->name[i]);
	free(p->name);
	p->name = NULL;
	p->n = 0;
}

static u64 hash_of(const char *s)
{
	u64 h = 0xCBF29CE484222325u;

	for (; *s != '\0'; s++)
		h = (h ^ (u8)*s) * 0x100000001B3u;
	return h | 1ull << 63;
}

static Qid qid_of(const Pfid *p)
{
	if (p->link != NULL)
		return (Qid){ .path = hash_of(p->link), .type = QTSYMLINK };
	return (Qid){ .path = (u64)p->pid << 8 | (u64)(p->file + 1), .type = p->file < 0 ? QTDIR : 0 };
}

static void settle(Fid *f, const Pfid *p)
{
	f->qid = qid_of(p);
	/* a write of ns or ctl may take long, and Linux lets nobody else write that file meanwhile */
	f->flags = p->file == Names || p->file == Ctl ? FidFresh : p->file >= 0 ? FidStream : 0;
}

static void proc_attach(Req *r)
{
	Pfid *p = mem_new(sizeof *p);

	p->file = -1;
	r->fid->aux = p;
	settle(r->fid, p);
	req_ok(r);
}

static int proc_clone(Req *r, Fid *from, Fid *to)
{
	Pfid *p = mem_new(sizeof *p), *o = from->aux;

	(void)r;
	*p = (Pfid){ .pid = o->pid, .file = o->file, .link = mem_str(o->link) };
	to->aux = p;
	return 0;
}

/* is_there says whether procfs has name, a path in it. */
static bool is_there(const char *name)
{
	Finfo fi;
	int d = proc_dir();

	return d >= 0 && at_stat(d, name, &fi) == 0;
}

static int walk_top(Pfid *p, const char *name)
{
	u64 pid;

	if (*name >= '0' && *name <= '9') {
		if (str_u64(name, 10, INT32_MAX, &pid) < 0 || !is_there(name))
			return errset(Enonexist);
		p->pid = (u32)pid;
		return 0;
	}
	if (!is_there(name))
		return errset(Enonexist);
	p->link = mem_str(name);
	return 0;
}

static int walk_process(Pfid *p, const char *name)
{
	autofree char *path = mem_printf("%u/%s", p->pid, name), *dir = mem_printf("%u", p->pid);

	if (!is_there(dir))
		return errset(Enoproc);
	for (int i = 0; i < Nfiles; i++)
		if (strcmp(files[i].name, name) == 0) {
			p->file = i;
			return 0;
		}
	if (strcmp(name, "text") == 0) {
		p->link = mem_printf("%u/exe", p->pid);
		return 0;
	}
	for (size_t i = 0; i < nelem(none); i++)
		if (strcmp(none[i], name) == 0)
			return werrstr("%s of a process: Linux does not tell: %s", name, errtext(Enotimpl));
	if (!is_there(path))
		return errset(Enonexist);
	p->link = mem_str(path);
	return 0;
}

static int proc_walk1(Req *r, Fid *f, const char *name)
{
	Pfid *p = f->aux;
	int rc = 0;

	(void)r;
	if (strcmp(name, "..") == 0)
		p->pid = 0, p->file = -1;
	else
		rc = p->pid == 0 ? walk_top(p, name) : walk_process(p, name);
	settle(f, p);
	return rc;
}

static const char *owner(Kern *k, u32 pid)
{
	u32 uid = pid != 0 ? proc_uid(pid) : UINT32_MAX;

	return uid != UINT32_MAX ? kern_user(k, uid) : kern_hostowner(k);
}

/* args is the command line, words quoted, without a newline as Plan 9 has it. */
static char *args_text(u32 pid)
{
	size_t n = 0;
	autofree char *s = proc_slurp(pid, "cmdline", &n);
	Buf b = { 0 };

	for (size_t i = 0; s != NULL && i < n; i += strlen(s + i) + 1) {
		if (i > 0)
			buf_ch(&b, ' ');
		str_quote(&b, s + i);
	}
	return s != NULL ? buf_take(&b) : NULL;
}

static char *ns_text(Kern *k, u32 pid)
{
	Mounts *t = mtab_read(pid);
	autofree char *list = t != NULL ? mobj_list(k->mnt) : NULL, *cwd = NULL;
	Buf b = { 0 };

	if (t == NULL)
		return NULL;
	mtab_script(&b, t, list, proc_uid(pid));
	mounts_free(t);
	cwd = proc_link(pid, "cwd");
	if (cwd != NULL) {
		buf_str(&b, "cd ");
		str_quote(&b, cwd);
		buf_ch(&b, '\n');
	}
	return buf_take(&b);
}

static char *text_of(Kern *k, const Pfid *p)
{
	autofree char *s = NULL;

	switch (p->file) {
	case Args:
		return args_text(p->pid);
	case Names:
		return ns_text(k, p->pid);
	case Noteid:
		return mem_printf("%11ld ", proc_pgrp(p->pid, false));
	case Ppid:
		s = proc_field(p->pid, "PPid");
		return s != NULL ? mem_str(s) : NULL;
	}
	return mem_str("");
}

static void add_name(Pfid *p, const char *name)
{
	p->name = mem_grow(p->name, (size_t)p->n + 1, sizeof *p->name);
	p->name[p->n++] = mem_str(name);
}

static void each_name(void *arg, const char *name)
{
	Pfid *p = arg;

	for (int i = 0; p->pid != 0 && i < Nfiles; i++)
		if (strcmp(files[i].name, name) == 0)
			return;
	add_name(p, name);
}

static int list(Pfid *p)
{
	autofree char *dir = p->pid != 0 ? mem_printf("%u", p->pid) : mem_str(".");
	autofd int fd = -1;
	int d = proc_dir();

	names_free(p);
	fd = d >= 0 ? openat(d, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0)
		return errset(Enoproc);
	for (int i = 0; p->pid != 0 && i < Nfiles; i++)
		add_name(p, files[i].name);
	if (p->pid != 0)
		add_name(p, "text");
	return at_list(fd, each_name, p);
}

static int open_file(Req *r, Pfid *p)
{
	Kern *k = kern_of(r->fid);
	int mode = r->i.mode & 3;

	if (p->link != NULL) {
		p->text = mem_printf("%s/%s", proc_where(), p->link);
		return 0;
	}
	p->start = proc_start(p->pid); /* before the owner is looked at: if it is another by then, nothing can be done to it */
	if (kern_may(k, r, owner(k, p->pid), files[p->file].perm, r->i.mode & ~OTRUNC) < 0)
		return -1;
	if (p->file == Note && mode != OWRITE)
		return werrstr("note of a process: only written on Linux, not read: %s", errtext(Enotimpl));
	if (p->file == Names && (mode == OWRITE || mode == ORDWR) && procns_may(k, r, p->pid) < 0)
		return -1;
	p->text = mode == OWRITE ? mem_str("") : text_of(k, p);
	return p->text != NULL ? 0 : -1;
}

static void open_(Req *r)
{
	Pfid *p = r->fid->aux;

	if (p->link == NULL && p->file < 0)
		req_ok(r);
	else if (open_file(r, p) < 0)
		req_fail(r);
	else {
		r->fid->flags = 0;
		req_ok(r);
	}
}

static void describe(Kern *k, Dir *d, const Pfid *p, const char *name)
{
	*d = (Dir){
		.qid = qid_of(p),
		.mode = p->link != NULL ? DMSYMLINK | 0777 : p->file < 0 ? DMDIR | 0555 : files[p->file].perm,
		.atime = (u32)clock_wall(),
		.mtime = (u32)clock_wall(),
		.name = name,
		.uid = owner(k, p->pid),
		.muid = "",
	};
	d->gid = d->uid;
}

/* gen walks a copy of the directory to each name, so that a listing says what a walk would find. */
static int gen(Req *r, int i, Dir *d)
{
	Pfid *dir = r->fid->aux, p = { .pid = dir->pid, .file = -1 };
	const char *name;

	if (i >= dir->n)
		return -1;
	name = dir->name[i];
	if ((dir->pid == 0 ? walk_top(&p, name) : walk_process(&p, name)) < 0)
		p.link = mem_str(name); /* gone since */
	describe(kern_of(r->fid), d, &p, name);
	free(p.link);
	return 0;
}

static void proc_read(Req *r)
{
	Pfid *p = r->fid->aux;

	if (p->text != NULL)
		req_readstr(r, p->text);
	else if (r->i.offset == 0 && list(p) < 0)
		req_fail(r);
	else
		req_readdir(r, gen);
}

static void proc_write(Req *r)
{
	Pfid *p = r->fid->aux;
	autofree char *s = NULL;
	int rc = -1;

	if (p->file == Names) {
		procns_write(kern_of(r->fid), r, p->pid, p->start);
		return;
	}
	if (p->file == Ctl) {
		procctl_write(r, p->pid, p->start);
		return;
	}
	s = req_text(r);
	if (s != NULL && (p->file == Note || p->file == Notepg))
		rc = procctl_note(kern_of(r->fid), r, p->pid, p->start, p->file == Notepg, s);
	else if (s != NULL)
		errset(Enowrite);
	r->o.count = r->i.count;
	if (rc < 0)
		req_fail(r);
	else
		req_ok(r);
}

static void proc_cancel(Req *r)
{
	Pfid *p = r->fid->aux;

	if (p->file == Names)
		procns_cancel(r);
	else
		procctl_cancel(r);
}

static void proc_stat(Req *r)
{
	Pfid *p = r->fid->aux;
	autofree char *name = p->pid != 0 && p->file < 0 ? mem_printf("%u", p->pid) : NULL;

	describe(kern_of(r->fid), &r->d, p,
	         p->link != NULL ? path_base(p->link) : p->file >= 0 ? files[p->file].name : name != NULL ? name : "/");
	req_ok(r);
}

static void proc_clunk(Fid *f)
{
	Pfid *p = f->aux;

	names_free(p);
	free(p->link);
	free(p->text);
	free(p);
}

static const SrvOps proc_ops = {
	.attach = proc_attach,
	.walk1 = proc_walk1,
	.clone = proc_clone,
	.open = open_,
	.read = proc_read,
	.write = proc_write,
	.stat = proc_stat,
	.cancel = proc_cancel,
	.clunk = proc_clunk,
};

static Srv *proc_new(Kern *k, const char *spec)
{
	Srv *s;

	if (*spec != '\0')
		return errnull(Enodev);
	s = mem_new(sizeof *s);
	srv_init(s, "#p", &proc_ops, k);
	s->parallel = true; /* all it has is in its fids */
	return s;
}

const Dev dev_proc = { 'p', "proc", proc_new };
