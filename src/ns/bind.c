/*
 * bind, mount and unmount in the calling process.
 *
 * A Place is a name as Linux finds it now: a descriptor of it, the mount it
 * is in, and its path inside /# if that mount is one of ours.
 *
 * 1. A plain bind is Linux's: a copy of new's mount, with what is mounted
 *    below it, is put at old.
 * 2. A union (or a 9P tree) is an object that the kernel process makes from
 *    a description; a mount of /#/M/N is put at old.
 * 3. What was at old by an earlier bind is replaced: the new mount goes
 *    beneath it and it is taken off.  Linux before 6.5 can only do that where
 *    the earlier one is alone (tuck.h); else it stays underneath, and unmount
 *    takes off all of them.
 *    What was there from the start stays underneath always.
 * 4. Mounts below the directories of a union are copied onto it where the
 *    union shows the directory they are on, before it is put in place, so
 *    that nobody sees it without them.
 * 5. A union on / cannot be put on top of / (look-ups start below it): it
 *    becomes the new root, the mounts are moved onto it, and the old root,
 *    now one of its members, is left.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <client/dial.h>
#include <ns/mtab.h>
#include <ns/ns.h>
#include <os/at.h>
#include <os/io.h>
#include <os/procinfo.h>
#include "tuck.h"

#define OBJECTS MTAB_DEVS "/M/"

enum { ANSWERMAX = 512, LISTMAX = 16 << 20, MAXCARRY = 4096 };

typedef struct Place {
	char *typed, *path;
	int fd;
	Finfo fi;
	const Mount *m; /* in the Ns's table */
	char *inside;   /* path inside /#, NULL if it is not ours */
	bool root;      /* it is where m is mounted */
} Place;

/* the name space as it is */
typedef struct Ns {
	Mounts *t;
	char *list;
} Ns;

/* mounts to be carried onto a new union */
typedef struct Carry {
	int fd;
	char *rel;
} Carry;

typedef struct Carries {
	Carry *c;
	int n;
} Carries;

bool ns_isnode(void)
{
	return access(OBJECTS "clone", F_OK) == 0;
}

char *ns_path(const char *name)
{
	if (*name != '#')
		return mem_str(name);
	if (name[1] == '\0')
		return errnull(Enodev);
	if (name[1] == '/')
		return mem_printf(MTAB_DEVS "/root%s", name[2] != '\0' ? name + 1 : "");
	return mem_printf(MTAB_DEVS "/%s", name + 1);
}

static void ns_close(Ns *ns)
{
	mounts_free(ns->t);
	free(ns->list);
}

static int ns_open(Ns *ns)
{
	ns->list = io_slurp(AT_FDCWD, OBJECTS "list", LISTMAX, NULL);
	if (ns->list == NULL)
		ns->list = mem_str(""); /* not in a node: plain binds still work */
	ns->t = mtab_read(0);
	return ns->t != NULL ? 0 : -1;
}

static void place_close(Place *p)
{
	if (p->fd >= 0)
		close(p->fd);
	free(p->typed);
	free(p->path);
	free(p->inside);
}

/* is_addr says whether name is a network address, net!host!service, and no file. */
static bool is_addr(const char *name)
{
	return strchr(name, '!') != NULL && access(name, F_OK) < 0;
}

/* typed_name is name as ns is to show it: a path from the root, or a # name. */
static char *typed_name(const char *name)
{
	autofree char *cwd = NULL;

	if (*name == '#' || *name == '/' || is_addr(name))
		return mem_str(name);
	cwd = getcwd(NULL, 0);
	return path_join(cwd != NULL ? cwd : "/", name);
}

static int place_open(Place *p, const char *name)
{
	autofree char *path = ns_path(name);
	char link[32];

	*p = (Place){ .fd = -1, .typed = typed_name(name) };
	if (path == NULL)
		return -1;
	p->fd = at_place(path);
	if (p->fd < 0) {
		bool dev = *name == '#' && errcode(rerrstr()) == Enonexist && strchr(path + 3, '/') == NULL;

		return werrstr("'%s' %s", name, dev ? errtext(Enodev) : rerrstr());
	}
	snprintf(link, sizeof link, "fd/%d", p->fd);
	p->path = proc_link(0, link);
	return p->path == NULL || at_stat(p->fd, "", &p->fi) < 0 ? -1 : 0;
}

