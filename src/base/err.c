#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/utf.h>

static const struct {
	const char *text;
	int no;
} table[NERR] = {
#define X(name, text, no) [name] = { text, no },
	ERRTABLE(X)
#undef X
};

/* what other systems' servers say for the same thing */
static const struct {
	const char *text;
	Err e;
} alias[] = {
	{ "does not exist", Enonexist },
	{ "entry not found", Enonexist },
	{ "not found", Enonexist },
	{ "No such file", Enonexist },
	{ "already exists", Eexist },
	{ "File exists", Eexist },
	{ "ermission denied", Eperm },
	{ "prohibited", Eperm },
	{ "not empty", Enotempty },
	{ "file is locked", Elocked },
	{ "file in use", Einuse },
	{ "not a directory", Enotdir },
	{ "is a directory", Eisdir },
	{ "read only", Erdonly },
	{ "read-only", Erdonly },
	{ "no space", Enospace },
	{ "is full", Enospace },
	{ "may have no more", Enospace },
	{ "hungup", Ehungup },
	{ "timed out", Etimedout },
};

/*
 * Thread-local memory is kept small: what does not fit in musl's own 128 bytes costs every exec an mmap.  The
 * first thread that fails has the static buffer, the others one that goes with them.
 */
static _Thread_local char *errstr;
static char first[ERRMAX];
static atomic_bool taken;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void makekey(void)
{
	if (pthread_key_create(&key, free) != 0)
		abort();
}

static char *buffer(void)
{
	if (errstr == NULL && !atomic_exchange(&taken, true))
		errstr = first;
	if (errstr == NULL) {
		pthread_once(&once, makekey);
		errstr = calloc(1, ERRMAX);
		if (errstr == NULL || pthread_setspecific(key, errstr) != 0)
			abort();
	}
	return errstr;
}

/* cutrune shortens s[n] so that it does not end inside a rune. */
static void cutrune(char *s, size_t n)
{
	while (n > 0 && ((u8)s[n - 1] & 0xC0) == 0x80)
		n--;
	if (n > 0 && (u8)s[n - 1] >= Runeself)
		n--;
	s[n] = '\0';
}

int werrstr(const char *fmt, ...)
{
	char buf[ERRMAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof buf)
		cutrune(buf, sizeof buf - 1);
	memcpy(buffer(), buf, sizeof buf);
	return -1;
}

int errset(Err e)
{
	return werrstr("%s", table[e].text);
}

void *errnull(Err e)
{
	errset(e);
	return NULL;
}

const char *rerrstr(void)
{
	return errstr != NULL ? errstr : "";
}

const char *errtext(Err e)
{
	return table[e].text;
}

Err errcode(const char *s)
{
	for (Err e = Enone + 1; e < NERR; e++)
		if (strcmp(s, table[e].text) == 0)
			return e;
	for (Err e = Enone + 1; e < NERR; e++)
		if (strstr(s, table[e].text) != NULL)
			return e;
	for (size_t i = 0; i < nelem(alias); i++)
		if (strstr(s, alias[i].text) != NULL)
			return alias[i].e;
	return NERR;
}

int err_errno(const char *s)
{
	Err e = errcode(s);

	return e == NERR ? EIO : table[e].no;
}

Err err_fromerrno(int no)
{
	for (Err e = Enone + 1; e < NERR; e++)
		if (table[e].no == no)
			return e;
	return no == EPERM ? Enotowner : no == ENOTCONN || no == ECONNRESET || no == ECONNABORTED ? Ehungup : Eio;
}
