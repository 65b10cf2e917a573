/*
 * rc's hooks: builtins from outside, the environment group, rfork, # names.
 * Each case runs in a forked copy, whose standard output is compared.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
#include <base/buf.h>
#include <base/err.h>
#include <base/mem.h>
#include <rc/rc.h>
#include "tap.h"

static int args(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		printf("<%s>", argv[i]);
	printf("\n");
	return argc == 1 ? 7 : 0;
}

static const RcBuiltin builtins[] = { { "args", args }, { NULL, NULL } };

static int load(void (*var)(const char *name, const char *value, size_t n))
{
	var("list", "a\0b c\0", 6);
	var("blank", "\0", 1);
	var("none", "", 0);
	var("one", "unended", 7);
	var("fn#greet", "fn greet {echo hello $1}\n", 25);
	var("fn#bad", "echo never\n", 11);
	return 0;
}

static int put(const char *name, const char *value, size_t n)
{
	if (name[0] != 'T' && strcmp(name, "one") != 0) /* the rest is rc's own business */
		return 0;
	printf("put %s", name);
	for (size_t i = 0; i < n; i++)
		putchar(value[i] != '\0' ? value[i] : ',');
	printf("\n");
	fflush(stdout);
	return 0;
}

static int dropped(const char *name)
{
	printf("remove %s\n", name);
	fflush(stdout);
	return 0;
}

static int newgroup(const char *letters)
{
	printf("rfork %s\n", letters);
	fflush(stdout);
	return strcmp(letters, "m") == 0 ? werrstr("not that") : 0;
}

static char *path(const char *name)
{
	return strcmp(name, "#x/null") == 0 ? mem_str("/dev/null") : errnull(Enodev);
}

static const RcHooks hooks = {
	.builtins = builtins,
	.env_load = load,
	.env_put = put,
	.env_remove = dropped,
	.rfork = newgroup,
	.path = path,
	.follow_mounts = true,
};

static void runs(const char *text, const char *want, int code)
{
	char *argv[] = { (char *)(uintptr_t)"rc", (char *)(uintptr_t)"-c", (char *)(uintptr_t)text, NULL };
	autobuf Buf b = { 0 };
	int fd[2], st;
	ssize_t n;
	pid_t pid;

	fflush(stdout);
	if (pipe(fd) < 0 || (pid = fork()) < 0)
		abort();
	if (pid == 0) {
		dup2(fd[1], 1);
		dup2(fd[1], 2);
		close(fd[0]);
		close(fd[1]);
		exit(rc_main(3, argv, &hooks));
	}
	close(fd[1]);
	while ((n = read(fd[0], buf_room(&b, 1024), 1024)) > 0)
		b.n += (size_t)n;
	*buf_room(&b, 0) = '\0';
	close(fd[0]);
	waitpid(pid, &st, 0);
	is_str(buf_text(&b), want, "%s", text);
	is_int(WEXITSTATUS(st), code, "its exit code");
}

static void printed(const char *text, const char *want)
{
	autofree char *s = rc_check(text, strlen(text));

	is_str(s, want, "%s printed", text);
}

/* misplaced sees that an `if not' without its if is an error wherever it is. */
static void misplaced(const char *text)
{
	autofree char *s = rc_check(text, strlen(text));

	ok(s == NULL && strstr(rerrstr(), "does not follow") != NULL, "%s: refused", text);
}

/* same sees that text is printed as it is. */
static void same(const char *text, const char *what)
{
	autofree char *s = rc_check(text, strlen(text));

	ok(s != NULL && strcmp(s, text) == 0, "%s printed as it was read", what);
}

/* manyhere prints a line with more here documents than anybody writes. */
static void manyhere(void)
{
	autobuf Buf b = { 0 };

	buf_str(&b, "a");
	for (int i = 0; i < 100; i++)
		buf_printf(&b, " <<[%d]E%d", i, i);
	buf_ch(&b, '\n');
	for (int i = 0; i < 100; i++)
		buf_printf(&b, "text %d\nE%d\n", i, i);
	memmove(strstr(buf_text(&b), "[0]"), strstr(buf_text(&b), "[0]") + 3, strlen(strstr(buf_text(&b), "[0]") + 3) + 1);
	same(buf_text(&b), "a hundred here documents");
}

/* nested sees that what may be read may be read again after it was printed. */
static void nested(void)
{
	autobuf Buf b = { 0 };
	autofree char *s = NULL;

	for (int i = 0; i < 390; i++)
		buf_str(&b, i % 2 ? "a|! " : "x=y ");
	buf_str(&b, "b\n");
	s = rc_check(buf_text(&b), strlen(buf_text(&b)));
	ok(s != NULL, "deep nesting is read");
	if (s != NULL)
		same(s, "deep nesting");
}

int main(void)
{
	setenv("PATH", "/usr/bin:/bin", 1);
	runs("args a 'b c' || echo failed; args >/dev/null || echo $status", "<args><a><b c>\n7\n", 0);
	runs("{args x} >/dev/null; args y | cat; whatis args", "<args><y>\nbuiltin args\n", 0);
	runs("x=`{args z}; echo $x; builtin args w", "<args><z>\n<args><w>\n", 0);
	runs("echo $#list $list(2) $#blank $#none $#one $one", "2 b c 1 0 1 unended\n", 0);
	runs("greet you", "hello you\n", 0);
	runs("bad; echo not reached", "rc -c:1: the environment's fn#bad is no function\n", 1);
	runs("T=(1 2); T2=x true; T=3", "put T1,2,\nput T2x,\nput T2\nput T3,\n", 0);
	runs("one=two; T=1 /bin/true", "put onetwo,\nput T1,\n", 0);
	runs("fn greet; true", "remove fn#greet\n", 0);
	runs("rfork en && echo good; rfork m || echo $status", "rfork en\ngood\nrfork m\nrfork: not that\nrfork failed\n", 0);
	runs("echo lost >'#x/null'; cat <'#x/null'; cat <'#y'", "rc -c:1: #y: unknown device in # filename\n", 1);
	runs("cd '#y' || echo no", "Can't cd #y: unknown device in # filename\nno\n", 0);
	printed("if(a b)c;for(i)x=$i^y d", "if(a b)c\nfor(i)x=$i^y d\n");
	printed("a|[2=3]b >[2=1] <<E\ntext\nE\n", "a |[2=3] b >[2=1] <<E\ntext\nE\n");
	printed("switch $x {\ncase a;b}", "switch $x{\n\tcase a\n\tb\n}\n");
	printed("a|! b|if(c)d&&e", "a | ! b | if(c)d && e\n");
	printed("if(a)b\nif not if not if(c)d\nif not e", "if(a)b\nif not if not if(c)d\nif not e\n");
	ok(rc_check("a '", 3) == NULL, "an open quote");
	is_str(rerrstr(), "text:1: at the end: the quote of line 1 is not closed", "and what is said of it");
	misplaced("if not a");
	misplaced("if(a)b\nc && if not d");
	misplaced("if(a)b\nc | if not d");
	misplaced("if(a)b\n! if not d");
	misplaced("if(a)b\nx=y if not d");
	misplaced("if(a)b\n{if not d}");
	misplaced("if(a) if not b");
	misplaced("if(a)b\nfor(i in x) if not d");
	manyhere();
	nested();
	return done();
}