/* place_find finds p's mount; the table was read after p was opened. */
static int place_find(Place *p, const Ns *ns)
{
	p->m = mtab_byid(ns->t, (int)p->fi.mount);
	if (p->m == NULL)
		return werrstr("%s: its mount is not in the mount table", p->typed);
	p->root = strcmp(p->m->point, p->path) == 0;
	if (mtab_ours(ns->t, p->m)) {
		autofree char *in = mtab_inside(p->m, p->path);

		p->inside = mem_str(in + 1);
		if (str_prefix(p->inside, "z/")) /* #z has the posts of #s */
			*p->inside = 's';
	}
	return 0;
}

/* object returns the number of the object whose root p is, as text inside p, NULL if it is none. */
static const char *object(const Place *p)
{
	if (p->inside == NULL || !str_prefix(p->inside, "M/") || p->inside[2] < '0' || p->inside[2] > '9')
		return NULL;
	return strchr(p->inside + 2, '/') == NULL ? p->inside + 2 : NULL;
}

/* bound says whether what is mounted at p was put there by bind or mount; flags as given then, owned by the caller. */
static bool bound(const Ns *ns, const Place *p, char **flags, char **name)
{
	*flags = *name = NULL;
	if (!p->root)
		return false;
	if (mtab_typed(ns->t, p->m, ns->list, geteuid(), flags, name))
		return true;
	return p->inside != NULL && strcmp(p->path, MTAB_DEVS) != 0;
}

static bool is_bound(const Ns *ns, const Place *p)
{
	char *flags, *name;
	bool yes = bound(ns, p, &flags, &name);

	free(flags);
	free(name);
	return yes;
}

/* ask sends one command to the kernel process and returns the answer, owned by the caller, or NULL with its reason.  The
 * object lives at least until the caller closes *hold. */
static char *ask(const char *command, int *hold)
{
	int fd = *hold = open(OBJECTS "clone", O_RDWR | O_CLOEXEC);
	autofree char *answer = mem_new(ANSWERMAX + 1);
	ssize_t n;

	if (fd < 0) {
		werrstr("no kernel process at " MTAB_DEVS ": this is not a node's name space");
		return NULL;
	}
	if (io_writen(fd, command, strlen(command)) < 0)
		return NULL;
	n = io_readn(fd, answer, ANSWERMAX);
	if (n < 0)
		return NULL;
	if (n == 0 || *answer == '!') {
		werrstr("%s", n > 0 ? answer + 1 : errtext(Eio));
		return NULL;
	}
	return mem_str(answer);
}

/* journal tells the kernel process of a plain bind; without one ns shows the bind under a name it finds itself. */
static void journal(const char *point, int flags, const char *name)
{
	Ns ns = { 0 };
	const Mount *m;
	autobuf Buf b = { 0 };
	autofd int fd = open(OBJECTS "journal", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || ns_open(&ns) < 0) {
		ns_close(&ns);
		return;
	}
	m = mtab_at(ns.t, point);
	if (m != NULL && strcmp(m->point, point) == 0) {
		buf_str(&b, "bind ");
		if (mtab_ours(ns.t, m))
			buf_str(&b, "'#'");
		else
			buf_printf(&b, "%u:%u", m->major, m->minor);
		buf_ch(&b, ' ');
		str_quote(&b, m->root);
		buf_ch(&b, ' ');
		str_quote(&b, m->point);
		buf_str(&b, flags & MCREATE ? " c " : " - ");
		str_quote(&b, name);
		if (io_writen(fd, b.p, b.n) < 0)
			errset(Enone);
	}
	ns_close(&ns);
}

/* attach puts mount fd at place o, in place of what an earlier bind had put there. */
static int attach(const Ns *ns, int fd, const Place *o)
{
	if (is_bound(ns, o)) {
		if (mount_move(fd, NULL, AT_FDCWD, o->path, MoveBeneath) == 0)
			return mount_off(o->path, 0);
		if (tuck(ns->t, fd, o->m, o->path) == 0)
			return 0;
	}
	return mount_move(fd, NULL, AT_FDCWD, o->path, 0);
}

static void carries_free(Carries *cs)
{
	for (int i = 0; i < cs->n; i++) {
		if (cs->c[i].fd >= 0)
			close(cs->c[i].fd);
		free(cs->c[i].rel);
	}
	free(cs->c);
}

/* shows says whether directory p has the first element of rel. */
static bool shows(const Place *p, const char *rel)
{
	autofree char *first = mem_strn(rel, strcspn(rel, "/"));
	Finfo fi;

	return at_stat(p->fd, first, &fi) == 0;
}

