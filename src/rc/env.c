/*
 * The environment.  Linux programs get environ: a list is its elements
 * joined by \001 (as plan9port's rc does it), a function f is fn#f; what only
 * rc understands stays away.  $path and $PATH (with colons), $home and $HOME
 * always say the same: setting one sets the other.
 * In a node there is also the environment group, by hooks: read once at the
 * start, and told of every change before the next program is started.
 */
#include <stdlib.h>
#include <string.h>
#include <base/buf.h>
#include <base/mem.h>
#include <base/str.h>
#include "sh.h"

enum { SEP = '\001' };

extern char **environ;

static char **list; /* for execve; stale if dirty */
static int nlist, listcap;
static bool dirty = true;

static Var **changed;
static int nchanged, changedcap;
static bool loading, mirroring;

/* pushlist pushes the parts of s[0..n); in a path an empty one is the current directory. */
static void pushlist(const char *s, size_t n, int sep)
{
	const char *e = s + n, *q;

	for (;; s = q + 1) {
		q = memchr(s, sep, (size_t)(e - s));
		if (q == NULL)
			q = e;
		if (q == s && sep == ':')
			pushn(".", 1);
		else
			pushn(s, (size_t)(q - s));
		if (q == e)
			break;
	}
}

/* what rc keeps from Linux programs, and from the group too */
static const struct {
	const char *name;
	bool own;
} kept[] = {
	{ "*", true }, { "0", true }, { "status", true }, { "pid", true }, { "apid", true }, { "cflag", true },
	{ "rcname", true }, { "prompt", false }, { "ifs", false }, { "path", false }, { "home", false },
};

/* mirror gives PATH the elements of path, and path the parts of PATH; home and HOME are equal. */
static void mirror(Var *v)
{
	Frame f = frame_enter();
	bool path = v == sh.path || v->mirror == sh.path;
	Value *val;

	mirroring = true;
	if (v->val == NULL) {
		val = NULL;
	} else if (v == sh.path) {
		for (int i = 0; i < v->val->n; i++)
			push(v->val->v[i]);
		sh.word[f.nword] = word_joined(f.nword, ":");
		sh.nword = f.nword + 1;
		val = value_words(f.nword);
	} else {
		pushlist(v->val->v[0], strlen(v->val->v[0]), path ? ':' : '\0');
		val = value_words(f.nword);
	}
	var_set(v->mirror, val);
	mirroring = false;
	frame_leave(f);
}

/* note enters v among what the group is to be told; mark is v's own mark of it. */
static void note(Var *v, bool *mark)
{
	bool known = v->changed || v->fnchanged;

	if (loading || sh.hooks->env_put == NULL || v->own)
		return;
	*mark = true;
	if (known)
		return;
	if (nchanged == changedcap) {
		changedcap = changedcap == 0 ? 32 : 2 * changedcap;
		changed = mem_grow(changed, (size_t)changedcap, sizeof(Var *));
	}
	changed[nchanged++] = v;
}

void env_changed(Var *v)
{
	note(v, &v->changed);
	v->gone = false;
	free(v->env);
	v->env = NULL;
	if (!v->kept)
		dirty = true;
	if (!mirroring && v->mirror != NULL)
		mirror(v);
}

void env_fnchanged(Var *v)
{
	if (note_isname(v->name)) /* what it does with notes is this rc's own affair */
		return;
	note(v, &v->fnchanged);
	dirty = true;
}

static void put(const char *name, const Value *val)
{
	autobuf Buf b = { 0 };

	for (int i = 0; val != NULL && i < val->n; i++)
		buf_add(&b, val->v[i], strlen(val->v[i]) + 1);
	if (sh.hooks->env_put(name, buf_text(&b), b.n) < 0)
		sh_failed(name);
}

static void putfn(Var *v)
{
	autofree char *name = mem_printf("fn#%s", v->name);

	if (v->fn != NULL)
		(void)!sh.hooks->env_put(name, v->fn->text, strlen(v->fn->text));
	else if (sh.hooks->env_remove != NULL)
		(void)!sh.hooks->env_remove(name);
}

void env_update(void)
{
	for (int i = 0; i < nchanged; i++) {
		Var *v = changed[i];

		if (v->fnchanged)
			putfn(v);
		if (v->changed)
			put(v->name, v->val);
		v->changed = v->fnchanged = false;
	}
	if (nchanged > 0 && sh.hooks->env_sync != NULL && sh.hooks->env_sync() < 0)
		sh_failed("environment");
	nchanged = 0;
}

