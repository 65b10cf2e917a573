#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/io.h>
#include <os/keys.h>
#include "sh.h"

static Flow usage(const char *s)
{
	return sh_fail("usage: %s", s);
}

/* chdir_to enters dir, given as rc names it. */
static int chdir_to(const char *dir)
{
	char *path = sh_path(dir);

	if (path == NULL)
		return -1;
	return chdir(path) < 0 ? os_err() : 0;
}

/* pwd keeps $PWD, if there is one, true for Linux programs. */
static void pwd(void)
{
	Var *v = var_find("PWD");
	char *s;

	if (v == NULL || v->val == NULL)
		return;
	s = getcwd(NULL, 0);
	if (s != NULL)
		var_set(v, value_new(&s, 1));
	free(s);
}

static Flow cd_home(void)
{
	const Value *home = var_value(var_get("home"));

	if (home == NULL) {
		sh_err("Can't cd -- $home empty");
	} else if (chdir_to(home->v[0]) < 0) {
		sh_err("Can't cd %s: %s", home->v[0], rerrstr());
	} else {
		status_set("");
		pwd();
	}
	return Go;
}

static Flow cd(int argc, int at, int fl)
{
	char *dir = argc == 2 ? sh.word[at + 1] : NULL;
	int c;

	status_set("can't cd");
	if (argc > 2)
		sh_err("Usage: cd [directory]");
	if (argc != 2)
		return argc == 1 ? cd_home() : Go;
	for (c = cand_push(dir, var_find("cdpath")); sh.word[c] != NULL; c++)
		if (chdir_to(sh.word[c]) == 0)
			break;
	if (sh.word[c] == NULL) {
		sh_err("Can't cd %s: %s", dir, rerrstr());
		return Go;
	}
	if (strcmp(sh.word[c], dir) != 0 && !str_prefix(sh.word[c], "./"))
		sh_err("%s", sh.word[c]);
	status_set("");
	pwd();
	return Go;
}

static Flow eval(int argc, int at, int fl)
{
	autofree char *text = NULL, *file = NULL;

	if (argc == 1)
		return usage("eval command ...");
	text = mem_str(word_joined(at + 1, " "));
	file = strcmp(sh.unit->file, "rcmain") == 0 ? mem_str("rc -c") :
						      mem_printf("%s:%d *eval*", sh.unit->file, sh.line);
	return interp_text(text, file, fl & ~Cond);
}

static Flow exec(int argc, int at, int fl)
{
	if (argc == 1)
		return sh_fail("exec: empty argument list");
	exec_words(at + 1);
	return Quit;
}

static Flow exit_(int argc, int at, int fl)
{
	if (argc > 2)
		sh_err("Usage: exit [status]\nExiting anyway");
	if (argc > 1)
		status_set(sh.word[at + 1]);
	return Quit;
}

static Flow shift(int argc, int at, int fl)
{
	Value *star = var_value(sh.star);
	int n = 1, have = star != NULL ? star->n : 0;

	if (argc > 2) {
		status_set("shift usage");
		sh_err("Usage: shift [n]");
		return Go;
	}
	if (argc == 2)
		n = atoi(sh.word[at + 1]);
	if (n > have)
		n = have;
	if (n > 0)
		var_set(sh.star, value_part(star, n, have - n));
	status_set("");
	return Go;
}

static Flow wait_(int argc, int at, int fl)
{
	if (argc > 2)
		return usage("wait [pid]");
	return job_wait(argc == 2 ? atoi(sh.word[at + 1]) : -1, true);
}

static Flow flag(int argc, int at, int fl)
{
	const char *f = argc > 1 ? sh.word[at + 1] : "", *how = argc > 2 ? sh.word[at + 2] : "";

	if (argc == 2) { /* of more letters the first counts, as in Plan 9 */
		status_set((u8)f[0] < nelem(sh.flag) && sh.flag[(u8)f[0]] ? "" : "flag not set");
		return Go;
	}
	if (argc != 3 || f[0] == '\0' || (u8)f[0] >= nelem(sh.flag) || f[1] != '\0' ||
	    (strcmp(how, "+") != 0 && strcmp(how, "-") != 0))
		return usage("flag letter [+-]");
	sh.flag[(u8)f[0]] = how[0] == '+';
	status_set("");
	return Go;
}

static Flow builtin(int argc, int at, int fl)
{
	Var *v;

	if (argc == 1)
		return sh_fail("builtin: empty argument list");
	v = var_find(sh.word[at + 1]);
	if (v != NULL && v->hook != NULL)
		return builtin_hook(v->hook, argc - 1, at + 1);
	if (v != NULL && v->builtin != NULL)
		return v->builtin->fn(argc - 1, at + 1, fl);
	return program(at + 1, fl);
}

static Flow finit(int argc, int at, int fl)
{
	return Go; /* functions were read with the rest of the environment */
}

/* ---- rfork ---- */

/* rfork_linux does what Linux has by itself. */
static int rfork_linux(const char *s)
{
	for (; *s != '\0'; s++)
		switch (*s) {
		case 'n':
			if (child_newns() < 0)
				return -1;
			break;
		case 'e':
		case 'E':
			break; /* every process has its own */
		case 's':
			child_group();
			break;
		case 'f':
			break;
		case 'F':
			child_closefrom(3);
			break;
		default:
			return werrstr("'%c' is possible only in a node", *s);
		}
	return 0;
}