static bool carried(const Carries *cs, const char *rel)
{
	for (int i = 0; i < cs->n; i++)
		if (strcmp(cs->c[i].rel, rel) == 0)
			return true;
	return false;
}

/* machinery says whether a mount at the root is the node's own machinery, that every root needs. */
static bool machinery(const char *rel)
{
	return *rel == '#' || *rel == '.';
}

/*
 * gather adds what is mounted below p, but for names that over shows (it comes first in the union): as copies, or
 * with move as the mounts themselves.
 */
static int gather(Carries *cs, const Ns *ns, const Place *p, const Place *over, bool move)
{
	for (int i = 0; i < ns->t->n; i++) {
		const Mount *m = &ns->t->m[i];
		const char *rel = m->parent == p->m->id ? mtab_below(p->path, m->point) : NULL;
		int fd;

		if (rel == NULL || *rel == '\0' || carried(cs, rel) || !mtab_entered(ns->t, m))
			continue;
		if (over != NULL && shows(over, rel) && !machinery(rel))
			continue;
		if (cs->n == MAXCARRY)
			return werrstr("%s: too many mounts below", p->path);
		fd = mount_tree(AT_FDCWD, m->point, move ? 0 : TreeClone | TreeRecursive);
		if (fd < 0)
			return -1;
		cs->c = mem_grow(cs->c, (size_t)cs->n + 1, sizeof *cs->c);
		cs->c[cs->n++] = (Carry){ fd, mem_str(rel) };
	}
	return 0;
}

/* load puts the gathered mounts onto the mount root, where it has the directories for them. */
static void load(const Carries *cs, int root)
{
	for (int i = 0; i < cs->n; i++)
		if (mount_move(cs->c[i].fd, NULL, root, cs->c[i].rel, 0) < 0)
			errset(Enone); /* the union shows something else there */
}

/* new_root makes mount root the root of the name space. */
static int new_root(int root, const Carries *cs)
{
	if (mount_move(root, NULL, AT_FDCWD, "/", 0) < 0)
		return -1;
	load(cs, root);
	return mount_pivotfd(root);
}

static int put_object(const Ns *ns, const char *id, const Place *o, const Carries *cs)
{
	autofree char *path = mem_printf(OBJECTS "%s", id), *stage = tuck_stage(0);
	autofd int root = mount_tree(AT_FDCWD, path, TreeClone);

	if (root < 0)
		return -1;
	if (strcmp(o->path, "/") == 0)
		return new_root(root, cs);
	if (cs->n == 0)
		return attach(ns, root, o);
	if (mount_move(root, NULL, AT_FDCWD, stage, 0) < 0)
		return -1;
	load(cs, root);
	if (attach(ns, root, o) == 0)
		return 0;
	(void)!mount_off(stage, 0);
	return -1;
}

static void member(Buf *b, const char *flags, const char *kind, const char *what, const char *name)
{
	buf_printf(b, "m %s %s ", *flags != '\0' ? flags : "-", kind);
	str_quote(b, what);
	buf_ch(b, ' ');
	str_quote(b, name);
	buf_ch(b, '\n');
}

/* native adds the directory p as a copy of its mount, *fd, without the mounts below it. */
static int native(Buf *b, const Place *p, const char *flags, const char *name, int *fd)
{
	char num[16];

	*fd = mount_tree(p->fd, NULL, TreeClone);
	if (*fd < 0)
		return werrstr("%s as part of a union: %s", p->typed, rerrstr());
	snprintf(num, sizeof num, "%d", *fd);
	member(b, flags, "fd", num, name);
	return 0;
}

static int describe_new(Buf *b, const Place *n, const char *flags, int *fd)
{
	if (n->inside == NULL)
		return native(b, n, flags, n->typed, fd);
	member(b, flags, "tree", n->inside, n->typed);
	return 0;
}

/* is_union says whether object id is a union in list. */
static bool is_union(const Ns *ns, const char *id)
{
	autofree char *line = mem_printf("union %s\n", id);
	const char *p = strstr(ns->list, line);

	return p != NULL && (p == ns->list || p[-1] == '\n');
}