/* ---- for Linux programs ---- */

static char *text(Var *v)
{
	Buf b = { 0 };

	buf_str(&b, v->name);
	for (int i = 0; i < v->val->n; i++) {
		buf_ch(&b, i == 0 ? '=' : SEP);
		buf_str(&b, v->val->v[i]);
	}
	return buf_take(&b);
}

static void add(char *s)
{
	if (nlist + 1 >= listcap) {
		listcap = listcap == 0 ? 64 : 2 * listcap;
		list = mem_grow(list, (size_t)listcap, sizeof *list);
	}
	list[nlist++] = s;
	list[nlist] = NULL;
}

static void export(Var *v, void *arg)
{
	(void)arg;
	if (v->name[0] == '\0' || strchr(v->name, '=') != NULL)
		return; /* environ has no way to say it */
	if (v->val != NULL && !v->kept && !v->gone) {
		if (v->env == NULL)
			v->env = text(v);
		add(v->env);
	}
	if (v->fn != NULL && !v->gone && !note_isname(v->name))
		add(v->fn->env);
}

/*
 * What begins with anthill_ belongs to the node, which changes it in place
 * (ns/group.h): programs are given the very strings that rc was started with.
 */
static bool isslot(const char *s)
{
	return str_prefix(s, "anthill_");
}

static void addslots(void)
{
	for (char **e = environ; e != NULL && *e != NULL; e++)
		if (isslot(*e))
			add(*e);
}

char **env_list(void)
{
	if (!dirty)
		return list;
	nlist = 0;
	if (list != NULL)
		list[0] = NULL;
	var_each(export, NULL);
	addslots();
	if (list == NULL) {
		add(NULL);
		nlist = 0;
	}
	dirty = false;
	return list;
}

static void gone(Var *v, void *arg)
{
	(void)arg;
	v->gone = true;
}

void env_clear(void)
{
	var_each(gone, NULL);
	dirty = true;
}

/* ---- at the start ---- */

static void loadfn(const char *name, const char *s)
{
	if (*s != '\0' && *name != '\0')
		fn_set(var_get(name), fn_new(name, s));
}

static void loadlist(const char *name, const char *s, size_t n, int sep)
{
	Frame f = frame_enter();

	pushlist(s, n, sep);
	var_set(var_get(name), value_words(f.nword));
	frame_leave(f);
}

static void loadenviron(const char *s)
{
	const char *eq = strchr(s, '=');
	autofree char *name = eq != NULL && eq > s ? mem_strn(s, (size_t)(eq - s)) : NULL;

	if (name == NULL || isslot(s))
		return;
	s = eq + 1;
	if (str_prefix(name, "fn#"))
		loadfn(name + 3, s);
	else if (strcmp(name, "path") != 0 && strcmp(name, "home") != 0) /* some other rc's, older than PATH */
		loadlist(name, s, strlen(s), SEP);
}

static void loadgroup(const char *name, const char *s, size_t n)
{
	autofree char *copy = NULL;

	if (str_prefix(name, "fn#")) {
		copy = mem_strn(s, n);
		loadfn(name + 3, copy);
		return;
	}
	if (n == 0)
		return;
	if (s[n - 1] == '\0')
		n--;
	loadlist(name, s, n, '\0');
}

static void mirrors(const char *rc, const char *linux_)
{
	Var *a = var_get(rc), *b = var_get(linux_);

	a->mirror = b;
	b->mirror = a;
	b->own = true;
}

void env_start(void)
{
	for (size_t i = 0; i < nelem(kept); i++) {
		Var *v = var_get(kept[i].name);

		v->kept = true;
		v->own = kept[i].own;
	}
	if (sh.hooks->defpath == NULL)
		mirrors("path", "PATH");
	mirrors("home", "HOME");
	loading = true;
	for (char **e = environ; e != NULL && *e != NULL; e++)
		loadenviron(*e);
	if (sh.hooks->env_load != NULL && sh.hooks->env_load(loadgroup) < 0)
		sh_failed("environment");
	if (sh.hooks->defpath != NULL && var_get("path")->val == NULL)
		loadlist("path", sh.hooks->defpath, strlen(sh.hooks->defpath), ':');
	loading = false;
}
