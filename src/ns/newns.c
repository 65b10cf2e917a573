/*
 * newns: a name space is made from a file.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/mtab.h>
#include <ns/newns.h>
#include <ns/group.h>
#include <ns/ns.h>
#include <os/io.h>

enum { FILEMAX = 1 << 20, VARMAX = 1 << 20, MAXFILES = 256 };

/* what one newns or addns is at */
typedef struct Making {
	const NewNs *o;
	bool cdroot; /* a cd to a path from the root was done */
	bool fatal;  /* something was asked for that must not be passed over */
	int files;   /* that were read because another said so */
} Making;

/* one operation: the letters before its arguments */
typedef struct Op {
	char **arg;
	int n;
	int flags;
} Op;

static int lines(Making *m, const char *text);

/* variable is the first word of an environment variable. */
static char *variable(void *arg, const char *name)
{
	autofree char *path = mem_printf(MTAB_DEVS "/e/%s", name), *s = NULL;

	(void)arg;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return NULL;
	if (!ns_isnode())
		return mem_str(getenv(name));
	s = io_slurp(AT_FDCWD, path, VARMAX, NULL);
	return mem_str(s); /* as far as the first NUL */
}

static int flag(int c)
{
	switch (c) {
	case 'a':
		return MAFTER;
	case 'b':
		return MBEFORE;
	case 'c':
		return MCREATE;
	case 'C':
		return MCACHE;
	}
	return 0; /* Plan 9 passes over what it does not know */
}

static Op op_of(const NsWords *w)
{
	Op op = { 0 };
	int i = 1;

	for (; i < w->n && w->w[i][0] == '-' && w->w[i][1] != '\0'; i++) {
		if (strcmp(w->w[i], "--") == 0) {
			i++;
			break;
		}
		for (const char *s = w->w[i] + 1; *s != '\0'; s++)
			op.flags |= flag(*s);
	}
	op.arg = (char **)(uintptr_t)w->w + i;
	op.n = w->n - i;
	return op;
}

static int do_bind(Making *m, const Op *op)
{
	return op->n == 2 ? ns_bind(op->arg[0], op->arg[1], op->flags) : errset(Ebadarg);
}

static int do_mount(Making *m, const Op *op)
{
	if (op->n < 2 || op->n > 3)
		return errset(Ebadarg);
	return ns_mount(op->arg[0], op->arg[1], op->flags, op->n == 3 ? op->arg[2] : "");
}

static int do_unmount(Making *m, const Op *op)
{
	if (op->n < 1 || op->n > 2)
		return errset(Ebadarg);
	return ns_unmount(op->n == 2 ? op->arg[0] : NULL, op->arg[op->n - 1]);
}

static int do_cd(Making *m, const Op *op)
{
	if (op->n != 1)
		return errset(Ebadarg);
	if (chdir(op->arg[0]) < 0)
		return os_werr("%s", op->arg[0]);
	m->cdroot = m->cdroot || op->arg[0][0] == '/';
	return 0;
}

static int do_clear(Making *m, const Op *op)
{
	return op->n == 0 ? ns_rfork("N") : errset(Ebadarg);
}

static int do_file(Making *m, const Op *op)
{
	autofree char *path = op->n == 1 ? ns_path(op->arg[0]) : NULL, *text = NULL;

	if (path == NULL)
		return op->n == 1 ? -1 : errset(Ebadarg);
	if (m->files++ == MAXFILES) {
		m->fatal = true;
		return werrstr("more than %d files that others name", MAXFILES);
	}
	text = io_slurp(AT_FDCWD, path, FILEMAX, NULL);
	return text != NULL ? lines(m, text) : -1;
}

/* not_here: a name space that has more than its file allows would be worse than none. */
static int not_here(Making *m, const Op *op)
{
	m->fatal = true;
	return werrstr("chdev and import in a name space file: %s", errtext(Enotimpl));
}

static const struct {
	const char *name;
	int (*fn)(Making *m, const Op *op);
} ops[] = {
	{ "bind", do_bind },   { "mount", do_mount }, { "unmount", do_unmount }, { "cd", do_cd },
	{ "clear", do_clear }, { ".", do_file },      { "chdev", not_here },     { "import", not_here },
};

static int operation(Making *m, const NsWords *w)
{
	Op op = op_of(w);

	for (size_t i = 0; i < nelem(ops); i++)
		if (strcmp(ops[i].name, w->w[0]) == 0)
			return ops[i].fn(m, &op);
	return werrstr("no such operation");
}

static void say(const Making *m, const char *line, bool failed)
{
	if (m->o->debug && !failed)
		dprintf(2, "%s\n", line);
	else if (m->o->debug)
		dprintf(2, "%s: %.80s: %s\n", m->o->who, line, rerrstr());
}

/* one does a line; -1 if the whole is to fail. */
static int one(Making *m, const char *line)
{
	NsWords *w = mem_new(sizeof *w);
	int rc = nsfile_words(w, line, variable, NULL);

	if (rc == 0 && w->n > 0) {
		say(m, line, false);
		rc = operation(m, w);
	}
	free(w);
	if (rc == 0)
		return 0;
	say(m, line, true);
	return m->fatal ? -1 : 0;
}

static int lines(Making *m, const char *text)
{
	autofree char *copy = mem_str(text);
	char *save = NULL;

	for (char *s = strtok_r(copy, "\n", &save); s != NULL; s = strtok_r(NULL, "\n", &save))
		if (one(m, s) < 0)
			return -1;
	return 0;
}

static char *slurp(const char *file)
{
	autofree char *path = ns_path(file);
	char *text = path != NULL ? io_slurp(AT_FDCWD, path, FILEMAX, NULL) : NULL;
	autofree char *why = text == NULL ? mem_str(rerrstr()) : NULL;

	if (text == NULL)
		werrstr("can't open %s", why);
	return text;
}

/* user_env says who the name space is for: the file may ask. */
static int user_env(const char *user)
{
	autofree char *home = mem_printf("/usr/%s", user);

	if (group_put("user", user, strlen(user)) < 0 || group_put("home", home, strlen(home)) < 0)
		return -1;
	if (setenv("user", user, 1) < 0 || setenv("home", home, 1) < 0)
		return errset(Enomem);
	return group_sync();
}

/* arrive: the working directory is one of the new name space, whatever the file did. */
static int arrive(const Making *m)
{
	autofree char *cwd = getcwd(NULL, 0);

	if (m->cdroot || (cwd != NULL && chdir(cwd) == 0))
		return 0;
	return chdir("/") < 0 ? os_werr("/") : 0;
}

int newns_make(const NewNs *o, const char *user, const char *file)
{
	Making m = { .o = o };
	autofree char *text = slurp(file);

	if (text == NULL || ns_rfork("eN") < 0 || user_env(user) < 0 || lines(&m, text) < 0)
		return -1;
	return arrive(&m);
}

int newns_add(const NewNs *o, const char *file)
{
	Making m = { .o = o };
	autofree char *text = slurp(file);

	return text != NULL ? lines(&m, text) : -1;
}