/* mount_flags returns the flags that the mount object id was made with, owned by the caller, NULL if it is none. */
static char *mount_flags(const Ns *ns, const char *id)
{
	autofree char *line = mem_printf("mount %s ", id);
	const char *p = ns->list;

	while (p != NULL && !str_prefix(p, line)) {
		p = strchr(p, '\n');
		p = p != NULL ? p + 1 : NULL;
	}
	return p == NULL ? NULL : mem_strn(p + strlen(line), strcspn(p + strlen(line), " \n"));
}

static int describe_old(Buf *b, const Ns *ns, const Place *o, int *fd)
{
	char *flags, *name;
	const char *id = o->root ? object(o) : NULL;
	int rc = 0;

	if (id != NULL && is_union(ns, id)) {
		buf_printf(b, "m - object %s\n", id);
		return 0;
	}
	if (!bound(ns, o, &flags, &name))
		flags = mem_str("B");
	else if (flags == NULL && id != NULL)
		flags = mount_flags(ns, id);
	if (o->inside != NULL)
		member(b, flags != NULL ? flags : "", "tree", o->inside, name != NULL ? name : o->path);
	else
		rc = native(b, o, flags, name != NULL ? name : o->path, fd);
	free(flags);
	free(name);
	return rc;
}

static int bind_union(const Ns *ns, const Place *n, const Place *o, int flags)
{
	autobuf Buf b = { 0 };
	autofree char *id = NULL;
	autofd int nfd = -1, ofd = -1, hold = -1;
	bool before = flags & MBEFORE, root = strcmp(o->path, "/") == 0;
	const char *fl = flags & MCREATE ? "c" : "";
	const Place *first = before ? n : o, *second = before ? o : n;
	Carries cs = { 0 };
	int rc;

	buf_str(&b, "union\n");
	if (before && describe_new(&b, n, fl, &nfd) < 0)
		return -1;
	if (describe_old(&b, ns, o, &ofd) < 0)
		return -1;
	if (!before && describe_new(&b, n, fl, &nfd) < 0)
		return -1;
	id = ask(b.p, &hold);
	if (id == NULL)
		return -1;
	rc = gather(&cs, ns, first, NULL, root && first == o);
	if (rc == 0)
		rc = gather(&cs, ns, second, first, root && second == o);
	if (rc == 0)
		rc = put_object(ns, id, o, &cs);
	carries_free(&cs);
	return rc;
}

/* replace_root makes new's directory the root, with the node's own mounts. */
static int replace_root(const Ns *ns, int tree, const Place *n, const Place *o)
{
	Carries cs = { 0 };
	int rc = gather(&cs, ns, o, NULL, true);

	for (int i = 0; i < cs.n; i++)
		if (!machinery(cs.c[i].rel)) {
			close(cs.c[i].fd);
			cs.c[i].fd = -1;
		}
	if (rc == 0 && !shows(n, "#"))
		rc = werrstr("%s: has no directory # for the devices: it cannot be a root", n->typed);
	if (rc == 0)
		rc = new_root(tree, &cs);
	carries_free(&cs);
	return rc;
}

static int bind_plain(const Ns *ns, const Place *n, const Place *o, int flags)
{
	autofd int tree = mount_tree(n->fd, NULL, TreeClone | TreeRecursive);

	if (tree < 0)
		return -1;
	if (strcmp(o->path, "/") == 0) {
		if (replace_root(ns, tree, n, o) < 0)
			return -1;
	} else if (attach(ns, tree, o) < 0) {
		return -1;
	}
	if (object(n) == NULL)
		journal(o->path, flags, n->typed);
	return 0;
}

static int bind_places(Place *n, Place *o, int flags)
{
	Ns ns = { 0 };
	int rc = -1;

	if (at_isdir(&n->fi) != at_isdir(&o->fi) || (flags & (MBEFORE | MAFTER) && !at_isdir(&n->fi)))
		return errset(Ebadmount);
	if (ns_open(&ns) == 0 && place_find(n, &ns) == 0 && place_find(o, &ns) == 0)
		rc = flags & (MBEFORE | MAFTER) ? bind_union(&ns, n, o, flags) : bind_plain(&ns, n, o, flags);
	ns_close(&ns);
	return rc;
}

/* bind_as is bind of the thing at path, which was typed as typed. */
static int bind_as(const char *path, const char *typed, const char *old, int flags)
{
	Place n, o;
	int rc = place_open(&n, path);

	if (rc == 0 && typed != NULL) {
		free(n.typed);
		n.typed = mem_str(typed);
	}
	if (rc == 0) {
		rc = place_open(&o, old);
		if (rc == 0)
			rc = bind_places(&n, &o, flags);
		place_close(&o);
	}
	place_close(&n);
	return rc;
}

