/*
 * A mount table as Linux shows it is a tree of mounts, in which later ones
 * may hide earlier ones.  Paths are resolved in it from the root down: at
 * each mount, the child mounted on the shortest prefix of the path is
 * entered, as a look-up would.  What is mounted on top of the root is not
 * seen by look-ups, which start below it.
 */
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/mtab.h>
#include <os/procinfo.h>

/* plain_root makes one of the two names that a file of /# has: the names in MTAB_NARROW are those in /#. */
static void plain_root(Mount *m)
{
	const char *rest = strcmp(m->source, "#") == 0 ? mtab_below("/" MTAB_NARROW, m->root) : NULL;

	if (rest != NULL)
		m->root = *rest != '\0' ? rest - 1 : "/";
}

Mounts *mtab_read(u32 pid)
{
	autofree char *text = proc_slurp(pid, "mountinfo", NULL);

	Mounts *t = text != NULL ? mounts_parse(text) : NULL;

	for (int i = 0; t != NULL && i < t->n; i++)
		plain_root(&t->m[i]);
	return t;
}

bool mtab_narrow(u32 pid)
{
	autofree char *text = proc_slurp(pid, "mountinfo", NULL);
	Mounts *t = text != NULL ? mounts_parse(text) : NULL;
	const Mount *m = t != NULL ? mtab_at(t, MTAB_DEVS) : NULL;
	bool yes = m == NULL || (strcmp(m->point, MTAB_DEVS) == 0 && strcmp(m->root, "/" MTAB_NARROW) == 0);

	mounts_free(t);
	return yes;
}

const char *mtab_below(const char *dir, const char *path)
{
	size_t n = strlen(dir);

	if (strcmp(dir, "/") == 0)
		return path + 1;
	if (strncmp(dir, path, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return NULL;
	return path[n] == '/' ? path + n + 1 : path + n;
}

const Mount *mtab_byid(const Mounts *t, int id)
{
	for (int i = 0; i < t->n; i++)
		if (t->m[i].id == id)
			return &t->m[i];
	return NULL;
}

static const Mount *root_of(const Mounts *t)
{
	for (int i = 0; i < t->n; i++)
		if (strcmp(t->m[i].point, "/") == 0 && mtab_byid(t, t->m[i].parent) == NULL)
			return &t->m[i];
	return NULL;
}

/* child returns the mount on m that a look-up of path enters next. */
static const Mount *child(const Mounts *t, const Mount *m, const char *path)
{
	const Mount *best = NULL;

	for (int i = 0; i < t->n; i++) {
		const Mount *c = &t->m[i];

		if (c->parent != m->id || c == m || strcmp(c->point, "/") == 0 || mtab_below(c->point, path) == NULL)
			continue;
		if (best == NULL || strlen(c->point) < strlen(best->point))
			best = c;
	}
	return best;
}

const Mount *mtab_at(const Mounts *t, const char *path)
{
	const Mount *m = root_of(t), *c;

	while (m != NULL && (c = child(t, m, path)) != NULL)
		m = c;
	return m;
}

bool mtab_visible(const Mounts *t, const Mount *m)
{
	return mtab_at(t, m->point) == m;
}

bool mtab_entered(const Mounts *t, const Mount *m)
{
	const Mount *at = mtab_at(t, m->point);

	while (at != NULL && at != m && strcmp(at->point, m->point) == 0)
		at = mtab_byid(t, at->parent);
	return at == m;
}

bool mtab_ours(const Mounts *t, const Mount *m)
{
	const Mount *d = mtab_at(t, MTAB_DEVS);

	return d != NULL && strcmp(d->point, MTAB_DEVS) == 0 && m->major == d->major && m->minor == d->minor;
}

char *mtab_inside(const Mount *m, const char *path)
{
	const char *rest = mtab_below(m->point, path);

	return path_clean(mem_printf("%s/%s", m->root, rest != NULL ? rest : ""));
}