static Flow rfork(int argc, int at, int fl)
{
	const char *s = argc == 2 ? sh.word[at + 1] : "ens";
	bool front;
	int r;

	if (argc > 2 || s[strspn(s, "nNeEsfFmcCV")] != '\0') {
		sh_err("Usage: rfork [nNeEsfFm]");
		status_set("rfork usage");
		return Go;
	}
	env_update();
	front = strchr(s, 's') != NULL && keys_isfront(0);
	r = sh.hooks->rfork != NULL ? sh.hooks->rfork(s) : rfork_linux(s);
	if (front) /* the new group goes on using the terminal */
		keys_front(0);
	if (r < 0) {
		sh_err("rfork: %s", rerrstr());
		status_set("rfork failed");
		return Go;
	}
	if (strchr(s, 'E') != NULL)
		env_clear();
	if (strchr(s, 'F') != NULL)
		sh.nstep = 0;
	sh_followstop();
	status_set("");
	return Go;
}

/* ---- . ---- */

static bool inmain(void)
{
	return strcmp(sh.unit->file, "rcmain") == 0;
}

/* dotopen finds file by $path, then here: a descriptor, and its name in sh.word[*name]; -1. */
static int dotopen(const char *file, int *name)
{
	int fd = errset(Enonexist);

	/* Plan 9's path has the current directory in it, Linux's has not: rc's own file is looked for there first */
	*name = sh.nword;
	if (inmain())
		push((char *)(uintptr_t)file);
	(void)cand_push(file, sh.path);
	sh.word[sh.nword - 1] = (char *)(uintptr_t)file;
	push(NULL);
	for (; sh.word[*name] != NULL; ++*name) {
		if (child_isdir(sh.word[*name])) {
			errset(Eisdir);
			continue;
		}
		fd = sh_open(sh.word[*name], O_RDONLY);
		if (fd >= 0)
			break;
	}
	return fd;
}

static Flow dot(int argc, int at, int fl)
{
	bool b = false, i = false, q = false;
	int mark = local_mark(), end = at + argc, fd, name, aside;
	autofree char *file = NULL;
	Flow f;

	for (at++; at < end && sh.word[at][0] == '-' && sh.word[at][1] != '\0'; at++) {
		const char *s = sh.word[at] + 1;

		if (strcmp(s, "-") == 0) {
			at++;
			break;
		}
		if (s[strspn(s, "biq")] != '\0')
			return usage(". [-biq] file [arg ...]");
		b |= strchr(s, 'b') != NULL;
		i |= strchr(s, 'i') != NULL;
		q |= strchr(s, 'q') != NULL;
	}
	if (at >= end)
		return usage(". [-biq] file [arg ...]");
	fd = dotopen(sh.word[at], &name);
	if (fd < 0)
		return q ? Go : sh_failed(sh.word[at]);
	file = mem_str(sh.word[name]);
	aside = local_aside();
	local_push(var_get("0"), value_new(sh.word + at, 1));
	local_push(sh.star, value_new(sh.word + at + 1, end - at - 1));
	fl = q ? fl | Cond : fl & ~Cond;
	f = interp_fd(fd, i && str_suffix(file, "fd/0") ? "rc" : file, i, b || sh.flag['b'], q, fl);
	local_pop(mark);
	local_back(aside);
	return f;
}

/* ---- whatis ---- */

static bool whatis_value(Buf *b, const Var *v, const Value *val)
{
	if (val == NULL)
		return false;
	word_quote(b, v->name);
	buf_str(b, val->n == 1 ? "=" : "=(");
	for (int i = 0; i < val->n; i++) {
		if (i > 0)
			buf_ch(b, ' ');
		word_quote(b, val->v[i]);
	}
	buf_str(b, val->n == 1 ? "\n" : ")\n");
	return true;
}

static bool whatis_program(Buf *b, const char *name)
{
	Frame fr = frame_enter();
	bool found = false;

	for (int c = cand_push(name, sh.path); sh.word[c] != NULL && !found; c++)
		if (child_isprog(sh.word[c])) {
			buf_printf(b, "%s\n", sh.word[c]);
			found = true;
		}
	frame_leave(fr);
	return found;
}

static Flow whatis(int argc, int at, int fl)
{
	autobuf Buf b = { 0 };

	if (argc == 1)
		return usage("whatis name ...");
	status_set("");
	for (int i = 1; i < argc; i++) {
		const char *name = sh.word[at + i];
		Var *v = var_find(name);
		bool found = v != NULL && whatis_value(&b, v, var_value(v));

		if (v != NULL && v->fn != NULL)
			buf_str(&b, v->fn->text);
		else if (v != NULL && (v->builtin != NULL || v->hook != NULL))
			buf_printf(&b, "builtin %s\n", name);
		else if (!whatis_program(&b, name) && !found) {
			sh_err("%s: not found", name);
			status_set("not found");
		}
	}
	sh_say(1, &b);
	return Go;
}

/* ---- those of hooks ---- */

Flow builtin_hook(const RcBuiltin *h, int argc, int at)
{
	char num[16] = "";
	Saved *s;
	int r;

	env_update();
	for (int i = at; i < at + argc; i++) /* it may write to them */
		sh.word[i] = region_strn(&sh.tmp, sh.word[i], strlen(sh.word[i]));
	push(NULL);
	s = step_apply();
	r = h->fn(argc, sh.word + at);
	fflush(stdout);
	step_undo(s);
	if (r != 0)
		snprintf(num, sizeof num, "%d", r);
	status_set(num);
	return Go;
}

const Builtin builtins[] = {
	{ ".", dot },       { "builtin", builtin }, { "cd", cd },       { "eval", eval }, { "exec", exec },
	{ "exit", exit_ },  { "finit", finit },     { "flag", flag },   { "rfork", rfork }, { "shift", shift },
	{ "wait", wait_ },  { "whatis", whatis },   { NULL, NULL },
};