int ns_bind(const char *name, const char *old, int flags)
{
	autofree char *id = NULL, *path = NULL;
	autofd int hold = -1;

	if ((flags & (MBEFORE | MAFTER)) == (MBEFORE | MAFTER))
		return errset(Ebadarg);
	if (strcmp(name, "#|") != 0)
		return bind_as(name, NULL, old, flags);
	id = ask("pipe", &hold); /* every bind of #| is a pipe of its own */
	if (id == NULL)
		return -1;
	path = mem_printf(OBJECTS "%s", id);
	return bind_as(path, name, old, flags);
}

/* mount_cmd mounts what of kind, called name, on old; or with old NULL nowhere, and returns a descriptor of its root. */
static int mount_cmd(const char *kind, const char *what, const char *name, const char *old, int flags, const char *aname)
{
	char fl[8] = "-";
	autobuf Buf b = { 0 };
	autofree char *id = NULL, *path = NULL, *typed = typed_name(name);
	autofd int hold = -1;
	size_t n = 0;
	int rc;

	if (flags & MCREATE)
		fl[n++] = 'c';
	if (flags & MCACHE)
		fl[n++] = 'C';
	if (flags & MNONE)
		fl[n++] = 'N';
	fl[n > 0 ? n : 1] = '\0';
	buf_printf(&b, "mount %s %s ", fl, kind);
	str_quote(&b, what);
	buf_ch(&b, ' ');
	str_quote(&b, aname);
	buf_ch(&b, ' ');
	str_quote(&b, typed);
	id = ask(b.p, &hold);
	if (id == NULL)
		return -1;
	path = mem_printf(OBJECTS "%s", id);
	if (old != NULL)
		return bind_as(path, typed, old, flags);
	rc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rc < 0)
		return os_werr("%s", name);
	hold = -1; /* who holds a mount that is nowhere has its clone file open to the end */
	return rc;
}

int ns_mountfd(int fd, const char *name, const char *old, int flags, const char *aname)
{
	char num[16];

	snprintf(num, sizeof num, "%d", fd);
	return mount_cmd("fd", num, name, old, flags, aname);
}

/* fd_name returns N if name is that of this process's descriptor N, else -1. */
static int fd_name(const char *name)
{
	static const char *const dirs[] = { "/fd/", "/dev/fd/", "#d/", MTAB_DEVS "/d/", "/proc/self/fd/" };
	u64 fd;

	for (size_t i = 0; i < nelem(dirs); i++)
		if (str_prefix(name, dirs[i]) && str_u64(name + strlen(dirs[i]), 10, INT32_MAX, &fd) == 0)
			return (int)fd;
	return -1;
}

/* mount_open mounts what descriptor fd is, which may be an open file of /srv. */
static int mount_open(int fd, const char *srv, const char *old, int flags, const char *aname)
{
	autofree char *file = NULL;
	char link[32];

	if (at_isfuse(fd)) {
		snprintf(link, sizeof link, "fd/%d", fd);
		file = proc_link(0, link);
		if (file != NULL && fd_name(file) < 0)
			return ns_mount(file, old, flags, aname);
	}
	return ns_mountfd(fd, srv, old, flags, aname);
}

static int mount_file(Place *p, const char *srv, const char *old, int flags, const char *aname)
{
	autofd int fd = -1;

	if (p->inside != NULL && str_prefix(p->inside, "s/"))
		return mount_cmd("tree", p->inside, srv, old, flags, aname);
	if (at_isdir(&p->fi))
		return werrstr("'%s' %s", srv, errtext(Eisdir));
	fd = open(p->path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? os_werr("%s", srv) : ns_mountfd(fd, srv, old, flags, aname);
}

/* mount_dial mounts what answers at an address; the kernel process can call there again. */
static int mount_dial(const char *addr, const char *old, int flags, const char *aname)
{
	autofree char *full = dial_addr(addr, "net", "9fs");
	autofd int fd = dial(full, 0);
	char num[16];

	if (fd < 0)
		return werrstr("%s: %s", addr, rerrstr());
	snprintf(num, sizeof num, "%d", fd);
	return mount_cmd("dial", num, addr, old, flags, aname);
}

int ns_mount(const char *srv, const char *old, int flags, const char *aname)
{
	int fd = fd_name(srv), rc;
	Ns ns = { 0 };
	Place p;

	if (fd >= 0)
		return mount_open(fd, srv, old, flags, aname);
	if (is_addr(srv))
		return mount_dial(srv, old, flags, aname);
	rc = place_open(&p, srv);
	if (rc == 0)
		rc = ns_open(&ns) < 0 ? -1 : place_find(&p, &ns);
	if (rc == 0)
		rc = mount_file(&p, srv, old, flags, aname);
	ns_close(&ns);
	place_close(&p);
	return rc;
}

int ns_mountdir(const char *srv, const char *aname)
{
	return ns_mount(srv, NULL, 0, aname);
}

/* off takes off what binds have put at o, one on top of the other. */
static int off(const Place *o)
{
	Ns ns = { 0 };
	const Mount *m;
	char *flags, *name;
	bool more;

	if (strcmp(o->path, "/") == 0)
		return werrstr("/: only a directory that was bound there can be taken out of the root");
	do {
		if (mount_off(o->path, 0) < 0)
			return -1;
		if (ns_open(&ns) < 0)
			return -1;
		flags = name = NULL;
		m = mtab_at(ns.t, o->path);
		more = m != NULL && strcmp(m->point, o->path) == 0 &&
		       (mtab_ours(ns.t, m) || mtab_typed(ns.t, m, ns.list, geteuid(), &flags, &name));
		free(flags);
		free(name);
		ns_close(&ns);
	} while (more);
	return 0;
}

/* without takes n out of the union that is mounted at o. */
static int without(const Ns *ns, const Place *n, const Place *o)
{
	autobuf Buf b = { 0 };
	autofree char *left = NULL;
	autofd int hold = -1;
	Carries cs = { 0 };
	int rc;

	buf_printf(&b, "without %s ", object(o));
	if (n->inside != NULL) {
		buf_str(&b, "tree ");
		str_quote(&b, n->inside);
	} else {
		buf_printf(&b, "fd %d", n->fd);
	}
	buf_ch(&b, ' ');
	str_quote(&b, o->path);
	left = ask(b.p, &hold);
	if (left == NULL)
		return -1;
	if (strcmp(left, "empty") == 0 || strcmp(left, "base") == 0)
		return off(o);
	rc = gather(&cs, ns, o, NULL, strcmp(o->path, "/") == 0);
	if (rc == 0)
		rc = put_object(ns, left, o, &cs);
	carries_free(&cs);
	return rc;
}

static bool same(const Place *n, const Place *o)
{
	if (n->inside != NULL || o->inside != NULL)
		return n->inside != NULL && o->inside != NULL && strcmp(n->inside, o->inside) == 0;
	return n->fi.dev == o->fi.dev && n->fi.ino == o->fi.ino;
}

static int unmount_place(const Place *n, Place *o)
{
	Ns ns = { 0 };
	Place np = n != NULL ? *n : (Place){ 0 };
	int rc = -1;

	if (ns_open(&ns) < 0 || place_find(o, &ns) < 0 || (n != NULL && place_find(&np, &ns) < 0))
		rc = -1;
	else if (!is_bound(&ns, o)) /* or it is Linux's: umount(8) takes that off */
		errset(Enotmounted);
	else if (n == NULL)
		rc = off(o);
	else if (object(o) != NULL)
		rc = without(&ns, &np, o);
	else
		rc = same(&np, o) ? off(o) : errset(Enotunion);
	free(n != NULL ? np.inside : NULL);
	ns_close(&ns);
	return rc;
}

int ns_unmount(const char *name, const char *old)
{
	Place n = { .fd = -1 }, o;
	int rc = place_open(&o, old);

	if (rc == 0 && name != NULL)
		rc = place_open(&n, name);
	if (rc == 0)
		rc = unmount_place(name != NULL ? &n : NULL, &o);
	place_close(&n);
	place_close(&o);
	return rc;
}

int ns_script(Buf *b, u32 pid)
{
	autofree char *list = io_slurp(AT_FDCWD, OBJECTS "list", LISTMAX, NULL);
	autofree char *cwd = NULL;
	Mounts *t = mtab_read(pid);

	if (t == NULL)
		return -1;
	mtab_script(b, t, list != NULL ? list : "", proc_uid(pid));
	mounts_free(t);
	cwd = proc_link(pid, "cwd");
	if (cwd != NULL) {
		buf_str(b, "cd ");
		str_quote(b, cwd);
		buf_ch(b, '\n');
	}
	return 0;
}
